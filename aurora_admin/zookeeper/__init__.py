"""What the client and the scheduler share about ZooKeeper: addresses, the server set, connections."""
