"""Which staged tasks an operator means: the options of scheduler_delete_recovery_tasks, and the ids."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError
from aurora_admin.hosts import STANDARD_INPUT, listed_hosts
from aurora_admin.plugins.backup.task_ids import ids_in_file, ids_of

if TYPE_CHECKING:
    from aurora_admin.client.staged_tasks import Conditions
    from aurora_admin.output import Output
    from aurora_admin.parser import CommandParser

OPTIONS = ("role", "env", "job", "host", "state", "task_ids_file")


def add_selectors(parser: CommandParser) -> None:
    """Declare the options."""
    parser.add_new("--role", metavar="ROLE", help="only tasks of this role")
    parser.add_new("--env", metavar="ENVIRONMENT", help="only tasks of this environment")
    parser.add_new("--job", metavar="JOB", help="only tasks of the job of this name, or of ROLE/ENVIRONMENT/NAME")
    parser.add_new("--host", metavar="HOSTS", help="only tasks on one of these hosts, separated by commas")
    parser.add_new("--state", metavar="STATES", help="only tasks in one of these states, separated by commas")
    parser.add_new(
        "--task-ids-file",
        metavar="FILENAME",
        help="only tasks whose ids are in a file, one a line; - for standard input",
    )


def is_selecting(args: Namespace) -> bool:
    """Return whether one of the options was given, empty or not."""
    return any(getattr(args, option) is not None for option in OPTIONS)


def conditions_of(args: Namespace, out: Output) -> Conditions:
    """Return what the options and the ids say together.

    Raises:
        AdminError: an option is empty or invalid, or the ids cannot be used. An empty option would mean every task.
    """
    from aurora_admin.client.selection import states_of
    from aurora_admin.client.staged_tasks import Conditions

    for option in OPTIONS:
        if getattr(args, option) == "":
            raise AdminError(f"--{option.replace('_', '-')} is empty: nothing was deleted. Give a value, or omit it")
    role, environment, job = _job_key(args.job)
    return Conditions(
        _agreeing("--role", args.role, role),
        _agreeing("--env", args.env, environment),
        job,
        None if args.host is None else _hosts(args.host),
        None if args.state is None else states_of(args.state),
        _ids(args, out),
    )


def _job_key(text: str | None) -> tuple[str | None, str | None, str | None]:
    if text is None or "/" not in text:
        return None, None, text
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise AdminError(f"--job={text} is neither a name nor ROLE/ENVIRONMENT/NAME: nothing was deleted. Correct it")
    return parts[0], parts[1], parts[2]


def _agreeing(option: str, value: str | None, of_job: str | None) -> str | None:
    if None not in (value, of_job) and value != of_job:
        raise AdminError(f"{option}={value} and --job exclude each other: nothing was deleted. Omit one of them")
    return of_job if value is None else value


def _hosts(text: str) -> list[str]:
    found = listed_hosts(None, text)
    if not found:
        raise AdminError(f"--host={text} names no host: nothing was deleted. Correct it")
    return found


def _ids(args: Namespace, out: Output) -> set[str] | None:
    if args.task_ids == args.task_ids_file == STANDARD_INPUT:
        raise AdminError("Ids can be read from standard input once only: nothing was deleted. Omit one of the two -")
    given = None if args.task_ids is None else ids_of(args.task_ids, out)
    listed = None if args.task_ids_file is None else ids_in_file(args.task_ids_file, out)
    return given & listed if given is not None and listed is not None else given or listed
