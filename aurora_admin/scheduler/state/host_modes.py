"""The maintenance modes of hosts, and what becomes of them when tasks end (docs/api.md 1.6)."""

from collections.abc import Collection, Iterable, Iterator

from aurora_admin.gen.api.ttypes import HostAttributes, MaintenanceMode
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.task_moves import TaskMoves
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

MODE = path(HostAttributes, "mode")
# The message of the event with which a task begins to leave its host.
DRAIN_MESSAGE = "Draining machine for maintenance."


def mode_of(attributes: bytes) -> int:
    """Return the mode in encoded HostAttributes; old releases left out NONE."""
    return int(MODE.value(attributes) or MaintenanceMode.NONE)


def set_mode(stores: Stores, host: bytes, mode: int) -> Iterator[Op]:
    """Yield the op that gives a known host a mode; none if nothing changes, as a real scheduler."""
    attributes = stores.hosts[host]
    changed = MODE.put(attributes, fields.i32(mode))
    if changed != attributes:
        yield ops.save_host(changed)


def active_rows(stores: Stores, hosts: Iterable[bytes], without: Collection[int] = ()) -> dict[bytes, list[int]]:
    """Return for each of these hosts the rows of its active tasks; hosts without one are left out."""
    tasks, wanted = stores.tasks, frozenset(hosts)
    if not wanted:
        return {}  # an empty filter would select every task
    names = {tasks.hosts[host]: host for host in wanted if host in tasks.hosts}
    found: dict[bytes, list[int]] = {}
    for row in tasks.select(TaskFilter(hosts=wanted, statuses=ACTIVE)):
        if row not in without:
            found.setdefault(names[tasks.host[row]], []).append(row)
    return found


def ops_of(stores: Stores, moves: TaskMoves) -> Iterator[Op]:
    """Yield the ops of the moves, and of the hosts whose drain ends with them."""
    yield from moves.ops()
    hosts = [host for host in sorted(set(moves.ended.values())) if is_draining(stores, host)]
    busy = active_rows(stores, hosts, moves.ended.keys())
    for host in hosts:
        if host not in busy:
            yield from drained(stores, host)


def is_draining(stores: Stores, host: bytes) -> bool:
    attributes = stores.hosts.get(host)
    return attributes is not None and mode_of(attributes) == MaintenanceMode.DRAINING


def drained(stores: Stores, host: bytes) -> Iterator[Op]:
    """Yield the ops at the end of a drain: the last active task of the host has ended."""
    yield from set_mode(stores, host, MaintenanceMode.DRAINED)
    yield ops.remove_maintenance_request(host)
