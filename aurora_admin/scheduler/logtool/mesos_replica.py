"""A replica of a Mesos replicated log, read without touching it (docs/replicated-log.md 1.9)."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import pairwise
from types import ModuleType
from typing import NamedTuple

from aurora_admin.scheduler.storage.engine import LogError

METADATA_KEY = b"0000000000"
POSITION_KEY = re.compile(rb"\d{10}|A\d{20}")
PROMISE, ACTION, METADATA = 1, 2, 3
STATUS = {1: "VOTING", 2: "RECOVERING", 3: "STARTING", 4: "EMPTY"}
VOTING = "VOTING"
NOP, APPEND, TRUNCATE = 1, 2, 3
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Message = dict[int, "int | bytes"]
# Of LevelDB's journals: sizes in bytes, and the types of a record that ends a write.
BLOCK, HEAD, FULL, LAST = 1 << 15, 7, 1, 4


class Action(NamedTuple):
    """What a replica knows about one position."""

    position: int
    kind: int
    learned: bool
    data: bytes = b""
    begin: int = 0


class Replica:
    """The content of a replica's directory; `folder` is a copy that is ours to write into.

    Attributes:
        status: VOTING, or what the replica was instead: then it may lack positions at its end.
        begin, end: the first position that was not truncated and the last one known; end < begin where there is none.
        holes, pending: positions that are missing, and those that no quorum is known to have accepted, as ranges.
        left_out: what else is there and cannot be used, in words.
        torn: names of journals whose last write is not whole, which LevelDB passes over without a word.

    Raises:
        LogError: it is no such directory, or it is damaged.
    """

    def __init__(self, folder: str) -> None:
        self._leveldb = _library()
        # Before LevelDB comes, which makes tables of its journals.
        self.torn = [name for name in sorted(os.listdir(folder)) if _is_torn(folder, name)]
        try:
            self._open = self._leveldb.DB(folder, create_if_missing=False, paranoid_checks=True)
        except self._leveldb.Error as error:
            raise self._damaged(error) from error
        self.status = "EMPTY"
        self.left_out: list[str] = []
        self._survey()

    def _survey(self) -> None:
        known: dict[int, bool] = {}
        begin = 0
        for action in self._actions(self.left_out):
            known[action.position] = action.learned
            begin = max(begin, action.begin if action.learned else 0)
        self.begin, self.end = begin, max(known, default=begin - 1)
        positions = sorted(position for position in known if position >= begin)
        # Not one by one: a damaged position may be far away from its neighbour.
        self.holes = [range(a + 1, b) for a, b in pairwise([begin - 1, *positions]) if b > a + 1]
        self.pending = _ranges(position for position in positions if not known[position])

    def appended(self) -> Iterator[tuple[int, bytes]]:
        """Yield the learned appends, in the order of their positions."""
        for action in self._actions([]):
            if action.kind == APPEND and action.learned and action.position >= self.begin:
                yield action.position, action.data

    def _actions(self, left_out: list[str]) -> Iterator[Action]:
        """Yield the actions by their positions; keys sort as these do."""
        try:
            for key, value in self._open.iterator(verify_checksums=True):
                if key == METADATA_KEY:
                    self.status = _status(value)
                elif not POSITION_KEY.fullmatch(key):
                    left_out.append(f"a record under the key {key.decode('ascii', 'backslashreplace')!r}")
                elif (action := _action(value)) is None or action.position != int(key.removeprefix(b"A")) - 1:
                    left_out.append(f"an unreadable record of position {int(key.removeprefix(b'A')) - 1}")
                else:
                    yield action
        except self._leveldb.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> LogError:
        # LevelDB's own words come as bytes.
        text = b" ".join(part for part in error.args if isinstance(part, bytes)).decode("utf-8", "replace") or error
        return LogError(f"The replica cannot be read: {text}. It is damaged, or no LevelDB: take another replica.")

    def close(self) -> None:
        self._open.close()


def _ranges(ascending: Iterable[int]) -> list[range]:
    found: list[range] = []
    for position in ascending:
        if found and found[-1].stop == position:
            found[-1] = range(found[-1].start, position + 1)
        else:
            found.append(range(position, position + 1))
    return found


def copy_replica(source: str, target: str) -> float:
    """Copy a replica's files, and return when the last of them was written, in seconds since the epoch.

    Raises:
        LogError: it is no replica, cannot be read, or is in use.
    """
    if not os.path.isfile(os.path.join(source, "CURRENT")):
        raise LogError(f"{source} is no replica of a Mesos log: there is no file CURRENT in it.")
    try:
        lock = _lock(source)
        try:
            newest = 0.0
            for entry in os.scandir(source):
                if entry.is_file() and entry.name != "LOCK":
                    shutil.copyfile(entry.path, os.path.join(target, entry.name))
                    newest = max(newest, entry.stat().st_mtime)
        finally:
            if lock is not None:
                os.close(lock)
    except OSError as error:
        raise LogError(f"Failed to copy the replica {source}: {error.strerror} ({error.filename}).") from error
    return newest


def _is_torn(folder: str, name: str) -> bool:
    """Tell whether a file is a journal that ends inside a record: a crash, or a copy that is not whole.

    A journal has blocks; in these are records of a head (checksum, length, type) and data. Less than a head is left
    over at the end of a block, and a record of type 0 is room that was never written to.
    """
    if not name.endswith(".log"):
        return False
    with open(os.path.join(folder, name), "rb") as journal:
        kind = LAST
        while block := journal.read(BLOCK):
            at = 0
            while at + HEAD <= len(block) and block[at + HEAD - 1]:
                kind = block[at + HEAD - 1]
                at += HEAD + int.from_bytes(block[at + 4 : at + 6], "little")
            if at > len(block) or (at + HEAD > len(block) != BLOCK and at != len(block)):
                return True
    return kind not in (FULL, LAST)


def _lock(source: str) -> int | None:
    """Take LevelDB's lock for readers: it is refused while a scheduler runs, and keeps one from starting."""
    try:
        lock = os.open(os.path.join(source, "LOCK"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(lock)
        raise LogError(f"The replica {source} is in use; stop the scheduler first.") from None
    return lock


def _library() -> ModuleType:
    try:
        import plyvel
    except ImportError:
        raise LogError(
            "Reading a Mesos replica takes the library plyvel, which is not there: pip install 'aurora_admin[mesos]'"
        ) from None
    library: ModuleType = plyvel
    return library


def _status(value: bytes) -> str:
    """A promise stands where Mesos before 0.17 had no status yet: such a replica votes."""
    try:
        record = _message(value)
        if record.get(1) == PROMISE:
            return VOTING
        number = _message(_bytes(record[4]))[1]
    except (KeyError, ValueError):
        return "damaged"
    return STATUS.get(number, f"status {number}") if isinstance(number, int) else "damaged"


def _action(value: bytes) -> Action | None:
    try:
        record = _message(value)
        return _decoded(_message(_bytes(record[3]))) if record.get(1) == ACTION else None
    except (KeyError, ValueError):
        return None


def _decoded(action: Message) -> Action:
    position, kind, learned = int(action[1]), int(action.get(5, 0)), bool(action.get(4, 0))
    if kind == APPEND:
        return Action(position, kind, learned, data=_bytes(_message(_bytes(action[7]))[1]))
    if kind == TRUNCATE:
        return Action(position, kind, learned, begin=int(_message(_bytes(action[8]))[1]))
    tombstone = kind == NOP and bool(_message(_bytes(action.get(6, b""))).get(1, 0))
    return Action(position, kind, learned, begin=position + 1 if tombstone else 0)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ValueError("a number where a message should be")


def _message(raw: bytes) -> Message:
    """Return the fields of a protobuf message; the last of a number counts."""
    found: Message = {}
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        if tag & 7 == VARINT:
            found[tag >> 3], at = _varint(raw, at)
            continue
        length, at = _varint(raw, at) if tag & 7 == BYTES else ({FIXED64: 8, FIXED32: 4}.get(tag & 7, len(raw)), at)
        if at + length > len(raw):
            raise ValueError("a protobuf message is cut short")
        found[tag >> 3] = raw[at : at + length]
        at += length
    return found


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(raw):
            break
        value |= (raw[at] & 0x7F) << shift
        at += 1
        if raw[at - 1] < 0x80:
            return value, at
    raise ValueError("a protobuf number has no end")
