"""aurora-reference-log: creates, shows, fills and deletes the log of a reference scheduler.

`main` has the command line. A command is the function of its name: commands that work on the files or nodes of a log
are in `sqlite` and in `zookeeper`; a command that copies a state from or to a log has a module of its own.
"""
