"""The built-in plugins. Each is named by an entry point in setup.cfg, and has a module for each command."""
