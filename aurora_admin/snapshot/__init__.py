"""The format of a snapshot: its sections, its tasks, and the upgrades of records of older releases."""
