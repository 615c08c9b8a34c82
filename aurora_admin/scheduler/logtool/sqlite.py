"""The commands of aurora-reference-log on a log in a folder."""

import os
import sys
from argparse import Namespace
from contextlib import closing

from aurora_admin.scheduler.logtool import output
from aurora_admin.scheduler.logtool.records import show_records
from aurora_admin.scheduler.storage.sqlite import admin
from aurora_admin.scheduler.storage.sqlite.log import FILE, SqliteLog


def initialize(arguments: Namespace) -> int:
    """Create an empty log."""
    log_id = admin.initialize(arguments.path)
    sys.stdout.write(f"Initialised an empty log with id {log_id} in {arguments.path}\n")
    return 0


def status(arguments: Namespace) -> int:
    """Print what the log is and how much is in it."""
    with closing(SqliteLog(arguments.path)) as log:
        output.show_facts(log.facts())
    return 0


def read(arguments: Namespace) -> int:
    """Print one line for each record between two positions."""
    first = 0 if arguments.first is None else arguments.first
    with closing(SqliteLog(arguments.path)) as log:
        show_records(
            (position, record)
            for position, record in log.read_all()
            if position >= first and (arguments.last is None or position <= arguments.last)
        )
    return 0


def wipe(arguments: Namespace) -> int:
    """Delete the log after a confirmation that shows how much is in it."""
    path = os.path.join(arguments.path, FILE)
    with closing(SqliteLog(arguments.path)) as log:
        facts = log.facts()
    text = f"The log {facts['log id']} in {path}, {facts['records']} records in {facts['bytes']} bytes"
    if not output.confirmed(f"{text}, will be deleted.", assume_yes=arguments.yes):
        return 1
    admin.wipe(arguments.path)
    sys.stdout.write(f"Deleted the log {facts['log id']} in {arguments.path}\n")
    return 0
