"""The installed program on a pseudo terminal."""

from pathlib import Path

import pexpect

from tests.support.processes import PROGRAMS, Result, environment
from tests.support.waiting import DEADLINE_SECONDS


def terminal(home: Path, *arguments: object, **env: str) -> pexpect.spawn:
    """Start aurora_admin on a terminal; use it in a with block."""
    return pexpect.spawn(
        str(PROGRAMS / "aurora_admin"),
        [str(argument) for argument in arguments],
        encoding="utf-8",
        codec_errors="surrogateescape",
        env=environment(home, **env),
        timeout=DEADLINE_SECONDS,
    )


def run_on_terminal(home: Path, *arguments: object, **env: str) -> Result:
    """Run aurora_admin on a terminal; `err` of the result is all that the terminal showed."""
    with terminal(home, *arguments, **env) as one:
        one.expect(pexpect.EOF)
        shown = str(one.before).replace("\r\n", "\n")
    return Result(one.exitstatus, "", shown)
