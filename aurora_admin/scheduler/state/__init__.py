"""The state of the scheduler: the stores in memory, the ops that change them, and the transitions of tasks."""
