"""What a person is told about a log, whichever engine it runs on."""

import sys
from collections.abc import Iterable

from aurora_admin.scheduler.storage.frames import frame_kind
from aurora_admin.scheduler.storage.log import DEDUPLICATED, DEFLATED, NOOP, SNAPSHOT, TRANSACTION

KINDS = {
    SNAPSHOT: "snapshot",
    TRANSACTION: "transaction",
    NOOP: "no-op",
    DEFLATED: "deflated entry",
    DEDUPLICATED: "deduplicated snapshot",
}


def kind(record: bytes) -> str:
    """Say what a record is."""
    frame = frame_kind(record)
    if frame != "entry":
        return f"frame {frame}"
    return KINDS.get(int.from_bytes(record[1:3], "big"), "unknown")


def show_records(records: Iterable[tuple[int, bytes]], first: int | None, last: int | None) -> None:
    """Print position, bytes and kind of each record between two positions, both included."""
    for position, record in records:
        if (first is None or position >= first) and (last is None or position <= last):
            sys.stdout.write(f"{position} {len(record)} {kind(record)}\n")


def show_facts(facts: dict[str, object]) -> None:
    """Print names and values, one a line; what is not known is left out."""
    for name, value in facts.items():
        if value is not None:
            sys.stdout.write(f"{name}: {value}\n")


def confirmed(question: str, *, asked: bool) -> bool:
    """Ask for a "yes"; without a terminal the answer is no.

    `asked` says that it was given beforehand.
    """
    if asked:
        return True
    if not sys.stdin.isatty():
        sys.stderr.write(
            f"aurora-reference-log: {question} There is no terminal to ask, so nothing was changed; give --yes.\n"
        )
        return False
    sys.stderr.write(f'{question} Type "yes" to go on: ')
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"
