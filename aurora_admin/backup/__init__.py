"""A backup file as bytes: windows, index, checks; shared by offline commands and the scheduler."""
