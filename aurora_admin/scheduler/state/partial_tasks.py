"""The tasks of a DeduplicatedSnapshot, read into the table of live tasks (docs/storage.md 2.7).

The loop in load_partial_tasks() determines how long a start takes.
"""

import struct
from collections.abc import Mapping
from itertools import chain, islice, repeat
from operator import add, sub
from typing import Any

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.snapshot.configs import BEFORE_ID, ELEMENT_END, TASK_BEGIN
from aurora_admin.snapshot.paths import CONFIG_NUMBER, PARTIAL_TASK
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.walk import STRING_HEADER_BYTES

ELEMENT_START = len(PARTIAL_TASK.header)
ELEMENT_BEGIN = PARTIAL_TASK.header + TASK_BEGIN
AROUND_A_TASK = ELEMENT_START + ELEMENT_END.size


def load_partial_tasks(tasks: LiveTasks, reader: Reader, count: int) -> None:
    """Add the partialTasks of a DeduplicatedSnapshot; load_configs() must follow.

    The input goes to the spill file as it comes, elements as a whole, and rows point to the tasks inside them. Only a
    task that is not where every writer puts it is cut out and spilled by itself.

    Raises:
        WireError: a task lacks its id, status or config, or two tasks have the same id.
    """
    ids, first, window = tasks.ids, len(tasks.status), reader.window
    row, end = first, window.position
    add_host, add_instance, add_config = tasks.host.append, tasks.instance.append, tasks.config.append
    add_start, add_status = tasks.start.append, tasks.status.append
    # The numbers of the hosts by name, and by number the bytes between id and config in a task of the host.
    hosts: dict[bytes | None, int] = {}
    distances: dict[int, int] = {}
    # How an element ends, by the number of its config.
    tails: dict[int, bytes] = {}
    # By row, the tasks that are elsewhere in their elements.
    moved: dict[int, bytes] = {}
    pack_end, end_length = ELEMENT_END.pack, ELEMENT_END.size
    shift = tasks.spill.size - window.position + ELEMENT_START
    buffer, raw, base = None, b"", 0
    element: Any
    try:
        with window.copied_to(tasks.spill.append):
            for begin, element, end in reader.structs(slim.DeduplicatedTask, count):
                task, config = element.partialScheduledTask, element.taskConfigId
                assigned = task.assignedTask
                if window.cstringio_buf is not buffer:
                    buffer, base = window.cstringio_buf, window.base
                    raw = buffer.getvalue()
                tail = tails.get(config) or tails.setdefault(config, pack_end(CONFIG_NUMBER.header, config, 0))
                if not (raw.startswith(ELEMENT_BEGIN, begin - base) and raw.startswith(tail, end - end_length - base)):
                    moved[row] = _task_of(reader.slice(begin, end))
                ids[assigned.taskId] = row
                row += 1
                host = hosts.get(assigned.slaveHost)
                if host is None:
                    host = hosts[assigned.slaveHost] = tasks.host_number(assigned.slaveHost)
                    distances[host] = _bytes_of(assigned.slaveId) + _bytes_of(assigned.slaveHost)
                add_host(host)
                add_instance(assigned.instanceId or 0)
                add_config(config)
                add_start(begin + shift)
                add_status(task.status)
        # Each element begins at the end of the one before it.
        ends = chain(islice(tasks.start, first + 1, None), (end + shift,))
        tasks.length.extend(map(sub, map(sub, ends, islice(tasks.start, first, None)), repeat(AROUND_A_TASK)))
    except (AttributeError, TypeError, OverflowError, struct.error):
        raise WireError("a task lacks its id, its status or its config", reader.position) from None
    if len(ids) != len(tasks.status) or None in ids:
        raise WireError("two tasks have one id, or one has none", reader.position)
    _complete(tasks, first, distances, moved)


def _complete(tasks: LiveTasks, first: int, distances: Mapping[int, int], moved: Mapping[int, bytes]) -> None:
    """Set where the configs belong in the tasks from the row `first` on, spill those that are elsewhere, and count."""
    before_config = {host: BEFORE_ID + distance for host, distance in distances.items()}
    lengths = map(len, islice(tasks.ids, first, None))
    tasks.split.extend(map(add, lengths, map(before_config.__getitem__, islice(tasks.host, first, None))))
    for row, partial in moved.items():
        tasks.start[row], tasks.length[row] = tasks.spill.append(partial), len(partial)
    tasks.statuses.update(tasks.status[first:])
    tasks.placed += len(tasks.ids) - first - tasks.host[first:].count(0)


def _bytes_of(text: bytes | None) -> int:
    """Return how many bytes a field with this string takes."""
    return 0 if text is None else STRING_HEADER_BYTES + len(text)


def _task_of(element: bytes) -> bytes:
    """Return the task of a DeduplicatedScheduledTask."""
    task = PARTIAL_TASK.get(element)
    if task is None:
        raise WireError("an element of partialTasks has no task", 0)
    return task
