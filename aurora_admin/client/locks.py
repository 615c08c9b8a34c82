"""The locks of jobs that getLocks returns; releases from 0.13 on have none (docs/cli.md 4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.client.python2 import display
from aurora_admin.client.reply import NO_RESULT
from aurora_admin.errors import BadReply, NoSuchCall

if TYPE_CHECKING:
    from aurora_admin.client.reply import Reply
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.gen.api.ttypes import Lock

FIELDS = ("key", "message", "timestampMs", "token", "user")


class JobLock(NamedTuple):
    """A lock, and `text`, which is how the original printed it."""

    role: str | None
    environment: str | None
    job: str | None
    user: str | None
    timestamp_ms: int | None
    message: str | None
    token: str | None
    text: str


def held_locks(scheduler: Scheduler) -> Reply:
    """Ask for the locks; raise as Scheduler.call, NoSuchCall with the reason."""
    try:
        return scheduler.call("getLocks")
    except NoSuchCall as error:
        raise NoSuchCall(f"{error.message}. Releases from 0.13 on have no locks") from error


def locks_of(reply: Reply) -> list[JobLock]:
    """Return the locks in a reply, sorted by job.

    Raises:
        BadReply: the reply has no list of them.
    """
    found = reply.result and reply.result.getLocksResult
    if not found or found.locks is None:
        raise BadReply(NO_RESULT)
    return sorted(map(_job_lock, found.locks), key=lambda lock: ([part or "" for part in lock[:3]], lock.text))


def _job_lock(lock: Lock) -> JobLock:
    job = lock.key and lock.key.job
    key = (job.role, job.environment, job.name) if job else (None, None, None)
    return JobLock(*key, lock.user, lock.timestampMs, lock.message, lock.token, _text(lock))


def _text(lock: Lock) -> str:
    fields = (f"{name!r}: {display(getattr(lock, name))}" for name in FIELDS)
    return "{ " + ",\n  ".join(fields) + "}"
