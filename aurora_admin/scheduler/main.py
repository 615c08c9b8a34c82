"""aurora-reference-scheduler: flags in, exit status out."""

import errno
import logging
import os
import re
import signal
import sys
import time
from types import FrameType

LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"
# Threads that decode a million tasks must let a small call through within milliseconds (docs/architecture.md 4.2).
SWITCH_SECONDS = 0.001


# What cannot be put into one line of the log.
CONTROLS = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    number: f"\\u{number:04x}" for number in (0x2028, 0x2029)
}


class OneLine(logging.Formatter):
    """Escape control characters, so that no text of a client can be taken for a line of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name that is called
        return super().formatMessage(record).translate(CONTROLS)


def main() -> int:
    """Run a scheduler until it is told to stop, or must."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    from aurora_admin.scheduler.flags.parser import FlagError, parse

    try:
        flags = parse(sys.argv[1:])
    except FlagError as error:
        return _refuse(f"{str(error).rstrip('.')}. See aurora-reference-scheduler -help.")
    logging.Formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(LINE, "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    sys.setswitchinterval(SWITCH_SECONDS)
    from aurora_admin.backup.writer import BackupFailed
    from aurora_admin.scheduler.lifecycle import Lifecycle
    from aurora_admin.scheduler.storage.engine import LogError

    try:
        return Lifecycle(flags).run()
    except (LogError, BackupFailed) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(_no_address(flags.ip, flags.http_port, error))


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once while nothing has begun: whatever is being imported would swallow or show an exception."""
    os._exit(0)


def _no_address(ip: str, port: int, error: OSError) -> str:
    # The HTTP server hides the error in a text of its own.
    found = re.search(r"Errno (-?\d+)\] ([\w ]*)", str(error))
    number, reason = (int(found[1]), found[2]) if found else (error.errno, str(error))
    advice = "Stop what uses the port, or choose another with -http_port"
    if number not in (errno.EADDRINUSE, errno.EACCES):
        advice = "Give an address of this host with -ip, or leave it out to listen on all of IPv4"
    return f"Cannot listen on {ip}:{port}: {reason}. {advice}."


def _refuse(text: str) -> int:
    sys.stderr.write(f"aurora-reference-scheduler: {text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
