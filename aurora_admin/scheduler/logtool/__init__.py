"""aurora-reference-log: creates, shows, fills and deletes the log of a reference scheduler."""
