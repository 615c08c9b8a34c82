"""The commands of aurora-reference-log on a log in a folder."""

import os
from argparse import Namespace
from contextlib import closing

from aurora_admin.scheduler.logtool import output
from aurora_admin.scheduler.logtool.records import show_records, summary
from aurora_admin.scheduler.storage.engine import FORMAT
from aurora_admin.scheduler.storage.folder import lock_holder
from aurora_admin.scheduler.storage.sqlite import admin
from aurora_admin.scheduler.storage.sqlite.content import FILE
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.scheduler.storage.sqlite.reader import open_reader


def initialize(arguments: Namespace) -> int:
    """Create an empty log."""
    log_id = admin.initialize(arguments.path)
    output.show(f"Initialised an empty log with id {log_id} in {arguments.path}")
    return 0


def status(arguments: Namespace) -> int:
    """Print what the log is, which process holds it, and how much is in it."""
    with open_reader(arguments.path) as log:
        positions = log.positions()
        output.show_facts(
            {
                "log id": log.log_id,
                "format": FORMAT,
                "held by": lock_holder(arguments.path),
                "epoch": log.epoch(),
                "begin": positions and positions.start,
                "last": positions and positions.stop - 1,
                **summary(log.records()),
            }
        )
    return 0


def read(arguments: Namespace) -> int:
    """Print one line for each record between two positions."""
    first = 0 if arguments.first is None else arguments.first
    with open_reader(arguments.path) as log:
        show_records(
            (position, record)
            for position, record in log.records()
            if position >= first and (arguments.last is None or position <= arguments.last)
        )
    return 0


def wipe(arguments: Namespace) -> int:
    """Delete the log after a confirmation that shows how much is in it."""
    path = os.path.join(arguments.path, FILE)
    with closing(SqliteLog(arguments.path)) as log:
        count, size = log.size()
    text = f"The log {log.log_id} in {path}, {count} records in {size} bytes"
    if not output.confirmed(f"{text}, will be deleted.", assume_yes=arguments.yes):
        return 1
    admin.wipe(arguments.path)
    output.show(f"Deleted the log {log.log_id} in {arguments.path}")
    return 0
