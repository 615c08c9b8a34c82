"""Tasks joined with their configs many at a time, for replies with a million of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from operator import add

from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.snapshot.configs import BEFORE_ID, CONFIG, TASK_BEGIN, config_position

# How many tasks are looked at together, and how many bytes are read or made at once.
BATCH = 256
PIECE = 1 << 20
# Tasks are read together with what lies between them, as long as that is quicker than another read: so many bytes for
# each task, but no more than a piece, and so many for each byte of the tasks.
READ_FOR_A_TASK = 1 << 16
READ_FOR_A_BYTE = 4
# What is nowhere before a config, because no field has type 255.
UNKNOWN = b"\xff\xff\xff"

# Task configs by their numbers.
Configs = Sequence[bytes] | Mapping[int, bytes]


def joined(tasks: LiveTasks, rows: Sequence[int], shown: Configs) -> Iterator[bytes]:
    """Yield the ScheduledTasks of some rows one after another, in pieces of about a MiB that end with a task.

    The pieces have the bytes of LiveTasks.records(). `shown` has the configs to put into the tasks, by their numbers.

    Raises:
        EOFError: the file of the tasks is truncated.
    """
    join = _Joiner(tasks, shown)
    parts: list[bytes] = []
    size = 0
    for at in range(0, len(rows), BATCH):
        for found, made in join.batches(rows[at : at + BATCH]):
            parts += found
            size += made
            if size > PIECE:
                yield b"".join(parts)
                parts, size = [], 0
    if parts:
        yield b"".join(parts)


class _Joiner:
    """Cuts tasks where the config belongs: after the id, the agent and the host.

    The place in the table is right if the agent has the usual length. Agent and host are mostly the same bytes in all
    tasks of a host, so these bytes are remembered, and one comparison shows that the place is right.
    """

    def __init__(self, tasks: LiveTasks, shown: Configs) -> None:
        self._tasks = tasks
        self._shown = shown
        # By host, the bytes from the end of the id to the header of the field that follows the place of the config.
        self._hosts = [UNKNOWN] * len(tasks.hosts)

    def batches(self, rows: Sequence[int]) -> Iterator[tuple[list[bytes], int]]:
        """Yield the parts of some tasks, and about how many bytes they have.

        Tasks are halved as long as they are far from each other, or too much at once.
        """
        tasks, shown = self._tasks, self._shown
        starts = [tasks.start[row] for row in rows]
        lengths = [tasks.length[row] for row in rows]
        configs = [shown[tasks.config[row]] for row in rows]
        begin, size = min(starts), sum(lengths)
        read, made = max(starts) + max(lengths) - begin, size + sum(map(len, configs))
        is_dense = read <= max(min(PIECE, READ_FOR_A_TASK * len(rows)), READ_FOR_A_BYTE * size)
        if len(rows) > 1 and not (is_dense and made <= PIECE):
            half = len(rows) // 2
            yield from self.batches(rows[:half])
            yield from self.batches(rows[half:])
            return
        window = os.pread(tasks.spill.fd, read, begin)
        if len(window) < read and begin + len(window) < max(map(add, starts, lengths)):
            raise EOFError(f"the file of the tasks ends at offset {begin + len(window)}, in a task")
        yield self._parts(window, [start - begin for start in starts], lengths, configs, rows), made

    def _parts(
        self, window: bytes, starts: list[int], lengths: list[int], configs: list[bytes], rows: Sequence[int]
    ) -> list[bytes]:
        """Return the parts of tasks, which are in the window."""
        parts: list[bytes] = []
        split, host, hosts, starts_with = self._tasks.split, self._tasks.host, self._hosts, window.startswith
        header = len(CONFIG)
        for start, length, config, row in zip(starts, lengths, configs, rows, strict=True):
            place = start + split[row]
            known = hosts[host[row]]
            end = start + length
            if not starts_with(known, place + header - len(known)):
                place = start + self._place(window[start:end], row)
            parts += window[start:place], CONFIG, config, window[place:end]
        return parts

    def _place(self, partial: bytes, row: int) -> int:
        """Return where the config belongs in the task of a row, and remember its agent and host."""
        place = config_position(partial)
        if partial.startswith(TASK_BEGIN):
            after_id = BEFORE_ID + int.from_bytes(partial[len(TASK_BEGIN) : BEFORE_ID], "big")
            self._hosts[self._tasks.host[row]] = partial[after_id : place + len(CONFIG)]
        return place
