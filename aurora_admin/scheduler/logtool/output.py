"""What aurora-reference-log prints and asks, for every engine."""

import io
import logging
import os
import sys

from aurora_admin.output import escaped

PROGRAM = "aurora-reference-log"


def prepare_streams() -> None:
    """Make the standard streams usable if they are closed, or cannot encode the names of files.

    The next file that is opened, such as the log, would get the number of a closed stream.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:  # the lowest that is free
        pass
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


class EscapedLine(logging.Formatter):
    """Formats a warning as `report` prints it."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{PROGRAM}: {escaped(record.getMessage(), '')}"


def report(text: str) -> None:
    """Print a warning or an error on standard error."""
    sys.stderr.write(f"{PROGRAM}: {escaped(text, '')}\n")


def show(text: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{escaped(text, '')}\n")


def show_facts(facts: dict[str, object]) -> None:
    """Print names and values, one per line, without those that are None."""
    for name, value in facts.items():
        if value is not None:
            show(f"{name}: {value}")


def confirmed(question: str, *, assume_yes: bool) -> bool:
    """Ask the user to type "yes" and return whether they did; without a terminal return False."""
    if assume_yes:
        return True
    if not sys.stdin.isatty():
        report(f"{question} There is no terminal to ask for a confirmation, so nothing was changed; use --yes.")
        return False
    sys.stderr.write(f'{escaped(question, "")} Type "yes" to continue: ')
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"
