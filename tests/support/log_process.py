"""A process that holds a log: `python -m tests.support.log_process HOSTS ROOT FOLDER SESSION_SECONDS`."""

import sys
import time
from collections.abc import Iterator

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation
from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings


def frames(count: int, prefix: str) -> Iterator[bytes]:
    """Give so many records, then nothing, and no end either."""
    for number in range(count):
        yield f"{prefix}{number}".encode()
    while True:
        time.sleep(1)


def say(answer: object) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def main() -> None:
    hosts, root, folder, session = sys.argv[1:]
    settings = LogSettings("child", "west", folder, write_seconds=30.0, read_seconds=30.0)
    log = ZooKeeperLog(LogLocation(hosts, root, None, float(session)), settings, lambda text: None)
    log.fence()
    say("leads")
    for line in sys.stdin:
        word, *arguments = line.split()
        try:
            if word == "append":
                say(log.append([argument.encode() for argument in arguments]))
            elif word == "hang":
                log.append(frames(int(arguments[0]), "frame"))
            elif word == "truncate":
                say(log.truncate_before(int(arguments[0])))
        except LogError as error:
            say(error)


main()
