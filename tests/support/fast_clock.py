"""Run aurora_admin with a clock on which waiting takes no time: `python fast_clock.py ARGUMENT...`.

Only what sleeps becomes fast. Sockets still wait for a server, and the time of day is the real one.
"""

import sys
import time

real_monotonic = time.monotonic
slept = 0.0


def sleep(seconds: float) -> None:
    """Move the clock, without waiting."""
    global slept  # noqa: PLW0603 - the one clock of this process
    slept += seconds


time.sleep = sleep
time.monotonic = lambda: real_monotonic() + slept

if __name__ == "__main__":
    from aurora_admin.main import main  # after the clock was replaced, because defaults of arguments keep the old one

    sys.exit(main())
