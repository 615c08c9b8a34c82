"""What aurora-reference-log does with a log in ZooKeeper."""

import sys
from argparse import Namespace
from collections.abc import Iterator

from aurora_admin.scheduler.logtool import output
from aurora_admin.scheduler.storage.engine import FORMAT
from aurora_admin.scheduler.storage.zookeeper import admin
from aurora_admin.scheduler.storage.zookeeper.connection import Place
from aurora_admin.scheduler.storage.zookeeper.nodes import Contents


def _place(arguments: Namespace) -> Place:
    return Place(arguments.zk, arguments.group, arguments.credentials)


def initialize(arguments: Namespace) -> int:
    place = _place(arguments)
    log_id = admin.initialize(place, arguments.cluster)
    sys.stdout.write(f"Initialised an empty log with id {log_id} in {place}\n")
    return 0


def status(arguments: Namespace) -> int:
    with admin.opened(_place(arguments)) as contents:
        contents.check_root()
        log = contents.format()
        owner, _ = contents.owner()
        sizes = [len(record) for _, record in _records(contents)]
        output.show_facts(
            {
                "log id": log.log_id,
                "format": FORMAT,
                "cluster": log.cluster or owner.cluster,
                "created": f"{log.created} by {log.tool}",
                "epoch": owner.epoch,
                "taken over": owner.time and f"{owner.time} by {owner.host}",
                "leader": contents.leader() or "nobody",
                "begin": contents.begin(),
                "last": contents.last(),
                "records": len(sizes),
                "bytes": sum(sizes),
            }
        )
    return 0


def _records(contents: Contents) -> Iterator[tuple[int, bytes]]:
    return contents.records(contents.begin(), contents.last())


def read(arguments: Namespace) -> int:
    with admin.opened(_place(arguments)) as contents:
        contents.check_root()
        contents.format()
        begin, last = contents.begin(), contents.last()
        first = begin if arguments.first is None else max(begin, arguments.first)
        until = last if arguments.last is None else min(last, arguments.last)
        output.show_records(contents.records(first, until), None, None)
    return 0


def wipe(arguments: Namespace) -> int:
    """Delete the log, once the user has seen what is in it; one that is wiped half, too."""
    place = _place(arguments)
    with admin.opened(place) as contents:
        contents.check_root()
        if not contents.segments():
            contents.format()
        admin.refuse_held(contents)
        count = sum(len(contents.positions(segment)) for segment in contents.segments())
        if not output.confirmed(f"The log {place} with {count} records will be deleted.", asked=arguments.yes):
            return 1
        admin.wipe(contents)
    sys.stdout.write(f"Deleted the log {place}\n")
    return 0
