"""TJSONProtocol of values in TBinaryProtocol, made for speed: a reply of many tasks is most of the work of a scheduler.

The functions check nothing but the ends of strings, and let Python find the end of the input: IndexError and
struct.error mean that it ends too early.
"""

import math
from json.encoder import encode_basestring

from thrift.Thrift import TType

from aurora_admin.wire.decoder import length_error
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.fields import DOUBLE, INTEGERS, skip
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
# How much is kept of strings, and of structs that repeat.
MAX_STRINGS, MAX_STRING_LENGTH = 4096, 128
MAX_KEPT_BYTES = 16 << 20
# Known structs are found by so many of their first bytes; few have these in common.
BEGINNING, MAX_GUESSES = 256, 4
REST_BEGINNING = 16
STRING, STRUCT, BOOL, I32, I64 = TType.STRING, TType.STRUCT, TType.BOOL, TType.I32, TType.I64
i32, i64 = INTEGERS[I32].unpack_from, INTEGERS[I64].unpack_from

# Ids of fields, each with those of the struct in it; none for a struct that is looked up before it is transcoded.
Places = dict[int, "Places"]
Head = tuple[int, int, str]


class Values:
    """Transcodes values of `raw` into a list of short texts, and remembers what comes again.

    Each method appends the value at a position to `texts`, and returns the end of the value. `base` is the position of
    `raw` in the input, for errors.
    """

    def __init__(self) -> None:
        self.raw = b""
        self.base = 0
        self.texts: list[str] = []
        self._heads: dict[bytes, Head] = {}
        self._strings: dict[bytes, str] = {}
        self._structs: dict[bytes, str] = {}
        self._rests: dict[bytes, tuple[bytes, str]] = {}
        self._guesses: dict[bytes, list[tuple[bytes, str]]] = {}
        self._kept_bytes = 0

    def head(self, raw: bytes, at: int) -> Head:
        """Return type and id of a field, and the text that begins it."""
        head = self._heads.get(raw)
        if head is None:
            ttype, number = FIELD.unpack(raw)
            head = self._heads[raw] = (ttype, number, f'"{number}":{{"{type_name(ttype, self.base + at)}":')
        return head

    def value(self, ttype: int, at: int, depth: int, places: Places) -> int:
        if ttype == STRUCT:
            return self._struct(at, depth, places)
        if ttype == TType.MAP:
            return self._map(at, depth)
        if ttype in (TType.LIST, TType.SET):
            return self._container(at, depth)
        text, at = self._scalar(ttype, at)
        self.texts.append(text)
        return at

    def _scalar(self, ttype: int, at: int) -> tuple[str, int]:
        if ttype == STRING:
            return self._string(at)
        layout = INTEGERS.get(ttype)
        if layout is not None:
            return str(layout.unpack_from(self.raw, at)[0]), at + layout.size
        if ttype == BOOL:
            return ("1" if self.raw[at] == 1 else "0"), at + 1
        return _double(DOUBLE.unpack_from(self.raw, at)[0]), at + DOUBLE.size

    def _string(self, at: int) -> tuple[str, int]:
        raw = self.raw
        start = at + 4
        length = i32(raw, at)[0]
        end = start + length
        if length < 0:
            raise length_error(length, self.base + at)
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

    def _struct(self, at: int, depth: int, places: Places, separator: str = "{") -> int:
        if depth <= 0:
            check_depth(depth, self.base + at)
        raw, heads, strings, append = self.raw, self._heads, self._strings, self.texts.append
        while raw[at]:
            field = raw[at : at + 3]
            ttype, number, prefix = heads.get(field) or self.head(field, at)
            at += 3
            if ttype == STRING:
                start = at + 4
                end = start + i32(raw, at)[0]
                text = strings.get(raw[start:end])
                if text is None or end < start:
                    text, end = self._string(at)
                append(f"{separator}{prefix}{text}}}")
                at = end
            elif ttype == I32:
                append(f"{separator}{prefix}{i32(raw, at)[0]}}}")
                at += 4
            elif ttype == I64:
                append(f"{separator}{prefix}{i64(raw, at)[0]}}}")
                at += 8
            else:
                append(separator + prefix)
                if ttype == STRUCT and number in places:
                    inner = places[number]
                    at = self._struct(at, depth - 1, inner) if inner else self._repeated(at, depth - 1)
                else:
                    at = self.value(ttype, at, depth - 1, {})
                append("}")
            separator = ","
        append("}" if separator == "," else "{}")
        return at + 1

    def _event(self, at: int, depth: int) -> int:
        """Append a struct of a list; those that begin with a time often have all of the rest in common.

        The rest of a struct behind its first field is the encoding of a struct, too: see _repeated().
        """
        raw = self.raw
        if raw[at] != I64 or depth <= 0:
            return self._struct(at, depth, {})
        _, _, prefix = self.head(raw[at : at + FIELD.size], at)
        self.texts.append(f"{{{prefix}{i64(raw, at + FIELD.size)[0]}}}")
        at += FIELD.size + 8
        key = raw[at : at + REST_BEGINNING]
        known = self._rests.get(key)
        if known is not None and raw.startswith(known[0], at):
            self.texts.append(known[1])
            return at + len(known[0])
        begin = len(self.texts)
        end = self._struct(at, depth, {}, ",")
        if end - at <= MAX_STRING_LENGTH:
            if len(self._rests) >= MAX_STRINGS:
                self._rests.clear()
            self._rests[key] = (raw[at:end], "".join(self.texts[begin:]))
        return end

    def _repeated(self, at: int, depth: int) -> int:
        """Append a struct that may have been transcoded before.

        The encoding of a struct is never the beginning of another struct's, so a known one that fits is the struct.
        """
        raw = self.raw
        guesses = self._guesses.setdefault(raw[at : at + BEGINNING], [])
        for known, text in guesses:
            if raw.startswith(known, at):
                self.texts.append(text)
                return at + len(known)
        end = self._end(at)
        struct = raw[at:end]
        found = self._structs.get(struct) or self._remember(struct, at, depth)
        self.texts.append(found)
        guesses.insert(0, (struct, found))
        del guesses[MAX_GUESSES:]
        if len(self._guesses) > MAX_STRINGS:
            self._guesses.clear()
        return end

    def _remember(self, struct: bytes, at: int, depth: int) -> str:
        """Return the text of the struct at a position, and keep it."""
        begin = len(self.texts)
        self._struct(at, depth, {})
        found = "".join(self.texts[begin:])
        del self.texts[begin:]
        size = len(struct) + len(found)
        if self._kept_bytes + size > MAX_KEPT_BYTES:
            self._structs.clear()
            self._guesses.clear()
            self._kept_bytes = 0
        self._kept_bytes += size
        self._structs[struct] = found
        return found

    def _end(self, at: int) -> int:
        try:
            return skip(self.raw, at, STRUCT)
        except WireError as error:
            if error.java_class == "TTransportException":
                raise IndexError from error
            raise

    def container_head(self, at: int) -> tuple[int, int]:
        """Append the beginning of a list or set, and return the type and number of its elements."""
        etype, count = CONTAINER.unpack_from(self.raw, at)
        check_count(count, 1, None, self.base + at)
        self.texts.append(f'["{type_name(etype, self.base + at)}",{count}')
        return etype, count

    def _container(self, at: int, depth: int) -> int:
        check_depth(depth, self.base + at)
        etype, count = self.container_head(at)
        at += CONTAINER.size
        append, is_struct = self.texts.append, etype == STRUCT
        for _ in range(count):
            append(",")
            at = self._event(at, depth - 1) if is_struct else self.value(etype, at, depth - 1, {})
        append("]")
        return at

    def _map(self, at: int, depth: int) -> int:
        check_depth(depth, self.base + at)
        ktype, vtype, count = MAP.unpack_from(self.raw, at)
        check_count(count, 1, None, self.base + at)
        head = f'["{type_name(ktype, self.base + at)}","{type_name(vtype, self.base + at)}",{count},'
        if count and ktype in NOT_KEYS:
            raise WireError(f"a map with keys of type {ktype} has no TJSON form", self.base + at)
        self.texts.append(head)
        at += MAP.size
        separator = "{"
        for _ in range(count):
            key, at = self._scalar(ktype, at)
            self.texts.append(f"{separator}{key}:" if key.startswith('"') else f'{separator}"{key}":')
            at = self.value(vtype, at, depth - 1, {})
            separator = ","
        self.texts.append("}]" if count else "{}]")
        return at


def _double(number: float) -> str:
    if math.isfinite(number):
        return repr(number)
    return '"NaN"' if math.isnan(number) else '"Infinity"' if number > 0 else '"-Infinity"'


def type_name(ttype: int, at: int) -> str:
    name = NAMES.get(ttype)
    if name is None:
        raise WireError(f"Unrecognized type {ttype}", at)
    return name
