"""The base class of every generated struct."""

# As type checkers know it; importing typing for it would take longer than importing all generated structs.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    class TBase:
        """What the thrift library gives each struct; it comes without types."""

        thrift_spec: tuple[Any, ...]

        def read(self, iprot: Any) -> None: ...
        def write(self, oprot: Any) -> None: ...
else:
    from thrift.protocol.TBase import TBase


class Struct(TBase):
    """A struct that Python can put into a set, as the decoder does with sets of structs (docs/wire.md 5.3).

    The hash is that of the object, not of its value: compare structs with `wire.canonical.same`, not with `==`, and
    keep them out of dict keys. Equal elements of a decoded set are all there.
    """

    # Trap: a __setattr__ here would make the C decoder take every struct for an immutable one.
    __slots__ = ()
    __hash__ = object.__hash__


class NoFields(Struct):
    """A struct that declares no field: decoding it steps over every field in C."""

    __slots__ = ()
    thrift_spec = ()
