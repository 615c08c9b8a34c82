"""What a failed call means: whether it can be sent again, and the error that says what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.client.failures import LookupFailed, ServerError, Unreachable, WillNotServe
from aurora_admin.client.http.proxy import proxy_advice
from aurora_admin.errors import (
    AdminError,
    BadReply,
    CallFailed,
    ConnectionFailed,
    Interrupted,
    OutcomeUnknown,
    ServerFailed,
)
from aurora_admin.gen.api import ReadOnlyScheduler

if TYPE_CHECKING:
    from aurora_admin.client.failures import Failure
    from aurora_admin.clusters import Cluster

# Calls of AuroraAdmin that change nothing; the IDL has them there because only administrators may make them.
READ_ONLY_ADMIN_CALLS = frozenset({"listBackups", "maintenanceStatus", "queryRecovery"})
# A real 0.22 fails in this call, each time again, if a task has no executor (docs/api.md 1.4).
WITHOUT_CONFIGS = "getTasksWithoutConfigs"
# Calls that the IDL does not have, because no current release has them.
RETIRED_READ_ONLY_CALLS = frozenset({"getLocks"})
# A scheduler stops after a commit, so that another one at the same moment is refused the connection.
ABOUT_OTHERS = ". A scheduler stops after a commit: if there was one by someone else, look before you retry"


def is_read_only(method: str) -> bool:
    """Return whether a call changes nothing, so that it may be sent again whatever became of it."""
    others = READ_ONLY_ADMIN_CALLS | RETIRED_READ_ONLY_CALLS
    return method in others or hasattr(ReadOnlyScheduler, f"{method}_args")


def may_retry(method: str, failure: Failure) -> bool:
    """Return whether the call may be sent again: a call that changes something only if it was not carried out."""
    if method == WITHOUT_CONFIGS and isinstance(failure, ServerError):
        return False  # the caller has another call, which does not fail at such a task
    return not failure.may_have_run or is_read_only(method)


def interrupted(method: str, url: str) -> Interrupted:
    """Return the error for Ctrl-C while the reply to a call that changes something is awaited."""
    return Interrupted(f"Interrupted before the reply to {method} from {url} arrived. It may have been carried out.")


def final_error(method: str, failure: Failure, cluster: Cluster, *, has_changed: bool) -> AdminError:
    """Return the error for a call that is not sent again.

    `has_changed` is whether the command has changed something by a call before this one. Then the error is about this
    call alone.
    """
    if isinstance(failure, LookupFailed):
        return failure.error(f"{method} was not sent") if has_changed else failure.error()
    entry = f"the entry of {cluster.name} in {cluster.path}"
    if failure.may_have_run:
        return _lost(method, failure, entry)
    return _not_carried_out(method, failure, cluster.name, entry, has_changed=has_changed)


def _not_carried_out(method: str, failure: Failure, cluster: str, entry: str, *, has_changed: bool) -> AdminError:
    scheduler = f"the scheduler of {cluster} at {failure.place}"
    undone = f"{method} was not" if has_changed else "Nothing was"
    if isinstance(failure, Unreachable):
        advice = failure.advice or proxy_advice(failure.url)
        may_be_ended = method == "commitRecovery" and not advice
        advice = advice or f"check that it runs, and {entry}"
        if may_be_ended:
            undone = undone.replace("Nothing", "Nothing of this command")
            advice += ABOUT_OTHERS
        return ConnectionFailed(f"Cannot reach {scheduler}: {failure.reason}. {undone} carried out; {advice}")
    if isinstance(failure, WillNotServe):
        return CallFailed(f"T{scheduler[1:]} {failure.reason}. {undone} carried out; {failure.advice}")
    return CallFailed(
        f"T{scheduler[1:]} is not ready: {failure.reason}. {undone} carried out; try again in a few minutes"
    )


def _lost(method: str, failure: Failure, entry: str) -> AdminError:
    text = f"No usable reply to {method} from {failure.place}: {failure.reason}"
    advice = proxy_advice(failure.url)
    if not is_read_only(method):
        text += f" ({advice})" if advice else ""
        return OutcomeUnknown(f"{text}. It may have been carried out.")
    if advice:
        kind = ServerFailed if isinstance(failure, ServerError) else BadReply
        return kind(f"{text}. Try again, and {advice}; the logs of the proxy and the scheduler say more")
    if isinstance(failure, ServerError):
        return ServerFailed(f"{text}. The log of the scheduler, or of a proxy before it, says more")
    return BadReply(f"{text}. Try again, and check that {entry} names a scheduler")
