"""Rows of a result as text, in the formats of --output."""

from __future__ import annotations

import io

TYPE_CHECKING = False  # see output.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

TEXT, TABLE, JSON, CSV, TSV = FORMATS = ("text", "table", "json", "csv", "tsv")
# Of the JSON of every command. A new column is no new version; a removed one, or another meaning, is.
JSON_VERSION = 1
TSV_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield one text, because the widths of the columns depend on every row."""
    from tabulate import tabulate

    cells = [list(map(cell_text, row)) for row in rows]
    yield tabulate(cells, columns, tablefmt="simple", disable_numparse=True) + "\n"


def json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield an object with the version of its schema and the rows, each an object by column and on a line of its own.

    A result that breaks off is not valid JSON.
    """
    from json import dumps

    yield f'{{"version": {JSON_VERSION}, "rows": ['
    separator = ""
    for row in rows:
        fields = dict(zip(columns, row, strict=True))
        text = dumps(fields, ensure_ascii=False)
        yield f"{separator}\n  {text if text.isprintable() else dumps(fields)}"
        separator = ","
    yield "\n]}\n" if separator else "]}\n"


def csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the columns, then the rows, quoted where RFC 4180 requires it; lines end with a line feed alone."""
    from csv import writer
    from itertools import chain

    for row in chain((columns,), rows):
        line = io.StringIO()
        writer(line, lineterminator="\n").writerow(map(cell_text, row))
        yield line.getvalue()


def tsv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    r"""Yield the columns, then the rows; a tab, a line end or a backslash in a cell is \t, \n, \r or \\.

    >>> list(tsv(("job", "owner"), [("a\tb", None)]))
    ['job\towner\n', 'a\\tb\t\n']
    """
    yield "\t".join(columns) + "\n"
    for row in rows:
        yield "\t".join(cell_text(cell).translate(TSV_ESCAPES) for cell in row) + "\n"


def cell_text(cell: object) -> str:
    """Return a value as a table, csv and tsv show it: nothing for what is unknown, yes or no, JSON for a collection.

    >>> cell_text(None), cell_text(True), cell_text(1.5), cell_text(["a"])
    ('', 'yes', '1.5', '["a"]')
    """
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (list, tuple, dict)):
        from json import dumps

        return dumps(cell, ensure_ascii=False)
    return "" if cell is None else str(cell)


WRITERS: Mapping[str, Callable[[Sequence[str], Iterable[Sequence[Any]]], Iterator[str]]] = {
    TEXT: table,
    TABLE: table,
    JSON: json,
    CSV: csv,
    TSV: tsv,
}
