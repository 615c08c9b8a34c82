"""Checks across the sections of a snapshot: locks against job updates, and quotas that newer releases refuse."""

from collections.abc import Mapping
from typing import Any

from aurora_admin.gen.api.ttypes import JobUpdateStatus
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.snapshot.paths import LOCK_TOKEN, QUOTA_RESOURCES
from aurora_admin.snapshot.records import Records, Sections, format_key, format_keys
from aurora_admin.snapshot.sections import JOB_UPDATES, LOCKS, QUOTAS
from aurora_admin.snapshot.upgrade import RESOURCE_AMOUNTS
from aurora_admin.wire import codec, fields

ENDED = frozenset(
    (
        JobUpdateStatus.ROLLED_FORWARD,
        JobUpdateStatus.ROLLED_BACK,
        JobUpdateStatus.ABORTED,
        JobUpdateStatus.ERROR,
        JobUpdateStatus.FAILED,
    )
)
# The members of Resource that a quota has.
QUOTA_MEMBERS = sorted(amount.id for amount in RESOURCE_AMOUNTS)


def drop_unused_locks(sections: Sections) -> list[str]:
    """Keep only the locks that a running job update holds, and only tokens that have a lock; return warnings.

    An unused lock would make its job unchangeable. A token without a lock makes old schedulers refuse the snapshot
    (docs/releases.md 2).
    """
    locks, updates = sections.get(LOCKS, {}), sections.get(JOB_UPDATES, {})
    by_token = {codec.decode(slim.Lock, raw).token: key for key, raw in locks.items()}
    used, warnings = set(), []
    for key, raw in updates.items():
        stored = codec.decode(slim.StoredJobUpdateDetails, raw)
        running, token = _status(stored) not in ENDED, stored.lockToken
        if running and token in by_token:
            used.add(by_token[token])
            continue
        if running and (token is not None or locks):
            warnings.append(f"job update {format_key(key)} has not ended, but its lock is missing")
        if token is not None:
            updates[key] = LOCK_TOKEN.drop(raw)
    if unused := [key for key in locks if key not in used]:
        warnings.append(f"left out {len(unused)} locks that no running job update holds: {format_keys(unused)}")
        sections[LOCKS] = {key: raw for key, raw in locks.items() if key in used}
    return warnings


def _status(stored: Any) -> int | None:
    update = stored.details.update if stored.details else None
    state = update.summary.state if update and update.summary else None
    status: int | None = state.status if state else None
    return status


def quota_warnings(sections: Mapping[int, Records]) -> list[str]:
    """Return a warning for quotas that newer releases do not load: of other resources than CPUs, RAM and disk."""
    refused = [key for key, raw in sections.get(QUOTAS, {}).items() if _members(raw) != QUOTA_MEMBERS]
    return [f"{len(refused)} quotas are not of CPUs, RAM and disk: {format_keys(refused)}"] if refused else []


def _members(quota: bytes) -> list[int]:
    return sorted(field.id for resource in QUOTA_RESOURCES.elements(quota) for field in fields.parse(resource))
