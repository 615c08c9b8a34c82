"""Read a replica of a Mesos replicated log (docs/replicated-log.md 1.9)."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

from aurora_admin.scheduler.logtool.leveldb import torn_journals
from aurora_admin.scheduler.logtool.mesos_records import APPEND, Action, decode_action, decode_status
from aurora_admin.scheduler.storage.engine import LogError

METADATA_KEY = b"0000000000"
POSITION_KEY = re.compile(rb"\d{10}|A\d{20}")


class Replica:
    """The content of a replica's directory. LevelDB writes into `folder`, so it must be a copy.

    Attributes:
        status: "VOTING", or another status of the replica: then positions may be missing at its end.
        begin, end: the first position that was not truncated and the last known one; end < begin if there is none.
        holes: positions that are missing, as ranges.
        pending: positions that are not known to be accepted by a quorum, as ranges.
        left_out: descriptions of records that cannot be used.
        torn: names of journals whose last write is incomplete.

    Raises:
        LogError: it is not such a directory, or it is damaged.
    """

    def __init__(self, folder: str) -> None:
        self._leveldb = leveldb_library()
        self.torn = torn_journals(folder)  # before LevelDB opens the directory and converts its journals to tables
        try:
            self._database = self._leveldb.DB(folder, create_if_missing=False, paranoid_checks=True)
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
        # As ranges and not one by one: a damaged record may have a position far away from the others.
        self.holes = [range(a + 1, b) for a, b in pairwise([begin - 1, *positions]) if b > a + 1]
        self.pending = _ranges(position for position in positions if not known[position])

    def appended(self) -> Iterator[tuple[int, bytes]]:
        """Yield the learned appends with their positions, in order."""
        for action in self._actions([]):
            if action.kind == APPEND and action.learned and action.position >= self.begin:
                yield action.position, action.data

    def _actions(self, left_out: list[str]) -> Iterator[Action]:
        """Yield the actions in the order of their positions, which is that of their keys."""
        try:
            for key, value in self._database.iterator(verify_checksums=True):
                if key == METADATA_KEY:
                    self.status = decode_status(value)
                elif not POSITION_KEY.fullmatch(key):
                    left_out.append(f"a record under the key {key.decode('ascii', 'backslashreplace')!r}")
                elif (action := decode_action(value)) is None or action.position != int(key.removeprefix(b"A")) - 1:
                    left_out.append(f"an unreadable record of position {int(key.removeprefix(b'A')) - 1}")
                else:
                    yield action
        except self._leveldb.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> LogError:
        # The texts of LevelDB's errors are bytes.
        text = b" ".join(part for part in error.args if isinstance(part, bytes)).decode("utf-8", "replace") or error
        return LogError(
            f"The replica cannot be read: {text}. It is damaged, or not a LevelDB database: use another replica."
        )

    def close(self) -> None:
        self._database.close()


def _ranges(ascending: Iterable[int]) -> list[range]:
    found: list[range] = []
    for position in ascending:
        if found and found[-1].stop == position:
            found[-1] = range(found[-1].start, position + 1)
        else:
            found.append(range(position, position + 1))
    return found


def leveldb_library() -> Any:
    """Import the library that reads LevelDB: plyvel, or plyvel-next, its successor for newer versions of Python.

    Raises:
        LogError: neither is installed.
    """
    with suppress(ImportError):
        import plyvel

        return plyvel
    with suppress(ImportError):
        import plyvel_next

        return plyvel_next
    raise LogError(
        "The library plyvel or plyvel-next, which reads a Mesos replica, is not installed: "
        "pip install 'aurora_admin[mesos]'"
    )
