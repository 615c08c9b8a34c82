"""Thrift in pure Python, for installations without the library's C module: same results, about 50 times slower."""

import logging
import struct
from functools import lru_cache
from typing import Any

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

logger = logging.getLogger(__name__)


class SlowProtocol(TBinaryProtocol):  # type: ignore[misc]
    """The library's binary protocol, changed where the C module differs from it (docs/wire.md 5.5)."""

    def readFieldBegin(self) -> tuple[None, int, int]:  # noqa: N802
        _, ttype, number = super().readFieldBegin()
        # A negative id would index the specification from its end.
        return None, ttype, number & 0xFFFF

    def readBool(self) -> bool:  # noqa: N802
        return bool(self.readByte() == 1)

    def readString(self) -> str:  # noqa: N802
        return str(self.readBinary(), "utf-8", "replace")

    def writeString(self, text: str | bytes) -> None:  # noqa: N802
        self.writeBinary(text)

    def writeBinary(self, text: str | bytes) -> None:  # noqa: N802
        super().writeBinary(text.encode() if isinstance(text, str) else text)

    def readContainerList(self, spec: tuple[Any, ...]) -> list[Any]:  # noqa: N802
        etype, count = self.readListBegin()
        _check_types(count, etype, spec[0])
        return [self.readFieldByTType(etype, spec[1]) for _ in range(count)]

    def readContainerSet(self, spec: tuple[Any, ...]) -> set[Any]:  # noqa: N802
        return set(self.readContainerList(spec))

    def readContainerMap(self, spec: tuple[Any, ...]) -> dict[Any, Any]:  # noqa: N802
        ktype, vtype, count = self.readMapBegin()
        _check_types(count, (ktype, vtype), (spec[0], spec[2]))
        return {self.readFieldByTType(ktype, spec[1]): self.readFieldByTType(vtype, spec[3]) for _ in range(count)}


def _check_types(count: int, found: object, declared: object) -> None:
    if count and found != declared:
        raise TypeError("got wrong ttype while reading field")


@lru_cache(maxsize=1)
def _warn() -> None:
    logger.warning(
        "The C module of the thrift library (thrift.protocol.fastbinary) is missing: everything works, but reading "
        "and writing Thrift takes about 50 times as long. Install a C++ compiler and reinstall thrift, or use a "
        "version of Python that thrift has a binary wheel for."
    )


def decode(item: Any, protocol: Any, specification: list[Any]) -> None:
    """Fill a struct as fastbinary.decode_binary does."""
    _warn()
    reading = SlowProtocol(
        protocol.trans,
        string_length_limit=protocol.string_length_limit,
        container_length_limit=protocol.container_length_limit,
    )
    reading.readStruct(item, specification[1])


def encode(item: Any, specification: list[Any]) -> bytes:
    """Return a struct's bytes as fastbinary.encode_binary does."""
    _warn()
    transport = TMemoryBuffer()
    try:
        SlowProtocol(transport).writeStruct(item, specification[1])
    except struct.error as error:
        raise OverflowError(str(error)) from error
    return bytes(transport.getvalue())
