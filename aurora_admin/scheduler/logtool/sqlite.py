"""What aurora-reference-log does with a log in a folder."""

import os
import sys
from argparse import Namespace
from contextlib import closing

from aurora_admin.scheduler.logtool import output
from aurora_admin.scheduler.storage import sqlite
from aurora_admin.scheduler.storage.sqlite import SqliteLog


def initialize(arguments: Namespace) -> int:
    log_id = sqlite.initialize(arguments.path)
    sys.stdout.write(f"Initialised an empty log with id {log_id} in {arguments.path}\n")
    return 0


def status(arguments: Namespace) -> int:
    with closing(SqliteLog(arguments.path)) as log:
        output.show_facts(log.facts())
    return 0


def read(arguments: Namespace) -> int:
    with closing(SqliteLog(arguments.path)) as log:
        output.show_records(log.read_all(), arguments.first, arguments.last)
    return 0


def wipe(arguments: Namespace) -> int:
    """Delete the log, once the user has seen what is in it."""
    path = os.path.join(arguments.path, sqlite.FILE)
    with closing(SqliteLog(arguments.path)) as log:
        facts = log.facts()
    what = f"The log {facts['log id']} in {path}, {facts['records']} records in {facts['bytes']} bytes"
    if not output.confirmed(f"{what}, will be deleted.", asked=arguments.yes):
        return 1
    sqlite.wipe(arguments.path)
    sys.stdout.write(f"Deleted the log {facts['log id']} in {arguments.path}\n")
    return 0
