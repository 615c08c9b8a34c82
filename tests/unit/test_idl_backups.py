"""The generated structs have all fields of real schedulers' backups, including the retired ones."""

import gzip
from collections import Counter

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api.ttypes import TaskConfig
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.canonical import same
from aurora_admin.wire.codec import encode
from aurora_admin.wire.struct import Struct
from tests.support.idl import IDL
from tests.support.places import FIXTURES
from tests.support.structs import UNIONS

BACKUPS = sorted(path for path in (FIXTURES / "backups").glob("*") if ".expect." not in path.name)
SCALARS = {f"TaskConfig.{name}" for name in ("numCpus", "ramMb", "diskMb", "requestedPorts")}
QUOTAS = {f"ResourceAggregate.{name}" for name in ("numCpus", "ramMb", "diskMb")}
NAMES = {"TaskConfig.jobName", "TaskConfig.environment", "Identity.role"}
LOCKS = {"Snapshot.locks", "StoredJobUpdateDetails.lockToken"}
DATABASE = {"Snapshot.dbScript", "Snapshot.experimentalTaskStore"}
UNTIL_008 = (
    SCALARS
    | QUOTAS
    | LOCKS
    | NAMES
    | {
        "SchedulerMetadata.version",
        "JobUpdateSummary.updateId",
        "JobUpdateSummary.jobKey",
        "JobUpdateSettings.maxWaitToInstanceRunningMs",
    }
)
RETIRED = {
    "era-006": UNTIL_008,
    "era-008": UNTIL_008,
    "era-012-nodbscript": SCALARS | QUOTAS | LOCKS | NAMES,
    "era-013-dbscript": SCALARS | QUOTAS | LOCKS | DATABASE,
    "era-016-dbscript": SCALARS | QUOTAS | LOCKS | DATABASE,
    "era-016-failover": SCALARS | QUOTAS | LOCKS | DATABASE,
    "era-018-dbscript": SCALARS | QUOTAS | LOCKS | DATABASE,
    "era-018-trimmed": SCALARS | DATABASE,
    "era-018-trimmed-failover": SCALARS | DATABASE,
}
# StoredJob.jobManagerId is not a field of StoredCronJob.
LOSES_A_FIELD = {"era-006"}


def members(value):
    """Yield every struct inside a value, itself included, with the names of the fields that are set."""
    if isinstance(value, Struct):
        present = [name for name in value.__slots__ if getattr(value, name) is not None]
        yield value, present
        value = [getattr(value, name) for name in present]
    if isinstance(value, (list, set)):
        for each in value:
            yield from members(each)


def read_complete(path):
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    transport = TMemoryBuffer(raw)
    snapshot = Snapshot()
    snapshot.read(TBinaryProtocolAccelerated(transport, fallback=False))
    assert transport.read(1) == b""
    return raw, snapshot


@pytest.mark.parametrize("path", BACKUPS, ids=lambda path: path.name)
def test_backup(path):
    raw, snapshot = read_complete(path)
    found = Counter()
    for struct, present in members(snapshot):
        assert type(struct) not in UNIONS or len(present) == 1, struct
        found.update(f"{type(struct).__name__}.{name}" for name in present)
    retired = {
        f"{name}.{field.name}"
        for module in ("api", "storage")
        for name, block in IDL[module].items()
        if block.kind == "struct"
        for field in block.body.values()
        if field.retired
    }
    assert set(found) & retired == RETIRED.get(path.name, set())
    assert same(encode(snapshot), raw) == (path.name not in LOSES_A_FIELD)


def task_configs(name):
    _, snapshot = read_complete(FIXTURES / "backups" / name)
    return [struct for struct, _ in members(snapshot) if isinstance(struct, TaskConfig)]


@pytest.mark.parametrize("name", ["era-006", "era-008", "era-012-nodbscript"])
def test_retired_names_equal_the_job(name):
    configs = task_configs(name)
    assert configs
    assert [(config.owner.role, config.environment, config.jobName) for config in configs] == [
        (config.job.role, config.job.environment, config.job.name) for config in configs
    ]


@pytest.mark.parametrize("name", ["era-016-dbscript", "era-016-failover"])
def test_retired_amounts_equal_the_resources(name):
    configs = task_configs(name)
    assert configs
    for config in configs:
        resources = {
            member: getattr(resource, member)
            for resource in config.resources
            for member in ("numCpus", "ramMb", "diskMb")
            if getattr(resource, member) is not None
        }
        assert resources == {"numCpus": config.numCpus, "ramMb": config.ramMb, "diskMb": config.diskMb}
        assert config.requestedPorts == {resource.namedPort for resource in config.resources} - {None}
