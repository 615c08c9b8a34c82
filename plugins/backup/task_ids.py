"""The task ids that an operator gives, as an argument, in a file or on standard input."""

import sys
from collections.abc import Collection

from aurora_admin.errors import AdminError
from aurora_admin.hosts import STANDARD_INPUT, read_text
from aurora_admin.output import Output


def ids_of(text: str, out: Output) -> set[str]:
    """Return the ids in an argument with commas, but never an empty set, which would match every task.

    Raises:
        AdminError: there is no id, or an id has blanks around it; or standard input cannot be read.
    """
    if text == STANDARD_INPUT:
        return checked([task_id for line in lines_of_standard_input(out) for task_id in line.split(",")])
    return checked(text.split(","))


def ids_in_file(filename: str, out: Output) -> set[str]:
    """Return the ids in a file, one a line, or on standard input for -; raise as `ids_of`."""
    return checked(lines_of_standard_input(out) if filename == STANDARD_INPUT else _lines(read_text(filename)))


def checked(ids: Collection[str]) -> set[str]:
    """Return ids as a set that is not empty (docs/cli.md 4.5).

    Raises:
        AdminError: there is no id, or an id has blanks around it.
    """
    if not any(ids):
        raise AdminError(
            "No task id was given: nothing was deleted. Give the ids that scheduler_print_recovery_tasks prints, "
            "separated by commas, or one a line in a file"
        )
    if wrong := sorted(task_id for task_id in ids if task_id != task_id.strip()):
        raise AdminError(
            f"The task id {wrong[0]!r} begins or ends with a blank, so it matches no task: nothing was deleted. "
            "Separate the ids by commas alone, or by line ends in a file"
        )
    return set(ids)


def lines_of_standard_input(out: Output) -> list[str]:
    """Read standard input; blank lines are skipped.

    Raises:
        AdminError: standard input is closed, or cannot be read.
    """
    if sys.stdin is None:
        raise AdminError("Standard input is closed: nothing was deleted. Give the ids on it, or as an argument")
    if sys.stdin.isatty():
        out.info("Type the task ids, one a line or separated by commas, and then Ctrl-D")
    try:
        return _lines(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise AdminError(f"Cannot read standard input: {error.strerror or error}. Nothing was deleted") from error


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n") if line.strip()]
