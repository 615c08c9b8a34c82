"""The tables of a dbScript, with the lookups that joins need: rows by a column, jobs by their ids, resources."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from aurora_admin.gen.api import ttypes as api
from aurora_admin.snapshot.dbscript.parser import Row, Value

# Members of Resource by TYPE_ID, without named ports, of which a config can have several.
AMOUNTS = {1: "numCpus", 2: "ramMb", 3: "diskMb", 5: "numGpus"}
PORT = 4


class Tables:
    """Lookups in the tables. A KeyError has the name of a missing table, column or row."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self._tables = tables
        self._indexes: dict[tuple[str, str], dict[Value, list[Row]]] = {}

    def has(self, table: str) -> bool:
        return table in self._tables

    def rows(self, table: str) -> Sequence[Row]:
        return self._tables[table]

    def of(self, table: str, column: str, value: Value) -> Sequence[Row]:
        """Return the rows with this value in a column; none if the release did not have the table yet."""
        index = self._indexes.get((table, column))
        if index is None:
            index = self._indexes[table, column] = {}
            for row in self._tables.get(table, ()):
                index.setdefault(row[column], []).append(row)
        return index.get(value, ())

    def job(self, row_id: Value) -> Any:
        """Return the JobKey of a row of JOB_KEYS."""
        return self._jobs[row_id]

    @cached_property
    def _jobs(self) -> dict[Value, Any]:
        return {row["ID"]: api.JobKey(row["ROLE"], row["ENVIRONMENT"], row["NAME"]) for row in self.rows("JOB_KEYS")}

    def resources(self, table: str, column: str, owner: Value) -> list[Any]:
        """Return the Resources of a config or quota.

        A scheduler of 0.17 or 0.18 that loads the script of an older one adds rows with 0, from columns that it does
        not use any more [seen]. If an amount has two rows, the one that is not 0 counts.
        """
        amounts: dict[str, Any] = {}
        ports = []
        for row in self.of(table, column, owner):
            text = str(row["VALUE"])
            if row["TYPE_ID"] == PORT:
                ports.append(text)
            else:
                name = AMOUNTS[row["TYPE_ID"]]
                amount = float(text) if name == "numCpus" else int(text)
                amounts[name] = amounts.get(name) or amount
        return [api.Resource(**{name: amount}) for name, amount in amounts.items()] + [
            api.Resource(namedPort=name) for name in sorted(ports)
        ]
