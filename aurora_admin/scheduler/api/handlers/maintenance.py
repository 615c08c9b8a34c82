"""startMaintenance, drainHosts, slaDrainHosts, maintenanceStatus and endMaintenance (docs/api.md 1.6)."""

from collections.abc import Iterator, Mapping

from aurora_admin.gen.api.AuroraAdmin import (
    drainHosts_args,
    endMaintenance_args,
    maintenanceStatus_args,
    slaDrainHosts_args,
    startMaintenance_args,
)
from aurora_admin.gen.api.ttypes import (
    HostMaintenanceRequest,
    Hosts,
    HostStatus,
    MaintenanceMode,
    PercentageSlaPolicy,
    Result,
    ScheduleStatus,
    SlaPolicy,
)
from aurora_admin.scheduler.api.normalise import normalised
from aurora_admin.scheduler.api.outcome import Outcome, error, invalid_request, with_structs
from aurora_admin.scheduler.api.query import as_bytes
from aurora_admin.scheduler.api.services import Services, task_moves
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.host_modes import DRAIN_MESSAGE, active_rows, drained, mode_of, set_mode
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.storage import Transaction
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import Path, path

STARTED = path(Result, "startMaintenanceResult.statuses")
DRAIN = path(Result, "drainHostsResult.statuses")
STATUS = path(Result, "maintenanceStatusResult.statuses")
ENDED = path(Result, "endMaintenanceResult.statuses")
HOST = path(HostStatus, "host")
MODE = path(HostStatus, "mode")
REQUESTED_HOST = path(HostMaintenanceRequest, "host")

NO_POLICY = SlaPolicy(percentageSlaPolicy=PercentageSlaPolicy(percentage=0.0, durationSecs=0))
POLICY_MISSING = (
    "slaDrainHosts needs a defaultSlaPolicy, for the tasks that have no policy of their own; nothing was changed. "
    "Give one, or drain the hosts without regard to policies with drainHosts."
)


def start_maintenance(services: Services, arguments: startMaintenance_args) -> Outcome:
    names = _names(arguments.hosts)
    with services.storage.transaction() as transaction:
        return _set_modes(transaction, names, MaintenanceMode.SCHEDULED, STARTED)


def maintenance_status(services: Services, arguments: maintenanceStatus_args) -> Outcome:
    names = _names(arguments.hosts)
    with services.storage.read() as stores:
        return _statuses(STATUS, _modes(stores, names))


def end_maintenance(services: Services, arguments: endMaintenance_args) -> Outcome:
    """Put hosts back into service. Tasks that are DRAINING stay so."""
    names = _names(arguments.hosts)
    with services.storage.transaction() as transaction:
        transaction.ops.extend(map(ops.remove_maintenance_request, names))
        return _set_modes(transaction, names, MaintenanceMode.NONE, ENDED)


def drain_hosts(services: Services, arguments: drainHosts_args) -> Outcome:
    """Drain hosts at once; a host without an active task is DRAINED in the reply already."""
    names = _names(arguments.hosts)
    with services.storage.transaction() as transaction:
        transaction.ops.extend(_requests(services, names, NO_POLICY, 0))
        before = _modes(transaction.stores, names)
        modes = _drain(services, transaction, names)
    return _statuses(DRAIN, modes)._replace(hosts=before)


def sla_drain_hosts(services: Services, arguments: slaDrainHosts_args) -> Outcome:
    """Note that hosts are to be drained; their tasks are drained as soon as the policies allow it."""
    names = _names(arguments.hosts)
    if arguments.defaultSlaPolicy is None:
        raise invalid_request(POLICY_MISSING)
    policy = normalised(arguments.defaultSlaPolicy)
    with services.storage.transaction() as transaction:
        transaction.ops.extend(_requests(services, names, policy, arguments.timeoutSecs or 0))
        outcome = _set_modes(transaction, names, MaintenanceMode.DRAINING, DRAIN)
    services.poll_maintenance()
    return outcome


def _names(hosts: Hosts | None) -> list[bytes]:
    """Return the names of the hosts, each once."""
    if hosts is None or hosts.hostNames is None:
        raise error()
    return sorted(set(map(as_bytes, hosts.hostNames)))


def _set_modes(transaction: Transaction, names: list[bytes], mode: int, member: Path) -> Outcome:
    """Give the known ones of these hosts a mode, and return their statuses."""
    before = _modes(transaction.stores, names)
    for name in before:
        transaction.ops.extend(set_mode(transaction.stores, name, mode))
    return _statuses(member, dict.fromkeys(before, mode))._replace(hosts=before)


def _modes(stores: Stores, names: list[bytes]) -> dict[bytes, int]:
    """Return the mode of each known one of these hosts."""
    return {name: mode_of(stores.hosts[name]) for name in names if name in stores.hosts}


def _requests(services: Services, names: list[bytes], policy: SlaPolicy, timeout_seconds: int) -> Iterator[Op]:
    """Yield an op for every host, known or not."""
    request = HostMaintenanceRequest(None, policy, timeout_seconds, services.clock_ms())
    raw = codec.encode(request)
    return (ops.save_maintenance_request(REQUESTED_HOST.put(raw, fields.string(name))) for name in names)


def _drain(services: Services, transaction: Transaction, names: list[bytes]) -> dict[bytes, int]:
    """Drain the tasks of these hosts, and return the modes of those that are known."""
    stores = transaction.stores
    before = active_rows(stores, names)
    moves = task_moves(services, stores)
    for rows in before.values():
        moves.request(rows, ScheduleStatus.DRAINING, DRAIN_MESSAGE)
    transaction.ops.extend(moves.ops())
    busy = {name for name, rows in before.items() if not moves.ended.keys() >= set(rows)}
    modes = {}
    for name in (name for name in names if name in stores.hosts):
        modes[name] = MaintenanceMode.DRAINING if name in busy else MaintenanceMode.DRAINED
        transaction.ops.extend(_mode_of_drain(stores, name, modes[name], had_tasks=name in before))
    return modes


def _mode_of_drain(stores: Stores, name: bytes, mode: int, *, had_tasks: bool) -> Iterator[Op]:
    """Yield the ops of a drained host's mode. The request stays if there was nothing to drain."""
    if mode == MaintenanceMode.DRAINED and had_tasks:
        return drained(stores, name)
    return set_mode(stores, name, mode)


def _statuses(member: Path, modes: Mapping[bytes, int]) -> Outcome:
    # Encoded by field, because the name of a stored host may not be UTF-8.
    statuses = [
        fields.join([HOST.field(fields.string(host)), MODE.field(fields.i32(mode))]) for host, mode in modes.items()
    ]
    return with_structs(member, len(statuses), statuses)
