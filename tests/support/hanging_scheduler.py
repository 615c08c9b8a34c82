"""A program: a scheduler that fails at once and whose storage never stops. Its arguments are the scheduler's flags."""

import sys
import threading

from aurora_admin.scheduler import lifecycle
from aurora_admin.scheduler.assembly import assemble
from aurora_admin.scheduler.flags.parser import parse


def main() -> int:
    lifecycle.FAILED_SECONDS = 0.5
    one = lifecycle.Lifecycle(lifecycle.TimeLimits(60, None))
    components = assemble(parse(sys.argv[1:]), one)
    components.storage.stop = threading.Event().wait
    one.fail("on purpose")
    return one.run(components)


if __name__ == "__main__":
    sys.exit(main())
