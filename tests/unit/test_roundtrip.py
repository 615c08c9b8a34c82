"""Every struct of the wire survives every protocol."""

import random
import struct
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api.ttypes import Lock
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.canonical import same
from aurora_admin.wire.struct import Struct
from tests.unit.test_idl import IDL

PROTOCOLS = {
    "binary, accelerated": lambda transport: TBinaryProtocolAccelerated(transport, fallback=False),
    "binary, pure": TBinaryProtocol,
    "JSON": TJSONProtocol,
}
MODULES = (
    "api.ttypes",
    "storage.ttypes",
    "slim.ttypes",
    "api.ReadOnlyScheduler",
    "api.AuroraSchedulerManager",
    "api.AuroraAdmin",
)
STRUCTS = {
    f"{module.partition('.')[0]}.{name}": cls
    for module in MODULES
    for name, cls in vars(import_module(f"aurora_admin.gen.{module}")).items()
    if isinstance(getattr(cls, "thrift_spec", None), tuple) and cls.__module__.endswith(module)
}
UNIONS = {
    getattr(import_module(f"aurora_admin.gen.{module}.ttypes"), name)
    for module, blocks in IDL.items()
    for name, block in blocks.items()
    if block.kind == "union"
}
TEXTS = [
    "",
    "www-data",
    "naïve",
    "日本語",
    "\U0001f600",
    '"quoted" \\ /',
    "two\nlines\tand a tab",
    "\0\x1f\x7f\u2028",
    "x" * 300,
]
DOUBLES = [0.0, -0.0, 1.5, -2.25e-7, 5e-324, 1.7976931348623157e308, float(2**53 + 2)]
BITS = {TType.BYTE: 8, TType.I16: 16, TType.I32: 32, TType.I64: 64}


class Filler:
    """Makes values of any type in the generated code, seeded. `all_fields` leaves nothing out but union members."""

    def __init__(self, seed: object, *, all_fields: bool = False) -> None:
        self.random = random.Random(str(seed))
        self.all_fields = all_fields

    def struct(self, cls: type[Struct], member: str | None = None) -> Struct:
        """Fill a struct; of a union one member, the one named if any."""
        specs = [spec for spec in cls.thrift_spec if spec]
        if cls in UNIONS:
            chosen = [spec for spec in specs if spec[2] == member] or [self.random.choice(specs)]
        else:
            chosen = [spec for spec in specs if self.all_fields or self.random.random() < 0.7]
        return cls(**{spec[2]: self.value(spec[1], spec[3]) for spec in chosen})

    def value(self, ttype: int, of: Any) -> Any:
        if ttype == TType.STRUCT:
            return self.struct(of[0])
        if ttype in (TType.LIST, TType.SET):
            return self.elements(ttype, of)
        if ttype == TType.MAP:
            return {self.value(of[0], of[1]): self.value(of[2], of[3]) for _ in range(self.count())}
        return self.scalar(ttype, of)

    def elements(self, ttype: int, of: Any) -> Any:
        values = [self.value(of[0], of[1]) for _ in range(self.count())]
        return values if ttype == TType.LIST else set(values)

    def count(self) -> int:
        return self.random.choice([1, 2] if self.all_fields else [0, 1, 2])

    def scalar(self, ttype: int, of: Any) -> Any:
        if ttype == TType.BOOL:
            return self.random.random() < 0.5
        if ttype == TType.DOUBLE:
            return self.random.choice([*DOUBLES, self.random.uniform(-1e9, 1e9)])
        if ttype == TType.STRING:
            return self.random.choice(TEXTS) if of == "UTF8" else self.random.randbytes(self.random.choice([0, 1, 16]))
        top = 1 << (BITS[ttype] - 1)
        return self.random.choice([0, 1, -1, top - 1, -top, self.random.randrange(-top, top)])


def fillings(name: str, cls: type[Struct]) -> Iterator[Struct]:
    """Fillings of one struct: all fields, some fields, none; of a union, each member."""
    if cls in UNIONS:
        for spec in filter(None, cls.thrift_spec):
            yield Filler(f"{name} {spec[2]}", all_fields=True).struct(cls, spec[2])
        return
    yield Filler(name, all_fields=True).struct(cls)
    for seed in range(3):
        yield Filler(f"{name} {seed}").struct(cls)
    yield cls()


def write(protocol: Callable[[TMemoryBuffer], Any], value: Struct) -> bytes:
    transport = TMemoryBuffer()
    value.write(protocol(transport))
    return transport.getvalue()


def read(protocol: Callable[[TMemoryBuffer], Any], cls: type[Struct], raw: bytes) -> Struct:
    """Decode a struct; whatever is left over is an error."""
    transport = TMemoryBuffer(raw)
    value = cls()
    value.read(protocol(transport))
    assert transport.read(1) == b""
    return value


def plain(value: Any) -> Any:
    """A value to compare with `==`: an oracle that no encoder has a part in."""
    if isinstance(value, Struct):
        return type(value).__name__, {name: plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, set):
        return sorted((plain(each) for each in value), key=repr)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return struct.pack("!d", value)  # 0.0 equals -0.0, their bytes differ
    return value


def test_no_struct_of_the_idl_is_left_out():
    declared = {
        f"{module}.{name}"
        for module, blocks in IDL.items()
        for name, block in blocks.items()
        if block.kind in ("struct", "union")
    }
    calls = {
        f"api.{method}_{end}"
        for block in IDL["api"].values()
        if block.kind == "service"
        for method in block.body
        for end in ("args", "result")
    }
    assert set(STRUCTS) == declared | calls


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_struct_is_read_as_it_was_written(protocol):
    for name, cls in STRUCTS.items():
        for value in fillings(name, cls):
            again = read(PROTOCOLS[protocol], cls, write(PROTOCOLS[protocol], value))
            assert plain(again) == plain(value), name
            assert same(again, value), name


def test_both_encoders_write_the_same_bytes():
    for name, cls in STRUCTS.items():
        for value in fillings(name, cls):
            assert write(PROTOCOLS["binary, accelerated"], value) == write(PROTOCOLS["binary, pure"], value), name


def test_one_decoder_reads_what_the_other_encoder_wrote():
    for name, cls in STRUCTS.items():
        for value in fillings(name, cls):
            raw = write(PROTOCOLS["binary, accelerated"], value)
            assert plain(read(PROTOCOLS["binary, pure"], cls, raw)) == plain(value), name


def test_equal_structs_in_a_set_are_all_kept():
    """The price of the identity hash, which is what makes sets of structs readable at all."""
    twice = Snapshot(locks=[Lock(token="a"), Lock(token="a")])
    for protocol in PROTOCOLS.values():
        assert len(read(protocol, Snapshot, write(protocol, twice)).locks) == 2
