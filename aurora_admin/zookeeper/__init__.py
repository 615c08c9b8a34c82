"""What client and scheduler share about ZooKeeper: host lists, paths, the server set, connection time-outs."""
