"""What the scheduler answers: one handler per Thrift call, a module per subject."""
