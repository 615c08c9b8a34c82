"""Print what is staged on the leading scheduler: tasks, active tasks, jobs, and the newest event of a task.

The exit code is 0 whether a backup is staged or not; the row "staged" has yes or no. With --output=table, json, csv or
tsv there is one row.

The row "backup" has the name of the staged backup, since when it is staged, and the address that staged it. Only the
reference scheduler reports these.

The scheduler that replies is the leader, because the others redirect the call to it. With --bypass-leader-redirect the
scheduler that was called replies itself. It is printed as the leader only if it confirms that it leads; otherwise a
warning says what it does.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from aurora_admin.client.reply import TasksReply
    from aurora_admin.client.totals import Totals
    from aurora_admin.output import Output

EXAMPLES = """\
aurora_admin recovery_status west
aurora_admin recovery_status west --output=json
"""

COLUMNS = {
    "cluster": "the -cluster_name of the scheduler",
    "leader": "address of the leading scheduler; unknown if the scheduler that replied does not confirm that it leads",
    "staged": "whether a backup is staged; true or false in JSON",
    "tasks": "how many tasks are staged",
    "active": "how many of them are active",
    "jobs": "how many jobs they belong to",
    "newest_event": "the time of the newest event of a task, in UTC",
    "age_seconds": "the age of that event",
    "backup": "name of the staged backup, time and address of the stage; only the reference scheduler reports it",
}


def run(context: Context, args: Namespace) -> None:
    """Print the status."""
    from aurora_admin.client.totals import Totals, totals
    from aurora_admin.plugins.backup.staged import NOTHING_STAGED

    scheduler = context.scheduler(args.cluster)
    reply = scheduler.query_recovery(None)
    if not reply.ok and NOTHING_STAGED not in reply.message:
        context.check(reply)
    found = totals(reply) if reply.ok else Totals()
    cluster, leader_url = reply.cluster_name or args.cluster, leader(context, args.cluster, reply)
    backup = scheduler.staged_backup() if reply.ok else ""
    status = {"cluster": cluster, "leader": leader_url, "staged": reply.ok, **numbers(found), "backup": backup or None}
    print_status(context.out, status, found)


def print_status(out: Output, status: dict[str, object], found: Totals) -> None:
    """Print the columns: below each other for people, as one row for programs."""
    if out.format != "text":
        out.rows(tuple(COLUMNS), [tuple(map(status.get, COLUMNS))])
        return
    from aurora_admin.plugins.backup.staged import event_time

    del status["age_seconds"]
    if found.newest_event_ms is not None:
        status["newest_event"] = event_time(found.newest_event_ms)
    out.rows(("item", "value"), [(name.replace("_", " "), value) for name, value in status.items()])


def leader(context: Context, cluster: str, reply: TasksReply) -> str | None:
    """Return the address of the leader; None if the scheduler that replied does not confirm that it leads."""
    if context.options.bypass_leader_redirect:
        try:
            context.verified_leader(cluster)
        except AdminError as error:
            context.out.warn(error.message)
            return None
    return reply.url.removesuffix("/api")


def numbers(found: Totals) -> dict[str, object]:
    """Return the totals as columns."""
    from aurora_admin.plugins.backup.staged import age_seconds, utc

    newest = found.newest_event_ms
    return {
        "tasks": found.tasks,
        "active": found.active,
        "jobs": found.jobs,
        "newest_event": None if newest is None else utc(newest),
        "age_seconds": None if newest is None else age_seconds(newest),
    }
