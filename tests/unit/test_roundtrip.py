"""Every struct is read by every protocol as it was written."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api.ttypes import Lock
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.canonical import same
from aurora_admin.wire.struct import Struct
from tests.support.idl import IDL
from tests.support.structs import STRUCTS, fillings

PROTOCOLS = {
    "binary, accelerated": lambda transport: TBinaryProtocolAccelerated(transport, fallback=False),
    "binary, pure": TBinaryProtocol,
    "JSON": TJSONProtocol,
}


def write(protocol: Callable[[TMemoryBuffer], Any], value: Struct) -> bytes:
    transport = TMemoryBuffer()
    value.write(protocol(transport))
    return transport.getvalue()


def read(protocol: Callable[[TMemoryBuffer], Any], cls: type[Struct], raw: bytes) -> Struct:
    """Return a decoded struct; bytes after it are an error."""
    transport = TMemoryBuffer(raw)
    value = cls()
    value.read(protocol(transport))
    assert transport.read(1) == b""
    return value


def plain(value: Any) -> Any:
    """A value that can be compared with `==`, without the use of an encoder."""
    if isinstance(value, Struct):
        return type(value).__name__, {name: plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, set):
        return sorted((plain(each) for each in value), key=repr)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return struct.pack("!d", value)  # 0.0 equals -0.0, their bytes differ
    return value


def test_all_structs_of_the_idl_are_tested():
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


def test_the_pure_decoder_reads_the_bytes_of_the_accelerated_encoder():
    for name, cls in STRUCTS.items():
        for value in fillings(name, cls):
            raw = write(PROTOCOLS["binary, accelerated"], value)
            assert plain(read(PROTOCOLS["binary, pure"], cls, raw)) == plain(value), name


def test_equal_structs_in_a_set_are_kept():
    """This follows from the hash by identity, without which sets of structs cannot be decoded."""
    twice = Snapshot(locks=[Lock(token="a"), Lock(token="a")])
    for protocol in PROTOCOLS.values():
        assert len(read(protocol, Snapshot, write(protocol, twice)).locks) == 2
