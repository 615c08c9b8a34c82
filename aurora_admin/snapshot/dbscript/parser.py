"""Parser of the SQL text that releases 0.13 to 0.18 write besides their records (docs/releases.md 3)."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

Value = str | int | float | bool | bytes | None
# Values by their columns. Their types are checked when a record is rebuilt.
Row = dict[str, Any]

# Statements that do not define tables or rows.
IGNORED = ("SET ", "CREATE USER ", "CREATE SEQUENCE PUBLIC.", "ALTER TABLE PUBLIC.")
TABLE = re.compile(r"CREATE (?:MEMORY|CACHED) TABLE PUBLIC\.(\w+)\(.*\);", re.DOTALL)
COUNT = re.compile(r"-- (\d+) \+/- SELECT COUNT\(\*\) FROM PUBLIC\.(\w+);")
INSERT = re.compile(r"INSERT INTO PUBLIC\.(\w+)\(([\w, ]+)\) VALUES")
VALUE = re.compile(
    r"(?P<text>'[^']*(?:''[^']*)*')|STRINGDECODE\((?P<escaped>'[^']*(?:''[^']*)*')\)|X'(?P<hex>[0-9a-fA-F]*)'"
    r"|(?P<real>-?\d+(?:\.\d+(?:E-?\d+)?|E-?\d+))|(?P<integer>-?\d+)|(?P<word>TRUE|FALSE|NULL)"
)
WORDS: dict[str, Value] = {"TRUE": True, "FALSE": False, "NULL": None}
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
ESCAPES = {"t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
MOST_PRINTED = 160


class ScriptError(Exception):
    """A malformed or incomplete script; the text names the statement."""


class Table(NamedTuple):
    """The rows of a table, and the counts of rows that the script has in comments."""

    rows: list[Row]
    counted: list[int]


def read_script(statements: Iterable[bytes]) -> dict[str, list[Row]]:
    """Return the rows of every table.

    Raises:
        ScriptError: a statement is unknown or malformed, or the number of rows is not the one in the script.
    """
    tables: dict[str, Table] = {}
    for raw in statements:
        _read_named(raw, tables)
    for name, table in tables.items():
        if table.counted != [len(table.rows)]:
            counted = table.counted[0] if table.counted else "no"
            raise ScriptError(f"its dbScript counts {counted} rows of table {name} and has {len(table.rows)}")
    return {name: table.rows for name, table in tables.items()}


def _read_named(raw: bytes, tables: dict[str, Table]) -> None:
    try:
        _read(raw.decode("utf-8").strip(), tables)
    except (ScriptError, ValueError, KeyError) as error:
        text = raw[:MOST_PRINTED].decode("utf-8", "backslashreplace").strip()
        reason = error if isinstance(error, ScriptError) else "malformed"
        raise ScriptError(f"statement {text!r} of its dbScript: {reason}") from None


def _read(statement: str, tables: dict[str, Table]) -> None:
    if statement.startswith("INSERT "):
        _insert(statement, tables)
    elif count := COUNT.fullmatch(statement):
        tables[count[2]].counted.append(int(count[1]))
    elif table := TABLE.fullmatch(statement):
        tables[table[1]] = Table([], [])
    elif not statement.startswith(IGNORED):
        raise ScriptError("unknown kind of statement")


def _insert(statement: str, tables: dict[str, Table]) -> None:
    head = INSERT.match(statement)
    if head is None:
        raise ScriptError("malformed")
    columns = head[2].split(", ")
    rows = tables[head[1]].rows
    for values in _rows(statement, head.end()):
        rows.append(dict(zip(columns, values, strict=True)))


def _rows(statement: str, at: int) -> Iterator[list[Value]]:
    """Yield the rows: `(value, value), (value, value);`."""
    while True:
        at = _expect(statement, at, "(")
        values: list[Value] = []
        while True:
            found = VALUE.match(statement, at)
            if found is None:
                raise ScriptError(f"no value at character {at}")
            values.append(_value(found))
            at = found.end()
            if not statement.startswith(", ", at):
                break
            at += 2
        at = _expect(statement, at, ")")
        yield values
        if statement.startswith(";", at) and at == len(statement) - 1:
            return
        at = _expect(statement, at, ",")


def _expect(statement: str, at: int, sign: str) -> int:
    while statement.startswith((" ", "\n", "\r"), at):
        at += 1
    if not statement.startswith(sign, at):
        raise ScriptError(f"no {sign!r} at character {at}")
    return at + 1


def _value(found: re.Match[str]) -> Value:
    kind, text = found.lastgroup, found[found.lastgroup or 0]
    if kind == "text":
        return _undoubled(text)
    if kind == "escaped":
        return _unescaped(_undoubled(text))
    if kind == "hex":
        return bytes.fromhex(text)
    if kind == "word":
        return WORDS[text]
    return float(text) if kind == "real" else int(text)


def _undoubled(quoted: str) -> str:
    return quoted[1:-1].replace("''", "'")


def _unescaped(text: str) -> str:
    """Undo Java's escapes; two of them can be a surrogate pair, which is one character."""
    if "\\" not in text:
        return text
    decoded = ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else ESCAPES[found[2]], text)
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
