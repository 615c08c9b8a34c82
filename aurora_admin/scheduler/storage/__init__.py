"""The scheduler's log: engines, entries and frames, snapshots, recovery."""
