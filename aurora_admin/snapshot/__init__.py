"""The format of a snapshot: sections, tasks, encoding, and upgrades of records of older releases."""
