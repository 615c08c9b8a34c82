"""A process that leads a log and obeys commands on standard input.

python -m tests.support.log_process HOSTS ROOT FOLDER SESSION_SECONDS
"""

import sys
import time
from collections.abc import Iterator

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation
from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings


def frames(count: int, prefix: str) -> Iterator[bytes]:
    """Yield this many records, then block for ever."""
    for number in range(count):
        yield f"{prefix}{number}".encode()
    while True:
        time.sleep(1)


def reply(value: object) -> None:
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


def main() -> None:
    hosts, root, folder, session = sys.argv[1:]
    settings = LogSettings("child", "west", folder, write_seconds=30.0, read_seconds=30.0)
    log = ZooKeeperLog(LogLocation(hosts, root, None, float(session)), settings, lambda text: None)
    log.fence()
    reply("leads")
    for line in sys.stdin:
        word, *arguments = line.split()
        try:
            if word == "append":
                reply(log.append([argument.encode() for argument in arguments]))
            elif word == "hang":
                log.append(frames(int(arguments[0]), "frame"))
            elif word == "truncate":
                reply(log.truncate_before(int(arguments[0])))
        except LogError as error:
            reply(error)


main()
