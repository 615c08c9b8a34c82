"""The client of a scheduler: finds the leader, calls it, and reads its replies."""
