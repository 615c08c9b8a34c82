"""The commands of aurora-reference-log on a log in ZooKeeper."""

from argparse import Namespace

from aurora_admin.scheduler.logtool import output
from aurora_admin.scheduler.logtool.records import show_records, summary
from aurora_admin.scheduler.storage.engine import FORMAT
from aurora_admin.scheduler.storage.zookeeper import admin
from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation


def location_of(arguments: Namespace) -> LogLocation:
    """Return where the log is that the arguments name."""
    return LogLocation(arguments.zk, arguments.group, arguments.credentials)


def initialize(arguments: Namespace) -> int:
    """Create an empty log."""
    location = location_of(arguments)
    log_id = admin.initialize(location, arguments.cluster)
    output.show(f"Initialised an empty log with id {log_id} in {location}")
    return 0


def status(arguments: Namespace) -> int:
    """Print what the log is, which scheduler holds it, and how much is in it."""
    with admin.open_nodes(location_of(arguments)) as nodes:
        nodes.check_root()
        log = nodes.format()
        owner, _ = nodes.owner()
        begin, last = nodes.begin(), nodes.last()
        output.show_facts(
            {
                "log id": log.log_id,
                "format": FORMAT,
                "cluster": log.cluster or owner.cluster,
                "created": f"{log.created} by {log.tool}",
                "epoch": owner.epoch,
                "taken over": owner.time and f"{owner.time} by {owner.host}",
                "leader": nodes.leader() or "none",
                "begin": begin,
                "last": last,
                **summary(nodes.records(begin, last)),
            }
        )
    return 0


def read(arguments: Namespace) -> int:
    """Print one line for each record between two positions."""
    with admin.open_nodes(location_of(arguments)) as nodes:
        nodes.check_root()
        nodes.format()
        begin, last = nodes.begin(), nodes.last()
        first = begin if arguments.first is None else max(begin, arguments.first)
        end = last if arguments.last is None else min(last, arguments.last)
        show_records(nodes.records(first, end))
    return 0


def wipe(arguments: Namespace) -> int:
    """Delete the log after a confirmation that shows how much is in it; also one whose wipe was interrupted."""
    location = location_of(arguments)
    with admin.open_nodes(location) as nodes:
        nodes.check_root()
        if not nodes.segments():
            nodes.format()
        admin.check_not_held(nodes)
        count = sum(len(nodes.positions(segment)) for segment in nodes.segments())
        text = f"The log {location} with {count} records will be deleted."
        if not output.confirmed(text, assume_yes=arguments.yes):
            return 1
        admin.wipe(nodes)
    output.show(f"Deleted the log {location}")
    return 0
