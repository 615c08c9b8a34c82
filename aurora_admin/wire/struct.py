"""The base class of every generated struct."""

# Like typing.TYPE_CHECKING; importing typing takes longer than importing all generated structs.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    class TBase:
        """The types of the thrift library's base class, which has none."""

        thrift_spec: tuple[Any, ...]

        def read(self, iprot: Any) -> None: ...
        def write(self, oprot: Any) -> None: ...
else:
    from thrift.protocol.TBase import TBase


class Struct(TBase):
    """A hashable struct: the decoder puts structs into sets (docs/wire.md 5.3).

    The hash is that of the object, not of its value: compare structs with `wire.canonical.same`, not with `==`, and do
    not use them as dict keys. A decoded set keeps equal elements.
    """

    # Do not add a __setattr__: the C decoder would treat every struct as immutable.
    __slots__ = ()
    __hash__ = object.__hash__


class NoFields(Struct):
    """A struct without fields: decoding it skips every field in C."""

    __slots__ = ()
    thrift_spec = ()
