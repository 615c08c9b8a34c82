"""Time the bare slim loop over the tasks of a backup: the yardstick of the floors (docs/wire.md 6.2).

It decodes what the index keeps and notes each range; nothing is checked and nothing is built. Prints seconds.
"""

import gc
import struct
import sys
import time

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.slim.ttypes import Empty, ScheduledTask

TASKS = 4


def main(path):
    with open(path, "rb") as file:
        raw = file.read()
    transport = TMemoryBuffer(raw)
    protocol = TBinaryProtocolAccelerated(transport, fallback=False)
    buffer = transport.cstringio_buf
    walk_to_tasks(protocol, buffer)
    gc.disable()
    begin = time.perf_counter()
    chosen, view = [], memoryview(raw)
    _, count = struct.unpack(">bi", buffer.read(5))
    for _ in range(count):
        start = buffer.tell()
        task = ScheduledTask()
        task.read(protocol)
        if task.status is not None:
            chosen.append(view[start : buffer.tell()])
    print(time.perf_counter() - begin)
    assert len(chosen) == count


def walk_to_tasks(protocol, buffer):
    while True:
        ttype, number = struct.unpack(">bh", buffer.read(3))
        if number == TASKS:
            return
        if ttype == TType.SET:
            for _ in range(struct.unpack(">bi", buffer.read(5))[1]):
                Empty().read(protocol)
        else:
            protocol.skip(ttype)


if __name__ == "__main__":
    main(sys.argv[1])
