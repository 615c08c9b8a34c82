"""Print the tasks of a job, or with --force those of a role or of the whole cluster; by default those that are RUNNING.

One line is printed for each task, in the order of the scheduler's reply, which is arbitrary. --listformat says what is
in the line: %WORD% is the field WORD of the task, and everything else is printed as it is. The fields role,
environment, name (also called jobName), instanceId, status, taskId, slaveId and slaveHost are in every task. Others are
ancestorId, failureCount, priority, production, tier, isService, user, assignedPorts, resources, constraints, metadata,
taskEvents, image and data (that of the executor). A field that is unknown ends the command with a list of those that
the task has. As the format is one of Python, %(instanceId)03d works too, and a per cent sign is written %%.

The states are ASSIGNED, DRAINING, FAILED, FINISHED, INIT, KILLED, KILLING, LOST, PARTITIONED, PENDING, PREEMPTING,
RESTARTING, RUNNING, STARTING and THROTTLED. Those of tasks that have ended (FAILED, FINISHED, KILLED, LOST) need
--force.

With --output=table, csv and tsv a task is a row of the columns below. With --output=json each row is the whole task, as
the scheduler stores it: a ScheduledTask with the names that the Thrift API has (assignedTask, status, failureCount,
timesPartitioned, taskEvents, ancestorId), with the names of states, sets as lists, and times in ms since 1970. A field
inside of these that is not set is left out.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError
from aurora_admin.plugins.tasks.listformat import DEFAULT, ListFormat
from aurora_admin.plugins.tasks.states import states_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aurora_admin.client.reply import TasksReply
    from aurora_admin.output import Output

EXAMPLES = """\
aurora_admin query west www-data hello
aurora_admin query --shards=0 --listformat=%taskId% west www-data hello
aurora_admin query --force --states=PENDING,THROTTLED west
aurora_admin query --force --output=json west www-data
"""
COMPATIBILITY = """
More than three arguments are refused; the original ignored the others. Options may stand anywhere, and so --force after
the arguments is the option, which the original ignored or took for the role.

Each line has the fields of one task. In the original a field that a task did not have was printed with the value of an
earlier task; here it is None. A state that this program does not know is printed as its number; the original called it
an unknown key.

jobName is a field of every task; the original had it up to 0.12.0.

A number in --shards that is none, and a format that Python does not take, end with one line and exit code 1, as does a
reply without a result. The keys and states in error messages, and sets and dictionaries, are sorted.
"""

# The field of the format language that is in each column.
FIELDS = {
    "role": "role",
    "environment": "environment",
    "job": "name",
    "instance": "instanceId",
    "status": "status",
    "task_id": "taskId",
    "host": "slaveHost",
    "agent": "slaveId",
}
COLUMNS = {
    "role": "role of the job",
    "environment": "environment of the job",
    "job": "name of the job",
    "instance": "number of the instance, from 0",
    "status": "state of the task",
    "task_id": "id of the task",
    "host": "host name of the agent that it was placed on; unknown before that",
    "agent": "id of that agent in Mesos",
}
TASK = ("assignedTask", "status", "failureCount", "timesPartitioned", "taskEvents", "ancestorId")


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--force", action="store_true", help="allow queries of more than the active tasks of a job")
    parser.add_argument("--shards", metavar="N[,N,...]", help="only these instances; ranges are not known")
    parser.add_argument(
        "--states", metavar="State[,State,...]", default="RUNNING", help="only tasks in these states (default: RUNNING)"
    )
    parser.add_argument(
        "-l", "--listformat", metavar="FORMAT", help=f"what to print of a task (default: {DEFAULT})".replace("%", "%%")
    )


def check_options(args: Namespace) -> None:
    """Check the states, which the original did before it counted the arguments."""
    states_of(args.states)


def run(context: Context, args: Namespace) -> None:
    """Print the tasks."""
    from aurora_admin.client.selection import Selection

    states, instances = states_of(args.states), shards(args.shards)
    check_cost(args, states)
    if args.listformat is not None and context.out.format != "text":
        raise AdminError(f"--listformat is for --output=text, not for --output={context.out.format}. Give one of them")
    wanted = Selection(states, role=args.role, job=args.job, instances=instances)
    reply = context.scheduler(args.cluster).tasks("getTasksStatus", wanted)
    if not reply.ok:
        raise AdminError(f"Failed to query scheduler: {reply.message}")
    if context.out.format == "text":
        print_lines(context.out, reply, args.role, ListFormat(DEFAULT if args.listformat is None else args.listformat))
    else:
        print_rows(context.out, reply, args.role)


def shards(text: str | None) -> set[int]:
    """Return the numbers of instances in a list with commas; none is no filter.

    Raises:
        AdminError: something in it is no whole number.
    """
    return set(map(shard, text.split(","))) if text else set()


def shard(text: str) -> int:
    """Return the number of an instance.

    Raises:
        AdminError: it is no whole number.
    """
    from aurora_admin.units import integer

    try:
        return integer(text)
    except ValueError:
        problem = f"invalid literal for int() with base 10: {text!r}"
        raise AdminError(problem, "Give numbers of instances to --shards, separated by commas: 0,1,2") from None


def check_cost(args: Namespace, states: list[str]) -> None:
    """Refuse a query that can have a large reply without --force.

    Raises:
        AdminError: --force is missing.
    """
    from aurora_admin.client.selection import ACTIVE

    if args.force:
        return
    if not args.role:
        raise AdminError("--force is required for expensive queries (no role specified)")
    if not args.job:
        raise AdminError("--force is required for expensive queries (no job specified)")
    if not set(states) <= set(ACTIVE):
        raise AdminError("--force is required for expensive queries (states outside ACTIVE states")


def print_lines(out: Output, reply: TasksReply, role: str | None, listformat: ListFormat) -> None:
    """Print the line of each task; only the fields that every task has are decoded if the format needs no others."""
    from aurora_admin.client.task_fields import ALIASES, COMMON, all_fields, common_fields

    fields_of = common_fields if listformat.needs_only({*COMMON, *ALIASES}) else all_fields
    show = out.print_text if "\n" in listformat.text else out.print
    for fields in fields_of(reply, role):
        show(listformat.line(fields))


def print_rows(out: Output, reply: TasksReply, role: str | None) -> None:
    """Print a row for each task, or for JSON the whole task."""
    if out.format == "json":
        out.rows(TASK, whole_rows(reply, role))
    else:
        out.rows(tuple(COLUMNS), rows(reply, role))


def rows(reply: TasksReply, role: str | None) -> Iterator[list[Any]]:
    """Yield the cells of each task."""
    from aurora_admin.client.task_fields import common_fields

    for fields in common_fields(reply, role):
        yield [fields[FIELDS[name]] for name in COLUMNS]


def whole_rows(reply: TasksReply, role: str | None) -> Iterator[list[Any]]:
    """Yield the fields of each task in the types of JSON."""
    from aurora_admin.client.plain import plain_fields
    from aurora_admin.client.task_fields import whole_tasks

    for task in whole_tasks(reply, role):
        yield list(map(plain_fields(task).get, TASK))
