"""Leader election in ZooKeeper, the advertised member node, and registration with Mesos."""
