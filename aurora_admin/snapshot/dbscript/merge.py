"""The sections of a snapshot made whole: what only its dbScript holds is rebuilt, what both hold is compared."""

from collections.abc import Hashable, Iterable, Mapping, MutableMapping
from typing import Any

from thrift.Thrift import TType

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.snapshot.dbscript.parser import ScriptError, read_script
from aurora_admin.snapshot.dbscript.rebuild import SECTIONS_OF_SCRIPT, rebuild
from aurora_admin.snapshot.sections import DB_SCRIPT, JOB_UPDATES, LOCKS, QUOTAS, SECTIONS
from aurora_admin.snapshot.upgrade import QUOTA, QUOTA_RESOURCES, Upgrader, elements
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError, printable

Records = dict[Hashable, bytes]
Sections = MutableMapping[int, Records]
# Statuses of job updates that have ended: ROLLED_FORWARD, ROLLED_BACK, ABORTED, ERROR and FAILED.
ENDED = frozenset((4, 5, 6, 7, 8))
QUOTA_MEMBERS = [1, 2, 3]
LOCK_TOKEN = 2
MOST_NAMED = 5


def keyed(number: int, raw: bytes, upgrader: Upgrader, decoded: Any = None) -> tuple[Hashable, bytes]:
    """Return the key of a section's record, and the record in today's shape.

    `decoded` is the record in its slim form, where that is at hand.

    Raises:
        WireError: it has no key, or lacks what today's shape needs.
    """
    section = SECTIONS[number]
    mended = upgrader.record(number, raw)
    if decoded is None or mended is not raw:
        decoded = codec.decode(section.slim, mended)
    try:
        return section.key(decoded), mended
    except AttributeError:
        raise WireError(f"a record of the {section.name} has no key", 0) from None


def check_script(ttype: int, value: bytes) -> list[bytes]:
    """Return the statements of a snapshot's dbScript.

    Raises:
        WireError: it is no list of strings.
    """
    etype, items = fields.elements(value) if ttype == TType.LIST else (TType.STOP, [value])
    if items and etype != TType.STRING:
        raise WireError(f"field {DB_SCRIPT} of the snapshot is no list of strings", 0)
    return [item[4:] for item in items]


def add_from_script(
    sections: Sections, statements: list[bytes], upgrader: Upgrader, *, allow_partial: bool
) -> list[str]:
    """Fill in the sections that are not there, compare those that are; return what is to be told.

    The records count where both are there: the two were written together (docs/releases.md 3).

    Raises:
        ScriptError: the script cannot be understood or is not whole, and not everything may be missing.
    """
    missing = [number for number in SECTIONS_OF_SCRIPT if number not in sections]
    try:
        rebuilt = {
            number: dict(keyed(number, raw, upgrader) for raw in records)
            for number, records in rebuild(read_script(statements)).items()
        }
    except (ScriptError, WireError) as error:
        if not allow_partial:
            raise ScriptError(str(error)) from None
        return [f"{error}: it was passed over, and these sections are missing: {_names(missing) or 'none'}"]
    notes = []
    if missing:
        sections.update((number, rebuilt[number]) for number in missing)
        notes.append(f"rebuilt from its dbScript, the only place where they stand: {_names(missing)}")
    for number in SECTIONS_OF_SCRIPT:
        if number not in missing:
            notes.extend(_differences(number, sections[number], rebuilt[number]))
    return notes


def _names(numbers: Iterable[int]) -> str:
    return ", ".join(SECTIONS[number].name for number in numbers)


def _differences(number: int, records: Records, rebuilt: Records) -> Iterable[str]:
    different = [
        key
        for key in {**records, **rebuilt}
        if key not in records or key not in rebuilt or not same(records[key], rebuilt[key])
    ]
    if different:
        yield (
            f"its dbScript tells {len(different)} of the {SECTIONS[number].name} otherwise than its records do, "
            f"which count: {some(different)}"
        )


def some(keys: Iterable[Hashable]) -> str:
    """Return the first few of these keys as text."""
    named = sorted(show(key) for key in keys)
    return ", ".join(named[:MOST_NAMED]) + (", ..." if len(named) > MOST_NAMED else "")


def show(key: Any) -> str:
    """Return a record's key as text."""
    if isinstance(key, tuple):
        return "/".join(show(part) for part in key)
    return printable(key) if isinstance(key, bytes) else "one without a job"


def settle_locks(sections: Sections) -> list[str]:
    """Keep the locks of job updates that have not ended, and no token without its lock; return what is to be told.

    Any other lock would keep a job from being changed for ever, and a token without its lock makes an old scheduler
    refuse the snapshot (docs/releases.md 2).
    """
    locks, updates = sections.get(LOCKS, {}), sections.get(JOB_UPDATES, {})
    by_token = {codec.decode(slim.Lock, raw).token: key for key, raw in locks.items()}
    kept, notes = set(), []
    for key, raw in updates.items():
        stored = codec.decode(slim.StoredJobUpdateDetails, raw)
        running, token = _status(stored) not in ENDED, stored.lockToken
        if running and token in by_token:
            kept.add(by_token[token])
            continue
        if running and (token is not None or locks):
            notes.append(f"job update {show(key)} has not ended and its lock is missing")
        if token is not None:
            updates[key] = fields.drop(raw, [LOCK_TOKEN])
    if left := [key for key in locks if key not in kept]:
        notes.append(f"left out {len(left)} locks that no running job update holds: {some(left)}")
        sections[LOCKS] = {key: raw for key, raw in locks.items() if key in kept}
    return notes


def _status(stored: Any) -> int | None:
    update = stored.details.update if stored.details else None
    state = update.summary.state if update and update.summary else None
    status: int | None = state.status if state else None
    return status


def odd_quotas(sections: Mapping[int, Records]) -> list[str]:
    """Tell of quotas that newer releases refuse to load: those of other members than the three."""
    odd = [key for key, raw in sections.get(QUOTAS, {}).items() if _members(raw) != QUOTA_MEMBERS]
    return [f"{len(odd)} quotas are not of CPUs, RAM and disk: {some(odd)}"] if odd else []


def _members(raw: bytes) -> list[int]:
    return sorted(field.id for item in elements(raw, QUOTA, QUOTA_RESOURCES) for field in fields.parse(item))
