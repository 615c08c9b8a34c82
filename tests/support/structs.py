"""Values of every generated struct, seeded."""

import random
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from thrift.Thrift import TType

from aurora_admin.wire.struct import Struct
from tests.support.idl import IDL

MODULES = (
    "api.ttypes",
    "storage.ttypes",
    "slim.ttypes",
    "serverset.ttypes",
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
    """Makes values of the generated types. With `all_fields` only members of unions are left out."""

    def __init__(self, seed: object, *, all_fields: bool = False) -> None:
        self.random = random.Random(str(seed))
        self.all_fields = all_fields

    def struct(self, cls: type[Struct], member: str | None = None) -> Struct:
        """Return a struct; of a union only one member is set, `member` if it is given."""
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
    """Yield values of one struct: with all fields, some fields and none; of a union, with each member."""
    if cls in UNIONS:
        for spec in filter(None, cls.thrift_spec):
            yield Filler(f"{name} {spec[2]}", all_fields=True).struct(cls, spec[2])
        return
    yield Filler(name, all_fields=True).struct(cls)
    for seed in range(3):
        yield Filler(f"{name} {seed}").struct(cls)
    yield cls()
