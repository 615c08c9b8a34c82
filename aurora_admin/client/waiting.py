"""Tell a person at a terminal that a command is still waiting for a reply."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.output import Output

FIRST_SECONDS = 10.0
REPEAT_SECONDS = 30.0


@contextmanager
def waiting_reported(log: Output, method: str, limit_seconds: float) -> Iterator[None]:
    """Report on a terminal that the block still waits for a reply: after 10 s, and every 30 s from the beginning."""
    if not log.is_terminal():
        yield
        return
    is_over = Event()
    thread = Thread(target=_report, args=(log, method, limit_seconds, is_over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _report(log: Output, method: str, limit_seconds: float, is_over: Event) -> None:
    begun, due = time.monotonic(), FIRST_SECONDS
    while not is_over.wait(max(0.0, begun + due - time.monotonic())):
        log.info(f"still waiting for {method} ({due:.0f} s of {limit_seconds:.0f})")
        due = (due // REPEAT_SECONDS + 1) * REPEAT_SECONDS
