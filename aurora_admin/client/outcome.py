"""What a failed call means: whether it can be sent again, and the error that says what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.client.failures import LookupFailed, ServerError, Unreachable
from aurora_admin.errors import AdminError, BadReply, CallFailed, ConnectionFailed, Interrupted, OutcomeUnknown
from aurora_admin.gen.api import ReadOnlyScheduler

if TYPE_CHECKING:
    from aurora_admin.client.failures import Failure
    from aurora_admin.clusters import Cluster

# Calls of AuroraAdmin that change nothing; the IDL has them there because only administrators may make them.
READ_ONLY_ADMIN_CALLS = frozenset({"listBackups", "maintenanceStatus", "queryRecovery"})


def is_read_only(method: str) -> bool:
    """Return whether a call changes nothing, so that it may be sent again whatever became of it."""
    return method in READ_ONLY_ADMIN_CALLS or hasattr(ReadOnlyScheduler, f"{method}_args")


def may_retry(method: str, failure: Failure) -> bool:
    """Return whether the call may be sent again: a call that changes something only if it was not carried out."""
    return not failure.may_have_run or is_read_only(method)


def interrupted(method: str, url: str) -> Interrupted:
    """Return the error for Ctrl-C while the reply to a call that changes something is awaited."""
    return Interrupted(f"Interrupted before the reply to {method} from {url} arrived. It may have been carried out.")


def final_error(method: str, failure: Failure, cluster: Cluster) -> AdminError:
    """Return the error for a call that is not sent again."""
    name, entry = cluster.name, f"the entry of {cluster.name} in {cluster.path}"
    if isinstance(failure, LookupFailed):
        return failure.error()
    if isinstance(failure, Unreachable):
        return ConnectionFailed(
            f"Cannot reach the scheduler of {name} at {failure.url}: {failure.reason}. Nothing "
            f"was carried out; check that it runs, and {entry}"
        )
    if not failure.may_have_run:
        return CallFailed(
            f"The scheduler of {name} at {failure.url} is not ready: {failure.reason}. Nothing was "
            "carried out; try again in a few minutes"
        )
    text = f"No usable reply to {method} from {failure.url}: {failure.reason}"
    if not is_read_only(method):
        return OutcomeUnknown(f"{text}. It may have been carried out.", hint=f"{entry} has to name a scheduler")
    if isinstance(failure, ServerError):
        return BadReply(f"{text}. The log of the scheduler, or of a proxy before it, says more")
    return BadReply(f"{text}. Try again, and check that {entry} names a scheduler")
