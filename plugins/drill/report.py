"""Run the steps and print the result of each: a line as it ends on a terminal, otherwise a table; then PASS or FAIL."""

import time
from collections.abc import Iterable
from typing import Any

from aurora_admin.errors import AdminError
from aurora_admin.output import Output

COLUMNS = {
    "step": "the step of the restore",
    "result": "what it did, or FAILED and the reason",
    "seconds": "how long it took",
}


class Report:
    """Prints the steps of a drill, whose names are known from the beginning."""

    def __init__(self, out: Output, names: Iterable[str]) -> None:
        self._out = out
        self._width = max(map(len, names))
        self._rows: list[tuple[str, str, float]] = []
        self._is_text = out.format == "text"

    def add(self, name: str, result: str, seconds: float) -> None:
        """Take the result of a step; on a terminal print it at once."""
        self._rows.append((name, result, seconds))
        if self._out.is_terminal():
            line = f"{name:{self._width}}  {result}  {_text(seconds)}"
            (self._out.print if self._is_text else self._out.info)(line)

    def end(self, *, has_passed: bool) -> None:
        """Print the rows, unless they were printed as they came, and PASS or FAIL; beside JSON and csv it is logged."""
        if not self._is_text:
            self._out.rows(tuple(COLUMNS), [(*row[:2], round(row[2], 2)) for row in self._rows])
        elif not self._out.is_terminal():
            self._out.rows(("step", "result", "time"), [(*row[:2], _text(row[2])) for row in self._rows])
        (self._out.print if self._is_text else self._out.info)("PASS" if has_passed else "FAIL")


def run_steps(drill: Any, steps: Iterable[tuple[str, Any]], report: Report) -> AdminError | None:
    """Run the steps up to the first that fails; return its error."""
    for name, step in steps:
        begin = time.perf_counter()
        try:
            result = step(drill)
        except (AdminError, OSError) as error:
            failure = _described(error)
            report.add(name, f"FAILED: {failure}", time.perf_counter() - begin)
            return AdminError(f"The drill failed at the step '{name}': {failure}")
        report.add(name, result, time.perf_counter() - begin)
    return None


def _described(error: AdminError | OSError) -> str:
    """Return an error of a step in words."""
    if isinstance(error, AdminError):
        return error.message
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


def _text(seconds: float) -> str:
    return f"{seconds:.2f} s"
