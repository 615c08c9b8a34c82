"""Election of the leader in ZooKeeper, its advertised member node, and registration with Mesos."""
