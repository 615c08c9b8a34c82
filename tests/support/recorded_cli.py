"""Command lines that were given to the original, and the same given to this program (tests/fixtures/cli/README.md)."""

import json
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.fake_scheduler import Request
from tests.support.places import CHECKOUT, FIXTURES
from tests.support.processes import PROGRAMS, Clusters, Result, environment, run
from tests.support.recorded_differences import (
    ADDITIONAL_CALLS,
    ARBITRARY_ORDER,
    DIFFERENCES,
    EXIT,
    FILES,
    RPCS,
    SENT_ANYWAY,
    STDERR,
    STDOUT,
    Difference,
)
from tests.support.recorded_session_differences import SESSION_DIFFERENCES
from tests.support.recorded_text import normalised
from tests.support.scripted_scheduler import sent, served

ALL_DIFFERENCES = (*DIFFERENCES, *SESSION_DIFFERENCES)
FAST_CLOCK = CHECKOUT / "tests" / "support" / "fast_clock.py"
RECORDED_URL = "http://127.0.0.1:8081"
RECORDED_FOLDER = "/tmp/x"
USAGE_CODE = 2
OK = "Response(responseCode=1, details=[])"  # what the recorder answered to a call that its script did not have
NOWHERE = "http://127.0.0.1:1"
# In place of the text of an error where the original ended with a traceback, or with no error: one line, or a response
# that is not OK.
OWN_ERROR = "FATAL] (in our words)\n"
OUR_ERROR = re.compile(r"^(?:FATAL\] | INFO\] Response from scheduler: (?!OK )).+\n\Z", re.MULTILINE)
LISTED = re.compile(r"^(Must supply one of the following commands: ).*$", re.MULTILINE)
DEBUG = re.compile(r"^DEBUG\] .*\n", re.MULTILINE)  # not part of the contract (docs/cli.md 2.1)
RETRIES = re.compile(r"^( WARN\] Transport error .*\n)\1+", re.MULTILINE)  # how many depends on the clock
EVENT_TIME = re.compile(r"\btimestamp=\d{13}\b")
HELP = re.compile(r"\A(?:Usage: |Available commands:\n).*\Z", re.DOTALL)
# Only the exit code, and that there is a message, matter to scripts (docs/cli.md 1.2).
USAGE_ERROR = re.compile(r"\A.*^aurora_admin: error: .+\n\Z", re.DOTALL | re.MULTILINE)
# Waits that are longer than those between two attempts at a call: for hosts, and for a scheduler that is not there.
LONG_WAIT = re.compile(r"(?:Waiting for hosts to be in DRAINED.*){2}|Sleeping for|Connection refused", re.DOTALL)
WAIT_COLUMN = re.compile(r"(.*\t)(\d+\.\d)")


@dataclass(frozen=True)
class Row:
    """One recording; the fields are those of the README."""

    place: str  # file and line
    client: str
    argv: Sequence[str]
    stdout: str
    stderr: str
    exit: int
    files: Mapping[str, str]
    stdin: str = ""
    server: str = ""
    traceback: str = ""
    note: str = ""
    modes: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    script: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rpcs: Sequence[Mapping[str, Any]] = ()
    files_after: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The line of the file, from 1."""
        return int(self.place.rpartition(":")[2])

    @property
    def line(self) -> str:
        """The command line, quoted as for a shell."""
        return shlex.join(self.argv)

    @property
    def command(self) -> str:
        return self.argv[0] if self.argv else ""

    def needs(self) -> set[str]:
        """Return the words that have to be commands for this row to make sense."""
        return set(self.argv[:2]) if self.command == "help" else {self.command}

    @property
    def is_binary(self) -> bool:
        return "JSON protocol" not in self.server

    @property
    def calls(self) -> list[str]:
        """The methods that the original called."""
        return [call["rpc"] for call in self.rpcs]


def recorded(pattern: str) -> list[Row]:
    """Return the rows of the files whose names match a pattern, in order."""
    files = sorted((FIXTURES / "cli").glob(pattern))
    assert files, pattern
    return [
        Row(place=f"{path.name}:{number}", **json.loads(text))
        for path in files
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


@dataclass(frozen=True)
class Outcome:
    """What this program did with a command line, each part as a text."""

    parts: Mapping[str, str]
    calls: Sequence[str]


def run_scripted(row: Row, folder: Path) -> Outcome:
    """Run a row against a scheduler that answers as its script says; without one, against none."""
    script = row.script or SENT_ANYWAY.get(row.line, {})
    if not script and not row.rpcs:
        return run_row(row, folder, NOWHERE)
    additional = {method: [item] for method, item in ADDITIONAL_CALLS.get(row.command, {}).items()}
    unscripted = {method: [OK] for method in row.calls}
    with served({**additional, **unscripted, **script}, is_binary=row.is_binary) as server:
        return run_row(row, folder, server.url, server.requests)


def run_row(
    row: Row, folder: Path, url: str, requests: Sequence[Request] = (), *, is_real_time: bool = False
) -> Outcome:
    """Run a row in a folder, with west at a URL. `requests` fills while the program runs.

    Long waits take no time, unless `is_real_time`.
    """
    _prepare(row, folder, url)
    is_long = any(map(LONG_WAIT.search, (row.stderr, row.traceback, expected(row)[STDERR])))
    is_fast = is_long and not is_real_time
    program = [sys.executable, FAST_CLOCK] if is_fast else [PROGRAMS / "aurora_admin"]
    env = environment(folder, PYTHONPATH=str(CHECKOUT), **row.env)
    result = run([*program, *row.argv], env, row.stdin, cwd=folder)
    return Outcome(_parts_of_run(row, folder, url, result, requests), [request.message.name for request in requests])


def _prepare(row: Row, folder: Path, url: str) -> None:
    clusters = Clusters(folder / "etc")
    clusters.write(west=url)
    for name, text in row.files.items():
        path = clusters.path if name == "clusters.json" else folder / name
        path.write_text(text, encoding="utf-8", newline="")
        path.chmod(int(row.modes.get(name, "0o644"), 8))


def _parts_of_run(row: Row, folder: Path, url: str, result: Result, requests: Sequence[Request]) -> Mapping[str, str]:
    def scrubbed(text: str) -> str:
        return text.replace(url, RECORDED_URL).replace(str(folder), RECORDED_FOLDER)

    return {
        STDOUT: _stdout(row, scrubbed(result.out)),
        STDERR: _stderr(scrubbed(result.err), result.code),
        EXIT: str(result.code),
        RPCS: _rpcs(_without_additional(row, map(sent, requests))) if row.script or row.rpcs else "",
        FILES: json.dumps({name: _text_of(folder / name) for name in sorted(row.files_after)}),
    }


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _stdout(row: Row, text: str) -> str:
    text = HELP.sub("(help)\n", EVENT_TIME.sub("timestamp=(ms)", normalised(text)))
    # A scheduler sends tasks in an arbitrary order, a script in its own.
    is_sorted = row.command in ARBITRARY_ORDER or (row.command == "query" and not row.script)
    return "".join(sorted(text.splitlines(keepends=True))) if is_sorted else text


def _stderr(text: str, code: int) -> str:
    text = LISTED.sub(r"\1", text)  # each program lists the commands that it has
    text = RETRIES.sub(r"\1", DEBUG.sub("", text))
    return USAGE_ERROR.sub("(usage and error)\n", text) if code == USAGE_CODE else normalised(text)


def _without_additional(row: Row, calls: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    additional = ADDITIONAL_CALLS.get(row.command, {}).keys() - set(row.calls)
    return [call for call in calls if call["rpc"] not in additional]


def _rpcs(calls: Iterable[Mapping[str, Any]]) -> str:
    return "".join(
        f"{call['rpc']} {json.dumps(_ordered(call['args']), sort_keys=True)} {call['bypass'] or 'null'} "
        f"{call['user_agent']}\n"
        for call in calls
    )


def _ordered(value: Any) -> Any:
    """Return recorded arguments without the session, and their sets in one order."""
    if isinstance(value, dict):
        ordered = {name: _ordered(item) for name, item in value.items() if name != "session"}
        return {"set": sorted(ordered["set"], key=_sorted_dump)} if ordered.keys() == {"set"} else ordered
    return list(map(_ordered, value)) if isinstance(value, list) else value


def _sorted_dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def parts_of_recording(row: Row) -> dict[str, str]:
    """Return what the original did, each part as a text; in place of a traceback there is our one line."""
    return {
        STDOUT: _stdout(row, row.stdout),
        STDERR: _stderr(row.stderr + (OWN_ERROR if row.traceback else ""), row.exit),
        EXIT: str(row.exit),
        RPCS: _rpcs(row.rpcs),
        FILES: json.dumps(dict(sorted(row.files_after.items()))),
    }


def expected(row: Row, differences: Sequence[Difference] = ALL_DIFFERENCES) -> dict[str, str]:
    """Return what this program has to do: what the original did, and the differences on purpose."""
    parts = parts_of_recording(row)
    for difference in differences:
        if difference.is_about(row):
            parts[difference.part] = difference.applied(parts[difference.part])
    return parts


def is_needed(difference: Difference, rows: Iterable[Row]) -> bool:
    """Return whether a difference changes what is expected of a row."""
    others = [one for one in ALL_DIFFERENCES if one is not difference]
    concerned = [row for row in rows if difference.is_about(row)]
    return any(expected(row, others) != expected(row, [*others, difference]) for row in concerned)


def comparable(row: Row, outcome: Outcome) -> dict[str, str]:
    """Return what the program did, to be compared with what is expected.

    Waiting times may be a second off, and the words of an error are ours where the original had none.
    """
    wanted, done = expected(row), dict(outcome.parts)
    done[STDOUT] = _within_a_second(wanted[STDOUT], done[STDOUT])
    if wanted[STDERR].endswith(OWN_ERROR):
        done[STDERR] = OUR_ERROR.sub(OWN_ERROR, done[STDERR])
    return done


def _within_a_second(wanted: str, text: str) -> str:
    """Return the text with the recorded waiting times where they differ by no more than the clock explains."""
    old, new = wanted.splitlines(keepends=True), text.splitlines(keepends=True)
    if len(old) != len(new):
        return text
    pairs = zip(old, new, strict=True)
    return "".join(before if _differ_by_a_second(before, after) else after for before, after in pairs)


def _differ_by_a_second(before: str, after: str) -> bool:
    one, other = WAIT_COLUMN.match(before), WAIT_COLUMN.match(after)
    return bool(one and other and one[1] == other[1] and abs(float(one[2]) - float(other[2])) <= 1)
