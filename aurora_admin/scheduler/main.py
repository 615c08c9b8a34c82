"""aurora-reference-scheduler: flags in, exit status out."""

import logging
import os
import re
import sys
import time

from aurora_admin.scheduler.flags import FlagError, parse

LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"
# Threads that decode a million tasks must let a small call through within milliseconds (design: raw bytes first).
SWITCH_SECONDS = 0.001


def main() -> int:
    """Run a scheduler until it is told to stop, or must."""
    try:
        flags = parse(sys.argv[1:])
    except FlagError as error:
        return _refuse(f"{error}\nSee aurora-reference-scheduler -help.")
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(format=LINE, datefmt="%Y-%m-%dT%H:%M:%S", level=logging.INFO)
    sys.setswitchinterval(SWITCH_SECONDS)
    from aurora_admin.scheduler.lifecycle import Lifecycle
    from aurora_admin.scheduler.storage.backups import BackupFailed
    from aurora_admin.scheduler.storage.engine import LogError

    try:
        return Lifecycle(flags).run()
    except (LogError, BackupFailed) as error:
        return _refuse(str(error))
    except OSError as error:
        # The HTTP server hides the error in a text of its own.
        number = re.search(r"Errno (\d+)", str(error))
        reason = os.strerror(int(number[1])) if number else str(error)
        return _refuse(
            f"Cannot listen on {flags.ip}:{flags.http_port}: {reason}. "
            "Stop what uses the port, or choose another with -http_port."
        )


def _refuse(text: str) -> int:
    sys.stderr.write(f"aurora-reference-scheduler: {text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
