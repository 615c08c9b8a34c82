"""Print the tasks of a job, or with --force those of a role or of the whole cluster; by default those that are RUNNING.

One line is printed for each task, in the order of the scheduler's reply, which is arbitrary. --listformat says what is
in the line: %WORD% is the field WORD of the task, and everything else is printed as it is. The fields role,
environment, name (also called jobName), instanceId, status, taskId, slaveId and slaveHost are in every task. Others are
ancestorId, failureCount, priority, production, tier, isService, user, assignedPorts, resources, constraints, metadata,
taskEvents, image and data (that of the executor). A field that is unknown ends the command with a list of those that
the task has. As the format is one of Python, %(instanceId)03d works too, and a per cent sign is written %%.

The states are ASSIGNED, DRAINING, FAILED, FINISHED, INIT, KILLED, KILLING, LOST, PARTITIONED, PENDING, PREEMPTING,
RESTARTING, RUNNING, STARTING and THROTTLED. Those that are not active (FAILED, FINISHED, INIT, KILLED, LOST) need
--force.

With --output=table, csv and tsv a task is a row of the columns below. With --output=json each row is the whole task, as
the scheduler stores it: a ScheduledTask with the names that the Thrift API has (assignedTask, status, failureCount,
timesPartitioned, taskEvents, ancestorId), with the names of states, sets as lists, and times in ms since 1970. A field
inside of these that is not set is left out.
"""

from argparse import ArgumentParser, Namespace

from aurora_admin.command import Context
from aurora_admin.errors import AdminError, CallFailed
from aurora_admin.plugins.tasks.filters import check_cost, shards
from aurora_admin.plugins.tasks.listformat import DEFAULT, ListFormat

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

COLUMNS = {
    "role": "role of the job",
    "environment": "environment of the job",
    "job": "name of the job",
    "instance": "number of the instance, from 0",
    "status": "state of the task",
    "host": "host name of the agent that it was placed on; unknown before that",
    "task_id": "id of the task",
    "agent": "id of that agent in Mesos",
}


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
    from aurora_admin.client.selection import states_of

    states_of(args.states)


def run(context: Context, args: Namespace) -> None:
    """Print the tasks."""
    from aurora_admin.client.selection import Selection, states_of
    from aurora_admin.plugins.tasks.printing import print_lines, print_rows

    states, instances = states_of(args.states), shards(args.shards)
    check_cost(args, states)
    if args.listformat is not None and context.out.format != "text":
        raise AdminError(f"--listformat is for --output=text, not for --output={context.out.format}. Give one of them")
    wanted = Selection(states, role=args.role, job=args.job, instances=instances)
    reply = context.scheduler(args.cluster).tasks("getTasksStatus", wanted)
    if not reply.ok:
        raise CallFailed(f"Failed to query scheduler: {reply.message}")
    if context.out.format == "text":
        print_lines(context.out, reply, args.role, ListFormat(DEFAULT if args.listformat is None else args.listformat))
    else:
        print_rows(context.out, reply, args.role, tuple(COLUMNS))
