"""Time to decode whole tasks of a backup with the thrift library's protocol in pure Python; prints seconds a task."""

import sys
import time

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import ScheduledTask

TASKS = 2000  # the time of a task hardly varies


def main(path):
    with read_backup(path) as backup:
        raws = [raw for _, raw in backup.records(range(min(TASKS, len(backup.tasks))))]
    begin = time.perf_counter()
    for raw in raws:
        ScheduledTask().read(TBinaryProtocol(TMemoryBuffer(raw)))
    print((time.perf_counter() - begin) / len(raws))


if __name__ == "__main__":
    main(sys.argv[1])
