"""Task configs, each kept once, and the cut that takes them out of their tasks (docs/storage.md 2.7).

The key of a config is its bytes: two encodings of one value are kept twice, which is legal.
"""

from collections.abc import Callable

from thrift.Thrift import TType

from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError

ASSIGNED_TASK = b"\x0c\x00\x01"
BEFORE_CONFIG = (b"\x0b\x00\x01", b"\x0b\x00\x02", b"\x0b\x00\x03")
CONFIG = b"\x0c\x00\x04"
FIRST = (ASSIGNED_TASK, *BEFORE_CONFIG, CONFIG)
# Jobs mostly run one config or are between two; more guesses would make a job of unlike instances slow.
GUESSES = 4


def config_position(raw: bytes) -> int:
    """Return where in a ScheduledTask its config's field stands, or belongs: before the first id above 3."""
    at = len(ASSIGNED_TASK)
    for header in BEFORE_CONFIG:
        if raw[at : at + 3] == header:
            at += 7 + int.from_bytes(raw[at + 3 : at + 7], "big")
    return at


def join_config(partial: bytes, config: bytes) -> bytes:
    """Return the whole ScheduledTask again."""
    at = config_position(partial)
    return b"".join((partial[:at], CONFIG, config, partial[at:]))


def ascending(raw: bytes) -> bytes:
    """Return a ScheduledTask with its fields, and those of its AssignedTask, by their ids: the order of all writers."""
    return fields.join(
        field._replace(value=fields.join(_by_id(field.value))) if _header(field) == ASSIGNED_TASK else field
        for field in _by_id(raw)
    )


def _by_id(struct: bytes) -> list[fields.Field]:
    """Return each field once, as readers keep the last of a kind; those that no writer writes here go to the end."""
    found = {_header(field): field for field in fields.parse(struct)}
    return sorted(found.values(), key=lambda field: (_header(field) not in FIRST, field.id < 1, field.id))


def _header(field: fields.Field) -> bytes:
    return fields.header(field.ttype, field.id)


def _as_it_is(config: bytes) -> bytes:
    return config


class Configs:
    """A table of distinct configs; a config's number is its place in `raw`.

    `mend` is asked once for each config that comes, and what it returns is kept in its place.
    """

    def __init__(self, mend: Callable[[bytes], bytes] = _as_it_is) -> None:
        self.raw: list[bytes] = []
        self._mend = mend
        self._numbers: dict[bytes, int] = {}
        self._recent: dict[int, list[tuple[bytes, int]]] = {}

    def number(self, config: bytes) -> int:
        """Return the number of a config, which it gets when it is first met."""
        number = self._numbers.get(config)
        if number is None:
            mended = self._mend(config)
            number = self._numbers.setdefault(mended, len(self.raw))
            if number == len(self.raw):
                self.raw.append(mended)
            if mended is not config:
                self._numbers[config] = number
        return number

    def split(self, task: bytes, job: int) -> tuple[bytes, int]:
        """Take the config out of a ScheduledTask: return what is left and the config's number.

        `job` is any number that the tasks of one job share.

        Raises:
            WireError: the task has no config.
        """
        at = config_position(task)
        if not (task.startswith(ASSIGNED_TASK) and task.startswith(CONFIG, at)):
            task = ascending(task)
            at = config_position(task)
            if not (task.startswith(ASSIGNED_TASK) and task.startswith(CONFIG, at)):
                raise WireError("a task has no config", 0)
        config, number = self._found_at(task, at + 3, job)
        return task[:at] + task[at + 3 + len(config) :], number

    def _found_at(self, task: bytes, begin: int, job: int) -> tuple[bytes, int]:
        """Return the config that stands here, and its number.

        A struct's encoding is never the beginning of another's, so a known config that fits is the one.
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
