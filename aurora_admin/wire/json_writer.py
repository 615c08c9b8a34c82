"""TJSONProtocol of any struct in TBinaryProtocol, written while the struct is still being made.

The output suits the readers of every release: no blanks, text as raw UTF-8, escapes only where JSON requires them
(docs/wire.md 4.2, docs/connection.md 3.5). Strings are text: no client reads a binary field of the API.

A reply of many tasks is most of the work of a scheduler, so the functions for values are written for speed: they check
nothing but the ends of strings, and let Python find the end of the input.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from json.encoder import encode_basestring
from struct import error as StructError  # noqa: N812

from thrift.Thrift import TType

from aurora_admin.wire.decoder import length_error
from aurora_admin.wire.errors import WireError, truncated
from aurora_admin.wire.fields import DOUBLE, INTEGERS, skip
from aurora_admin.wire.limits import DEPTH
from aurora_admin.wire.walk import CONTAINER, FIELD, MAP, check_count, check_depth

NAMES = {
    TType.BOOL: "tf",
    TType.BYTE: "i8",
    TType.DOUBLE: "dbl",
    TType.I16: "i16",
    TType.I32: "i32",
    TType.I64: "i64",
    TType.STRING: "str",
    TType.STRUCT: "rec",
    TType.MAP: "map",
    TType.SET: "set",
    TType.LIST: "lst",
}
NOT_KEYS = (TType.STRUCT, TType.MAP, TType.SET, TType.LIST)
# The size of a piece of the output, and of the input that is held.
PIECE = 1 << 16
# How much is kept of strings, and of structs that repeat.
MAX_STRINGS, MAX_STRING_LENGTH = 4096, 64
MAX_KEPT_BYTES = 16 << 20
GUESSES = 4
STRING, STRUCT, BOOL, I32, I64 = TType.STRING, TType.STRUCT, TType.BOOL, TType.I32, TType.I64
i32, i64 = INTEGERS[I32].unpack_from, INTEGERS[I64].unpack_from
# The input ends too early; more of it may follow.
CUT = (IndexError, StructError)

# Ids of fields, each with those of the struct in it; none for a struct that is looked up before it is transcoded.
Places = dict[int, "Places"]
Head = tuple[int, int, str]


def struct_to_json(raw: bytes) -> bytes:
    """Return a struct as TJSON; bytes that are not UTF-8 become U+FFFD.

    Raises:
        WireError: the bytes are not a struct, or have no form in TJSON (map keys that are not scalar).
    """
    return b"".join(struct_pieces([raw]))


def struct_pieces(pieces: Iterable[bytes], repeated: Sequence[Sequence[int]] = ()) -> Iterator[bytes]:
    """Yield a struct as TJSON; its encoding comes in pieces that may end anywhere, and may be made as they are read.

    `repeated` has paths of ids, in the elements of a list or set, of structs that many elements have in common: each is
    transcoded once, as long as it is remembered.

    Raises:
        WireError: as struct_to_json().
    """
    writer = _Writer(iter(pieces), _tree(repeated))
    held: list[str] = []
    size = 0
    for text in writer.struct(DEPTH):
        held.append(text)
        size += len(text)
        if size >= PIECE:
            yield "".join(held).encode()
            held.clear()
            size = 0
    writer.check_end()
    yield "".join(held).encode()


def _tree(paths: Sequence[Sequence[int]]) -> Places:
    tree: Places = {}
    for path in paths:
        at = tree
        for number in path:
            at = at.setdefault(number, {})
    return tree


class _Writer:
    """Transcodes one struct. `struct` is for what may be larger than memory: the elements of lists come one by one."""

    def __init__(self, pieces: Iterator[bytes], places: Places) -> None:
        self._pieces = pieces
        self._places = places
        self._raw = b""
        self._at = self._base = 0
        self._heads: dict[bytes, Head] = {}
        self._strings: dict[bytes, str] = {}
        self._structs: dict[bytes, str] = {}
        self._recent: list[tuple[bytes, str]] = []
        self._kept_bytes = 0

    def check_end(self) -> None:
        """Raise WireError if more bytes follow."""
        rest = len(self._raw) - self._at + sum(map(len, self._pieces))
        if rest:
            raise WireError(f"{rest} bytes follow the end of the struct", self._base + self._at)

    def struct(self, depth: int) -> Iterator[str]:
        check_depth(depth, self._base + self._at)
        separator = "{"
        while (head := self._next_head()) is not None:
            ttype, _, prefix = head
            yield separator + prefix
            if ttype == STRUCT:
                yield from self.struct(depth - 1)
            elif ttype in (TType.LIST, TType.SET):
                yield from self._elements(depth - 1)
            else:
                yield self._complete(ttype, depth - 1, {})
            yield "}"
            separator = ","
        yield "}" if separator == "," else "{}"

    def _next_head(self) -> Head | None:
        while self._at >= len(self._raw) or (self._raw[self._at] and self._at + FIELD.size > len(self._raw)):
            self._refill(PIECE)
        if not self._raw[self._at]:
            self._at += 1
            return None
        head = self._head(self._raw[self._at : self._at + FIELD.size], self._at)
        self._at += FIELD.size
        return head

    def _elements(self, depth: int) -> Iterator[str]:
        check_depth(depth, self._base + self._at)
        while self._at + CONTAINER.size > len(self._raw):
            self._refill(PIECE)
        etype, count = CONTAINER.unpack_from(self._raw, self._at)
        check_count(count, 1, None, self._base + self._at)
        yield f'["{_name(etype, self._base + self._at)}",{count}'
        self._at += CONTAINER.size
        for _ in range(count):
            yield "," + self._complete(etype, depth - 1, self._places)
        yield "]"

    def _complete(self, ttype: int, depth: int, places: Places) -> str:
        """Return the text of the value at the position, and read more of the input until the value is complete."""
        size = PIECE
        while True:
            try:
                text, self._at = self._value(ttype, self._at, depth, places)
            except CUT:  # noqa: PERF203  once in each piece
                self._refill(size)
                size *= 2  # a value that is larger than many pieces must not be begun for each of them
            else:
                return text

    def _refill(self, size: int) -> None:
        """Drop what is before the position, and add at least `size` bytes.

        Raises:
            WireError: no more bytes follow.
        """
        rest = self._raw[self._at :]
        added = [rest]
        for piece in self._pieces:
            added.append(piece)
            size -= len(piece)
            if size <= 0:
                break
        self._base += self._at
        self._at = 0
        self._raw = b"".join(added)
        if len(self._raw) == len(rest):
            raise truncated(self._base + len(rest))

    def _head(self, raw: bytes, at: int) -> Head:
        """Return type and id of a field, and the text that begins it."""
        head = self._heads.get(raw)
        if head is None:
            ttype, number = FIELD.unpack(raw)
            head = self._heads[raw] = (ttype, number, f'"{number}":{{"{_name(ttype, self._base + at)}":')
        return head

    def _value(self, ttype: int, at: int, depth: int, places: Places) -> tuple[str, int]:
        if ttype == STRUCT:
            return self._struct(at, depth, places)
        if ttype == STRING:
            return self._string(at)
        layout = INTEGERS.get(ttype)
        if layout is not None:
            return str(layout.unpack_from(self._raw, at)[0]), at + layout.size
        if ttype == BOOL:
            return ("1" if self._raw[at] == 1 else "0"), at + 1
        if ttype == TType.DOUBLE:
            return _double(DOUBLE.unpack_from(self._raw, at)[0]), at + DOUBLE.size
        return self._map(at, depth) if ttype == TType.MAP else self._container(at, depth)

    def _string(self, at: int) -> tuple[str, int]:
        raw = self._raw
        start = at + 4
        length = i32(raw, at)[0]
        end = start + length
        if length < 0:
            raise length_error(length, self._base + at)
        if end > len(raw):
            raise IndexError
        piece = raw[start:end]
        text: str | None = self._strings.get(piece)
        if text is None:
            text = encode_basestring(piece.decode("utf-8", "replace"))
            if length <= MAX_STRING_LENGTH:
                if len(self._strings) >= MAX_STRINGS:
                    self._strings.clear()
                self._strings[piece] = text
        return text, end

    def _struct(self, at: int, depth: int, places: Places) -> tuple[str, int]:
        if depth <= 0:
            check_depth(depth, self._base + at)
        raw, heads, parts = self._raw, self._heads, []
        while raw[at]:
            field = raw[at : at + 3]
            ttype, number, prefix = heads.get(field) or self._head(field, at)
            at += 3
            if ttype == STRING:
                text, at = self._string(at)
                parts.append(f"{prefix}{text}}}")
            elif ttype == I32:
                parts.append(f"{prefix}{i32(raw, at)[0]}}}")
                at += 4
            elif ttype == I64:
                parts.append(f"{prefix}{i64(raw, at)[0]}}}")
                at += 8
            elif ttype == STRUCT and number in places:
                inner = places[number]
                text, at = self._struct(at, depth - 1, inner) if inner else self._repeated(at, depth - 1)
                parts.append(f"{prefix}{text}}}")
            else:
                text, at = self._value(ttype, at, depth - 1, {})
                parts.append(f"{prefix}{text}}}")
        return f"{{{','.join(parts)}}}", at + 1

    def _repeated(self, at: int, depth: int) -> tuple[str, int]:
        """Return the text of a struct that may have been transcoded before.

        The encoding of a struct is never the beginning of another struct's, so a known one that fits is the struct.
        """
        raw, recent = self._raw, self._recent
        for known, text in recent:
            if raw.startswith(known, at):
                return text, at + len(known)
        end = self._end(at)
        struct = raw[at:end]
        found = self._structs.get(struct)
        if found is None:
            found, _ = self._struct(at, depth, {})
            self._kept_bytes += len(struct) + len(found)
            if self._kept_bytes > MAX_KEPT_BYTES:
                self._structs.clear()
                self._kept_bytes = len(struct) + len(found)
            self._structs[struct] = found
        recent.insert(0, (struct, found))
        del recent[GUESSES:]
        return found, end

    def _end(self, at: int) -> int:
        try:
            return skip(self._raw, at, STRUCT)
        except WireError as error:
            if error.java_class == "TTransportException":
                raise IndexError from error
            raise

    def _container(self, at: int, depth: int) -> tuple[str, int]:
        check_depth(depth, self._base + at)
        etype, count = CONTAINER.unpack_from(self._raw, at)
        check_count(count, 1, None, self._base + at)
        parts = [f'["{_name(etype, self._base + at)}"', str(count)]
        at += CONTAINER.size
        for _ in range(count):
            text, at = self._value(etype, at, depth - 1, {})
            parts.append(text)
        return f"{','.join(parts)}]", at

    def _map(self, at: int, depth: int) -> tuple[str, int]:
        check_depth(depth, self._base + at)
        ktype, vtype, count = MAP.unpack_from(self._raw, at)
        check_count(count, 1, None, self._base + at)
        head = f'"{_name(ktype, self._base + at)}","{_name(vtype, self._base + at)}",{count}'
        if count and ktype in NOT_KEYS:
            raise WireError(f"a map with keys of type {ktype} has no TJSON form", self._base + at)
        at += MAP.size
        parts = []
        for _ in range(count):
            key, at = self._value(ktype, at, depth - 1, {})
            value, at = self._value(vtype, at, depth - 1, {})
            parts.append(f"{key}:{value}" if key.startswith('"') else f'"{key}":{value}')
        return f"[{head},{{{','.join(parts)}}}]", at


def _double(number: float) -> str:
    if math.isfinite(number):
        return repr(number)
    return '"NaN"' if math.isnan(number) else '"Infinity"' if number > 0 else '"-Infinity"'


def _name(ttype: int, at: int) -> str:
    name = NAMES.get(ttype)
    if name is None:
        raise WireError(f"Unrecognized type {ttype}", at)
    return name
