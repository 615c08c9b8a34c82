"""Delete tasks that have ended (FINISHED, FAILED, KILLED, LOST) from the scheduler's storage, durably.

Without options it deletes all of them; --states, --role, --env and --limit restrict that. Tasks that have not ended are
refused. The scheduler also deletes ended tasks by itself, after some days or if a job has many. query shows what there
is: aurora_admin query --force --states=FINISHED,FAILED,KILLED,LOST.

Real schedulers, from 0.18 to 0.22, delete every task they have, running ones too, if they are to prune what matches no
task. So this command first asks for a task that matches. If there is none it sends nothing, logs a warning, and prints
the same as after a success. A moment stays between the two calls: do not run it twice at the same time for the same
tasks, or just when the scheduler itself deletes the last of them.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError, CallFailed

if TYPE_CHECKING:
    from aurora_admin.client.selection import Selection

EXAMPLES = """\
aurora_admin prune_tasks west
aurora_admin prune_tasks --states=FINISHED,KILLED --role=www-data --env=devel west
aurora_admin prune_tasks --states=LOST --limit=1000 west
"""
COMPATIBILITY = """
The states are always sent: without --states those of ended tasks, which is what the scheduler takes then. The original
sent none, and the scheduler deleted every task if none had ended. Nothing is sent if no task matches.

An option with an empty value is refused, because a script with an unset variable would delete more than it means; the
original took it for an option that was not given. A limit below 1 is refused; with the original --limit=0 was no
limit. A state that is unknown ends with the list of states, as in query; the original ended with a traceback. More
than one argument is refused; the original ignored the others, and so did not see options after the cluster.

A scheduler of another cluster than the named one is refused, unless --accept-cluster-name names it.
"""
IF_UNKNOWN = """
You may repeat the command: it asks first, and sends nothing if the tasks are gone. aurora_admin query --force
--states=FINISHED,FAILED,KILLED,LOST {cluster} shows what is left
"""
NON_TERMINAL = "Tasks in non-terminal state cannot be pruned."


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    from aurora_admin.units import whole_number

    parser.add_argument(
        "--states",
        metavar="State[,State,...]",
        help="only tasks in these states (default: FINISHED,FAILED,KILLED,LOST)",
    )
    parser.add_argument("--role", metavar="ROLE", help="only tasks of jobs of this role")
    parser.add_argument("--env", metavar="ENVIRONMENT", help="only tasks of jobs of this environment")
    parser.add_argument("--limit", metavar="LIMIT", type=whole_number, help="no more tasks than this")


def run(context: Context, args: Namespace) -> None:
    """Delete the tasks, if there are any."""
    from aurora_admin.clusters import find

    find(args.cluster)
    selection = selected(args)
    reply = context.scheduler(args.cluster).prune(selection)
    if reply is None:
        context.out.warn(f"No task matches ({', '.join(selection.statuses or ())}): nothing was sent")
    elif not reply.ok:
        raise CallFailed(f"Failed to prune tasks: {reply.message}")
    context.out.print("Tasks pruned.")


def selected(args: Namespace) -> Selection:
    """Return which tasks to delete.

    Raises:
        AdminError: an option is invalid, or names tasks that have not ended.
    """
    from aurora_admin.client.selection import TERMINAL, Selection, states_of
    from aurora_admin.units import sendable

    for option, value in (("--role", args.role), ("--env", args.env), ("--states", args.states)):
        if value is not None and not value.strip():  # an unset variable of a script, which would delete more
            raise AdminError(f"{option} is empty. Nothing was sent; leave it out to prune all of them")
    states = TERMINAL if args.states is None else states_of(args.states)
    if args.limit is not None and sendable("--limit", args.limit) < 1:
        raise AdminError(f"--limit={args.limit} is not 1 or more. Nothing was sent; leave it out to delete all of them")
    if not set(states) <= set(TERMINAL):
        raise AdminError(f"Failed to prune tasks: {NON_TERMINAL}")
    return Selection(states, role=args.role, environment=args.env, limit=args.limit)
