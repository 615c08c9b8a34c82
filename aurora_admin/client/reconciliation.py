"""Have the scheduler compare its tasks with those of Mesos (docs/api.md 1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.gen.api.ttypes import ExplicitReconciliationSettings

if TYPE_CHECKING:
    from aurora_admin.client.reply import Reply
    from aurora_admin.client.scheduler import Scheduler


def reconcile_explicitly(scheduler: Scheduler, batch_size: int | None) -> Reply:
    """Have it ask for the status of each of its tasks, in batches; the scheduler's own size if none is given.

    The scheduler asks in the background, after its reply. Raises as Scheduler.call.
    """
    settings = ExplicitReconciliationSettings(batchSize=batch_size)
    return scheduler.call("triggerExplicitTaskReconciliation", settings=settings)


def reconcile_implicitly(scheduler: Scheduler) -> Reply:
    """Have it ask for the status of every task that Mesos knows; raise as Scheduler.call."""
    return scheduler.call("triggerImplicitTaskReconciliation")
