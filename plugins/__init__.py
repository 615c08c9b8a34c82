"""The built-in plugins: one command, one file; known to the program by the entry points in setup.cfg alone."""
