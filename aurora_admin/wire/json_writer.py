"""TJSONProtocol of any struct in TBinaryProtocol, written while the struct is still being made.

The output suits the readers of every release: no blanks, text as raw UTF-8, escapes only where JSON requires them
(docs/wire.md 4.2, docs/connection.md 3.5). Strings are text: no client reads a binary field of the API.
"""

from collections.abc import Iterable, Iterator, Sequence
from struct import error as StructError  # noqa: N812

from thrift.Thrift import TType

from aurora_admin.wire.errors import WireError, truncated
from aurora_admin.wire.json_values import Head, Places, Values
from aurora_admin.wire.limits import DEPTH
from aurora_admin.wire.walk import CONTAINER, FIELD, check_depth

# The size of a piece of the output, and of the input that is held.
PIECE = 1 << 16
# The input ends too early; more of it may follow.
CUT = (IndexError, StructError)


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
    for _ in writer.struct(DEPTH):
        yield writer.taken()
    writer.check_end()
    yield writer.taken()


def _tree(paths: Sequence[Sequence[int]]) -> Places:
    tree: Places = {}
    for path in paths:
        at = tree
        for number in path:
            at = at.setdefault(number, {})
    return tree


class _Writer(Values):
    """Transcodes one struct whose encoding comes in pieces.

    `struct` is for what may be larger than memory: it takes the elements of lists one by one, and yields when a piece
    is complete.
    """

    def __init__(self, pieces: Iterator[bytes], places: Places) -> None:
        super().__init__()
        self._pieces = pieces
        self._places = places
        self._at = 0

    def taken(self) -> bytes:
        """Return the output since the last call."""
        found = "".join(self.texts).encode()
        self.texts.clear()
        return found

    def check_end(self) -> None:
        """Raise WireError if more bytes follow."""
        rest = len(self.raw) - self._at + sum(map(len, self._pieces))
        if rest:
            raise WireError(f"{rest} bytes follow the end of the struct", self.base + self._at)

    def struct(self, depth: int) -> Iterator[None]:
        """Append the struct at the position; yield when there is a piece to take."""
        check_depth(depth, self.base + self._at)
        separator = "{"
        while (head := self._next_head()) is not None:
            ttype, _, prefix = head
            self.texts.append(separator + prefix)
            if ttype == TType.STRUCT:
                yield from self.struct(depth - 1)
            elif ttype in (TType.LIST, TType.SET):
                yield from self._elements(depth - 1)
            else:
                self._complete(ttype, depth - 1, {})
            self.texts.append("}")
            separator = ","
        self.texts.append("}" if separator == "," else "{}")

    def _next_head(self) -> Head | None:
        while self._at >= len(self.raw) or (self.raw[self._at] and self._at + FIELD.size > len(self.raw)):
            self._refill(PIECE)
        if not self.raw[self._at]:
            self._at += 1
            return None
        head = self.head(self.raw[self._at : self._at + FIELD.size], self._at)
        self._at += FIELD.size
        return head

    def _elements(self, depth: int) -> Iterator[None]:
        check_depth(depth, self.base + self._at)
        while self._at + CONTAINER.size > len(self.raw):
            self._refill(PIECE)
        etype, count = self.container_head(self._at)
        self._at += CONTAINER.size
        read = 0
        for _ in range(count):
            self.texts.append(",")
            before = self.base + self._at
            self._complete(etype, depth - 1, self._places)
            read += self.base + self._at - before
            if read >= PIECE:
                read = 0
                yield
        self.texts.append("]")

    def _complete(self, ttype: int, depth: int, places: Places) -> None:
        """Append the value at the position, and read more of the input until the value is complete."""
        size, begin = PIECE, len(self.texts)
        while True:
            try:
                self._at = self.value(ttype, self._at, depth, places)
            except CUT:  # noqa: PERF203  once in each piece
                del self.texts[begin:]
                self._refill(size)
                size *= 2  # a value that is larger than many pieces must not be begun for each of them
            else:
                return

    def _refill(self, size: int) -> None:
        """Drop what is before the position, and add at least `size` bytes.

        Raises:
            WireError: no more bytes follow.
        """
        rest = self.raw[self._at :]
        added = [rest]
        for piece in self._pieces:
            added.append(piece)
            size -= len(piece)
            if size <= 0:
                break
        self.base += self._at
        self._at = 0
        self.raw = b"".join(added)
        if len(self.raw) == len(rest):
            raise truncated(self.base + len(rest))
