"""Backup files: reading, index, manifest and writing; used by offline commands and the scheduler."""
