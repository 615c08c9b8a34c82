"""Generated backups of any size, for rehearsals, tests and benchmarks."""
