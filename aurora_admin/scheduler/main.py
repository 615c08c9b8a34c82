"""aurora-reference-scheduler: flags in, exit status out."""

import errno
import logging
import os
import re
import signal
import sys
import time
from types import FrameType

from aurora_admin.output import escaped

LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"
# A thread that decodes a million tasks must let small calls run within milliseconds (docs/architecture.md 4.2).
SWITCH_SECONDS = 0.001


class OneLine(logging.Formatter):
    """Escape control characters, so that the text of a client cannot look like a log line of the scheduler."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name in logging
        return escaped(super().formatMessage(record), "")


def main() -> int:
    """Run a scheduler until a signal, a committed recovery or a failure ends it; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit_at_once)
    from aurora_admin.scheduler.flags.parser import FlagError, parse

    try:
        flags = parse(sys.argv[1:])
    except FlagError as error:
        return _refuse(f"{str(error).rstrip('.')}. See aurora-reference-scheduler -help.")
    _set_up_log()
    sys.setswitchinterval(SWITCH_SECONDS)
    from aurora_admin.backup.writer import BackupFailed
    from aurora_admin.scheduler import assembly
    from aurora_admin.scheduler.storage.engine import LogError

    try:
        return assembly.run(flags)
    except (LogError, BackupFailed) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(_listen_error(flags.ip, flags.http_port, error))


def _set_up_log() -> None:
    logging.Formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(LINE, "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _exit_at_once(number: int, frame: FrameType | None) -> None:
    """End without an exception, which a module that is being imported might swallow or print; nothing has begun yet."""
    os._exit(0)


def _listen_error(ip: str, port: int, error: OSError) -> str:
    # cheroot puts the number of the error into a text of its own.
    found = re.search(r"Errno (-?\d+)\] ([\w ]*)", str(error))
    number, reason = (int(found[1]), found[2]) if found else (error.errno, str(error))
    advice = "Stop the program that uses the port, or choose another with -http_port"
    if number not in (errno.EADDRINUSE, errno.EACCES):
        advice = "Give an address of this host with -ip, or leave it out to listen on all of IPv4"
    return f"Cannot listen on {ip}:{port}: {reason}. {advice}."


def _refuse(text: str) -> int:
    sys.stderr.write(f"aurora-reference-scheduler: {escaped(text, '')}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
