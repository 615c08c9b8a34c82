"""The way to a scheduler: find the leader, call it, read what it answers."""
