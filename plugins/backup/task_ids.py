"""The task ids that an operator gives, as an argument or on standard input."""

import sys

from aurora_admin.errors import AdminError
from aurora_admin.output import Output

STANDARD_INPUT = "-"


def ids_of(text: str, out: Output) -> set[str]:
    """Return the ids, but never an empty set, which would match every task (docs/cli.md 4.5).

    Raises:
        AdminError: there is no id, or an id has blanks around it; or standard input cannot be read.
    """
    ids = set(read_ids(out) if text == STANDARD_INPUT else text.split(","))
    if not any(ids):
        raise AdminError(
            "No task id was given: nothing was deleted. Give the ids that scheduler_print_recovery_tasks prints, "
            "separated by commas"
        )
    if wrong := sorted(task_id for task_id in ids if task_id != task_id.strip()):
        raise AdminError(
            f"The task id {wrong[0]!r} begins or ends with a blank, so it matches no task: nothing was deleted. "
            "Separate the ids by commas alone"
        )
    return ids


def read_ids(out: Output) -> list[str]:
    """Read the ids from standard input; blank lines are skipped.

    Raises:
        AdminError: standard input is closed, or cannot be read.
    """
    if sys.stdin is None:
        raise AdminError("Standard input is closed: nothing was deleted. Give the ids on it, or as an argument")
    if sys.stdin.isatty():
        out.info("Type the task ids, one a line or separated by commas, and then Ctrl-D")
    try:
        text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise AdminError(f"Cannot read standard input: {error.strerror or error}. Nothing was deleted") from error
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [task_id for line in lines if line.strip() for task_id in line.split(",")]
