"""The log of several schedulers: nodes in ZooKeeper, written by one at a time (docs/replicated-log.md 2.4)."""
