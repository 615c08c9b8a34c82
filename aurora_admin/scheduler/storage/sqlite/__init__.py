"""The log of a single scheduler, in an SQLite file."""
