"""Who changed what, when and why: a line of JSON for each call that changes something (docs/api.md 5.8)."""

import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from aurora_admin.backup.atomic_file import sync_folder
from aurora_admin.backup.os_errors import explain

logger = logging.getLogger(__name__)

FILE_NAME = "audit.log"
# The calls that take hosts out of service, and the one that brings them back.
TAKE_OUT = frozenset(("startMaintenance", "drainHosts", "slaDrainHosts"))
BRING_BACK = "endMaintenance"
DONE = "OK"
ADVICE = "Calls are carried out without an entry there until it can be written again."


class AuditEntry(NamedTuple):
    """A call, and what came of it.

    Attributes:
        time: in UTC, in the form of ISO 8601.
        caller: the address that the call came from.
        arguments: what else was given, as a text.
        from_service: those of `hosts` that were in service before: what was said of them earlier counts no more.
        hosts: the known hosts of a call that was carried out.
        reason: why it was made; an empty text if that was not said.
        response: the name of the ResponseCode.
    """

    time: str
    caller: str
    call: str
    response: str
    reason: str = ""
    hosts: Sequence[str] = ()
    from_service: Sequence[str] = ()
    role: str | None = None
    arguments: str = ""


class HostReason(NamedTuple):
    """Why a host is in maintenance, since when, and who said so."""

    reason: str
    since: str
    caller: str


class Audit:
    """The file audit.log in a folder, with mode 0600.

    `add` returns when the entry is on disk. A file that cannot be written or read stops nothing: an ERROR in the log
    says so, once until it works again. The file may be moved away at any time; a new one is begun then.

    Of the entries only the reasons of hosts in maintenance stay in memory.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE_NAME)
        self._lock = threading.Lock()
        self._failed = False
        self._reasons: dict[str, HostReason] = {}
        self._read()

    def add(self, entry: AuditEntry) -> None:
        """Append an entry."""
        with self._lock:
            self._note(entry)
            try:
                self._append(entry)
                self._failed = False
            except OSError as error:
                self._fail("write", error)

    def reasons(self) -> dict[str, HostReason]:
        """Return the reasons that were given for hosts since they were in service last."""
        with self._lock:
            return dict(self._reasons)

    def _append(self, entry: AuditEntry) -> None:
        given = {name: value for name, value in entry._asdict().items() if value or name == "caller"}
        line = json.dumps(given).encode() + b"\n"
        number = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(number, 1, size - 1) != b"\n":
                line = b"\n" + line  # the end of the last entry was lost in a crash
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            os.fsync(number)
        if not size:
            sync_folder(os.path.dirname(self.path))

    def _note(self, entry: AuditEntry) -> None:
        if entry.response != DONE:
            return
        if entry.call in TAKE_OUT or entry.call == BRING_BACK:
            # A restore may have brought hosts back too, and no entry says of which.
            for host in entry.hosts if entry.call == BRING_BACK else entry.from_service:
                self._reasons.pop(host, None)
        if entry.call in TAKE_OUT and entry.reason:
            self._reasons.update(dict.fromkeys(entry.hosts, HostReason(entry.reason, entry.time, entry.caller)))

    def _read(self) -> None:
        """Take the reasons from the file, if there is one."""
        try:
            for entry in self._entries():
                self._note(entry)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._fail("read", error)

    def _entries(self) -> Iterator[AuditEntry]:
        with open(self.path, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if not line.isspace():
                    try:
                        yield _entry(json.loads(line))
                    except (ValueError, TypeError, RecursionError):
                        logger.warning("%s: line %d is not an entry, and is passed over", self.path, number)

    def _fail(self, what: str, error: OSError) -> None:
        if not self._failed:
            logger.error("Failed to %s the audit log %s: %s %s", what, self.path, explain(error, self.path), ADVICE)
        self._failed = True


def _entry(document: Any) -> AuditEntry:
    """Return the entry of a line.

    Raises:
        TypeError: it is none.
    """
    known = {name: document[name] for name in AuditEntry._fields if name in document}
    entry = AuditEntry(**known)
    lists = (entry.hosts, entry.from_service)
    texts = (entry.time, entry.caller, entry.call, entry.response, entry.reason, *entry.hosts, *entry.from_service)
    if not all(isinstance(one, list | tuple) for one in lists) or not all(isinstance(text, str) for text in texts):
        raise TypeError("a value of another type")
    return entry


def iso_time(milliseconds: int) -> str:
    """Return a time since the epoch in UTC, in the form of ISO 8601."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).isoformat(timespec="milliseconds")
