"""For the tests of the wire: strategies for structs in TBinary, real bytes, and checks for hostile input."""

import functools
import math
import struct
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from thrift.Thrift import TType

from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.samples.backup import write_sample
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path
from tests.support.places import FIXTURES

# No test depends on the speed of the machine.
settings.register_profile("untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

BACKUPS = ("era-006", "era-013-dbscript", "era-018-trimmed", "small-022")
SCALARS = (TType.BOOL, TType.BYTE, TType.I16, TType.I32, TType.I64, TType.DOUBLE, TType.STRING)
NESTED = (TType.STRUCT, TType.LIST, TType.SET, TType.MAP)
LAYOUTS = {TType.BYTE: "!b", TType.I16: "!h", TType.I32: "!i", TType.I64: "!q"}
BITS = {TType.BYTE: 8, TType.I16: 16, TType.I32: 32, TType.I64: 64}
IDS = st.one_of(st.integers(1, 12), st.integers(-(2**15), 2**15 - 1))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(str.encode)
BYTES = st.binary(max_size=8)


class Kind(NamedTuple):
    """The structs that a strategy makes: strings in UTF-8 or not, ids unique or not, and the levels of nesting."""

    text: bool = False
    unique: bool = False
    depth: int = 3

    @property
    def inner(self) -> "Kind":
        return self._replace(depth=self.depth - 1)


ANY = Kind()
UNIQUE = Kind(unique=True)
TEXTUAL = Kind(unique=True, text=True)


def values(ttype: int, kind: Kind = ANY) -> st.SearchStrategy[bytes]:
    """Any value of a type."""
    if ttype == TType.BOOL:
        return st.sampled_from([b"\0", b"\1"])
    if ttype == TType.DOUBLE:
        return st.floats().filter(lambda x: not math.isnan(x)).map(fields.double)
    if ttype == TType.STRING:
        return (TEXTS if kind.text else BYTES).map(fields.string)
    if ttype in BITS:
        half = 2 ** (BITS[ttype] - 1)
        return st.integers(-half, half - 1).map(functools.partial(struct.pack, LAYOUTS[ttype]))
    return nested(ttype, kind)


@st.composite
def nested(draw: Any, ttype: int, kind: Kind) -> bytes:
    inner = SCALARS + NESTED if kind.depth else SCALARS
    if ttype == TType.STRUCT:
        return draw(structs(kind.inner)) if kind.depth else b"\0"
    if ttype == TType.MAP:
        ktype, vtype = draw(st.sampled_from(SCALARS)), draw(st.sampled_from(inner))
        keys = draw(st.lists(values(ktype, kind), max_size=2, unique=True))
        pairs = b"".join(key + draw(values(vtype, kind.inner)) for key in keys)
        return struct.pack("!BBi", ktype, vtype, len(keys)) + pairs
    etype = draw(st.sampled_from(inner))
    return fields.container(etype, draw(st.lists(values(etype, kind.inner), max_size=3)))


@st.composite
def structs(draw: Any, kind: Kind = ANY) -> bytes:
    """Any struct: ids in any order, all types of Thrift, nested."""
    ids = draw(st.lists(IDS, max_size=6, unique=kind.unique))
    types = [draw(st.sampled_from(SCALARS + NESTED)) for _ in ids]
    return fields.join(
        fields.Field(number, ttype, draw(values(ttype, kind))) for number, ttype in zip(ids, types, strict=True)
    )


@functools.cache
def sample() -> bytes:
    """A generated backup."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sample"
        write_sample(str(file), 60)
        return file.read_bytes()


@functools.cache
def sample_task() -> bytes:
    return path(Snapshot, "tasks").elements(sample())[0]


def snapshots(names: Sequence[str] = BACKUPS) -> list[Any]:
    """Return parameters: the generated backup, and backups of real schedulers."""
    real = [pytest.param((FIXTURES / "backups" / name).read_bytes, id=name) for name in names]
    return [pytest.param(sample, id="sample"), *real]


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Fail if the block has `size` bytes or more of memory in use at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def refused(call: Callable[[bytes], object], raw: bytes) -> WireError | None:
    """Call with bytes that may be damaged; return the WireError, whose offset must be inside them, or None."""
    try:
        call(raw)
    except WireError as found:
        error = found
    else:
        return None
    assert 0 <= error.offset <= len(raw)
    assert str(error)
    return error
