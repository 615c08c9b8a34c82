"""The arguments of a call in the form in which they are stored (docs/api.md 0, Normalisation)."""

from collections.abc import Collection
from typing import Any, TypeVar

from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import (
    Container,
    Identity,
    Image,
    JobConfiguration,
    Resource,
    ResourceAggregate,
    SlaPolicy,
    TaskConfig,
    TaskConstraint,
    Volume,
)
from aurora_admin.scheduler.api.outcome import error
from aurora_admin.wire import codec
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.struct import Struct

S = TypeVar("S", bound=Struct)

# What the generated code does not know of its structs and fields.
UNIONS = frozenset((Container, Image, Resource, SlaPolicy, TaskConstraint))
ENUMS = frozenset(((JobConfiguration, "cronCollisionPolicy"), (Volume, "mode")))
RETIRED: dict[type[Struct], frozenset[str]] = {
    Identity: frozenset(("role",)),
    ResourceAggregate: frozenset(("numCpus", "ramMb", "diskMb")),
    TaskConfig: frozenset(("jobName", "numCpus", "ramMb", "diskMb", "requestedPorts", "environment")),
}
UNSET: dict[int, object] = {
    TType.BOOL: False,
    TType.I32: 0,
    TType.I64: 0,
    TType.DOUBLE: 0.0,
    TType.LIST: (),
    TType.SET: (),
    TType.MAP: {},
}


def normalised(value: S) -> S:
    """Return a copy without retired fields, in which every number, flag and collection is set.

    Strings, enums, structs and unions that are not set stay unset. A set holds each value once, and in an order that
    depends only on the values, so that equal structs have equal bytes.

    Raises:
        Refusal: a union has no known member, or several.
    """
    kind = type(value)
    retired = RETIRED.get(kind, ())
    members: dict[str, object] = {}
    for spec in filter(None, value.thrift_spec):
        ttype, name = spec[1:3]
        member = getattr(value, name)
        if member is not None and name not in retired:
            members[name] = _normalised(member)
        elif ttype in UNSET and name not in retired and kind not in UNIONS and (kind, name) not in ENUMS:
            members[name] = UNSET[ttype]
    if kind in UNIONS and len(members) != 1:
        raise error()
    return kind(**members)


def _normalised(member: Any) -> object:
    if isinstance(member, Struct):
        return normalised(member)
    if isinstance(member, list):
        return [_normalised(element) for element in member]
    if isinstance(member, (set, frozenset)):
        return _distinct(member)
    return member


def _distinct(elements: Collection[Any]) -> tuple[object, ...]:
    """Return each value once: the hash of a struct is its identity, so that a decoded set may hold equal structs."""
    by_value = {_sort_key(element): element for element in map(_normalised, elements)}
    return tuple(by_value[key] for key in sorted(by_value))


def _sort_key(element: Any) -> Any:
    return canonical(codec.encode(element)) if isinstance(element, Struct) else element
