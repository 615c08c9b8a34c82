"""The rows of a task table by the number in one of its columns."""

from array import array
from collections import Counter
from collections.abc import Iterable

GONE = -1


class RowIndex:
    """An index of a column, such as that of the jobs.

    New rows are entered when the index is used, so that staging and loading do not take longer. Rows that are gone are
    dropped when they are more than the others: a job that was restarted a million times is found as fast as a new one.
    One thread at a time may use it.

    >>> status = array("i", [2, 2, GONE, 2])
    >>> index = RowIndex(array("I", [7, 8, 7, 7]), status)
    >>> index.rows([7]), index.count(7), index.count(9)
    (array('I', [0, 3]), 2, 0)
    """

    def __init__(self, numbers: "array[int]", status: "array[int]") -> None:
        self._numbers = numbers
        self._status = status
        self._rows: dict[int, array[int]] = {}
        self._known = 0
        # How many of the rows under a number are gone.
        self._gone: Counter[int] = Counter()

    def drop(self, row: int) -> None:
        """Note that a row, which was present, is gone from now on."""
        if row < self._known:
            self._gone[self._numbers[row]] += 1

    def count(self, number: int) -> int:
        """Return how many rows are present under a number."""
        return len(self._of(number)) - self._gone[number]

    def size(self, numbers: Iterable[int]) -> int:
        """Return how many rows `rows` returns."""
        return sum(len(self._of(number)) for number in numbers)

    def rows(self, numbers: Iterable[int]) -> "array[int]":
        """Return the rows under each number, ascending for each, with some that are gone."""
        found = array("I")
        for number in numbers:
            found.extend(self._of(number))
        return found

    def _of(self, number: int) -> "array[int]":
        if self._known < len(self._numbers):
            self._enter_new()
        rows = self._rows.get(number)
        if rows is None:
            return array("I")
        if 2 * self._gone[number] > len(rows):
            rows = self._rows[number] = array("I", [row for row in rows if self._status[row] != GONE])
            del self._gone[number]
        return rows

    def _enter_new(self) -> None:
        rows, numbers, status, count = self._rows, self._numbers, self._status, len(self._numbers)
        for row in range(self._known, count):
            if status[row] != GONE:
                found = rows.get(numbers[row])
                if found is None:
                    found = rows[numbers[row]] = array("I")
                found.append(row)
        self._known = count
