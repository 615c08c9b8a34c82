"""Which fields are enums, and that every struct of the API survives the way through JSON."""

import json

import pytest

from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler, ttypes
from aurora_admin.scheduler.api.json_form import ENUMS, JsonFormError, from_json, to_json
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.codec import encode
from tests.support.idl import IDL
from tests.support.jobs import config, job, task

ENUM_NAMES = {name for name, block in IDL["api"].items() if block.kind == "enum"}


def enum_of(declared: str) -> str | None:
    """Return the enum that a type of the IDL is, or is made of."""
    name = declared.removeprefix("set<").removeprefix("list<").removesuffix(">")
    return name if name in ENUM_NAMES else None


def test_every_enum_of_the_idl_is_in_the_table_and_no_other():
    wanted = {}
    for name, block in IDL["api"].items():
        parts = {name: block.body} if block.kind in ("struct", "union") else {}
        if block.kind == "service":
            parts = {f"{method}_args": inner.body for method, inner in block.body.items()}
        for owner, body in parts.items():
            wanted |= {(owner, one.name): enum_of(one.type) for one in body.values() if enum_of(one.type)}
    assert {(kind.__name__, name): enum.__name__ for (kind, name), enum in ENUMS.items()} == wanted


@pytest.mark.parametrize(
    "value", [task(config(priority=3)), job(), config(metadata=set())], ids=lambda v: type(v).__name__
)
def test_a_struct_survives_json(value):
    document = json.loads(json.dumps(to_json(value)))
    assert canonical(encode(from_json(type(value), document))) == canonical(encode(value))


def test_arguments_of_every_call_can_be_read():
    for service in (AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler):
        for name, kind in vars(service).items():
            if name.endswith("_args"):
                assert to_json(from_json(kind, {})) == {}


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (ttypes.JobKey, []),
        (ttypes.JobKey, {"role": ["x"]}),
        (ttypes.TaskConfig, {"isService": 1}),
        (ttypes.TaskConfig, {"priority": 1.5}),
        (ttypes.TaskConfig, {"priority": True}),
        (ttypes.Resource, {"numCpus": "1"}),
        (ttypes.Resource, {"numCpus": 10**400}),
        (ttypes.Resource, {"numCpus": float("inf")}),
        (ttypes.Resource, {"ramMb": 2**63}),
        (ttypes.AssignedTask, {"assignedPorts": {"http": "80"}}),
        (ttypes.ScheduledTask, {"taskEvents": {}}),
        (ttypes.HostStatus, {"mode": 3}),
    ],
)
def test_a_value_of_another_type_is_refused(kind, document):
    with pytest.raises(JsonFormError):
        from_json(kind, document)
