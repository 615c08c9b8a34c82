"""The task configs of a state, each kept once, and the split of tasks into config and rest (docs/storage.md 2.7).

A config is identified by its bytes: two encodings of one value are kept twice, which the format allows.
"""

import struct
from collections.abc import Callable

from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import AssignedTask, ScheduledTask
from aurora_admin.snapshot.paths import CONFIG_NUMBER
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path
from aurora_admin.wire.walk import FIELD_HEADER_BYTES, LENGTH_BYTES

# Headers of fields: of the AssignedTask in a ScheduledTask, and in it of the fields before the config and the config.
ASSIGNED_TASK = path(ScheduledTask, "assignedTask").header
BEFORE_CONFIG = tuple(path(AssignedTask, name).header for name in ("taskId", "slaveId", "slaveHost"))
CONFIG = path(AssignedTask, "task").header
FIRST = (ASSIGNED_TASK, *BEFORE_CONFIG, CONFIG)
# A task begins with its id, as every writer encodes it.
TASK_BEGIN = ASSIGNED_TASK + BEFORE_CONFIG[0]
BEFORE_ID = len(TASK_BEGIN) + LENGTH_BYTES
# What follows the task in a DeduplicatedScheduledTask, as every writer encodes it: the header and the value of its
# config's number, and STOP.
ELEMENT_END = struct.Struct(f"!{len(CONFIG_NUMBER.header)}siB")
# The tasks of a job mostly share one config, or two during an update. More guesses make jobs of many configs slow.
GUESSES = 4


def config_position(raw: bytes) -> int:
    """Return the position of the config's field in a ScheduledTask, or where it belongs if it is missing."""
    at = len(ASSIGNED_TASK)
    for header in BEFORE_CONFIG:
        length_at = at + FIELD_HEADER_BYTES
        if raw[at:length_at] == header:
            value_at = length_at + LENGTH_BYTES
            at = value_at + int.from_bytes(raw[length_at:value_at], "big")
    return at


def join_config(partial: bytes, config: bytes) -> bytes:
    """Return the ScheduledTask of its two halves."""
    at = config_position(partial)
    return b"".join((partial[:at], CONFIG, config, partial[at:]))


def ascending(raw: bytes) -> bytes:
    """Return a ScheduledTask with its fields, and those of its AssignedTask, in the order in which schedulers write."""
    return fields.join(
        field._replace(value=fields.join(_by_id(field.value))) if _header(field) == ASSIGNED_TASK else field
        for field in _by_id(raw)
    )


def _by_id(struct: bytes) -> list[fields.Field]:
    """Return each field once, by id; of several with one id the last, as for every reader.

    Fields that a scheduler does not write at the beginning go to the end.
    """
    found = {_header(field): field for field in fields.parse(struct)}
    return sorted(found.values(), key=lambda field: (_header(field) not in FIRST, field.id < 1, field.id))


def _header(field: fields.Field) -> bytes:
    return fields.header(field.ttype, field.id)


def _unchanged(config: bytes) -> bytes:
    return config


class Configs:
    """A table of distinct configs. The number of a config is its index in `raw`, and never changes.

    `upgrade` is called once for each distinct config; the table has what it returns. Only one thread may add configs;
    others may read `raw` meanwhile.
    """

    def __init__(self, upgrade: Callable[[bytes], bytes] = _unchanged) -> None:
        self.raw: list[bytes] = []
        self._upgrade = upgrade
        self._numbers: dict[bytes, int] = {}
        self._recent: dict[int, list[tuple[bytes, int]]] = {}

    def number(self, config: bytes) -> int:
        """Return the number of a config; a new config is added."""
        number = self._numbers.get(config)
        if number is None:
            upgraded = self._upgrade(config)
            number = self._numbers.setdefault(upgraded, len(self.raw))
            if number == len(self.raw):
                self.raw.append(upgraded)
            if upgraded is not config:
                self._numbers[config] = number
        return number

    def split(self, task: bytes, job: int) -> tuple[bytes, int]:
        """Return a ScheduledTask without its config, and the config's number.

        `job` is any number that the tasks of a job share.

        Raises:
            WireError: the task has no config.
        """
        at = config_position(task)
        if not (task.startswith(ASSIGNED_TASK) and task.startswith(CONFIG, at)):
            task = ascending(task)
            at = config_position(task)
            if not (task.startswith(ASSIGNED_TASK) and task.startswith(CONFIG, at)):
                raise WireError("a task has no config", 0)
        config, number = self._config_at(task, at + FIELD_HEADER_BYTES, job)
        return task[:at] + task[at + FIELD_HEADER_BYTES + len(config) :], number

    def _config_at(self, task: bytes, begin: int, job: int) -> tuple[bytes, int]:
        """Return the config at this position, and its number.

        The encoding of a struct is never the beginning of another struct's, so a known config that fits is the config.
        """
        recent = self._recent.setdefault(job, [])
        for found in recent:
            if task.startswith(found[0], begin):
                return found
        config = task[begin : fields.skip(task, begin, TType.STRUCT)]
        number = self.number(config)
        known = self.raw[number]
        recent.insert(0, (known if known == config else config, number))
        del recent[GUESSES:]
        return recent[0]
