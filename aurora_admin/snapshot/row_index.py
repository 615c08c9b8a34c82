"""The rows of a task table by the number in one of its columns."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable

GONE = -1


class RowIndex:
    """An index of a column, such as that of the jobs.

    New rows are entered when the index is used, so that staging does not take longer, or by `enter_new`. Rows that are
    gone are dropped when they are more than the others: a job that was restarted a million times is found as fast as a
    new one. One thread at a time may use it.

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

    def enter_new(self) -> None:
        """Enter the rows that are new, so that no later call has to; those of a million tasks take half a second."""
        if self._known < len(self._numbers):
            self._enter_new()

    def _of(self, number: int) -> "array[int]":
        self.enter_new()
        rows = self._rows.get(number)
        if rows is None:
            return array("I")
        if 2 * self._gone[number] > len(rows):
            rows = self._rows[number] = array("I", [row for row in rows if self._status[row] != GONE])
            del self._gone[number]
        return rows

    def _enter_new(self) -> None:
        begin, count = self._known, len(self._numbers)
        enter: dict[int, Callable[[int], None]] = {}
        columns = (range(begin, count), self._numbers[begin:count], self._status[begin:count])
        for row, number, status in zip(*columns, strict=True):
            if status != GONE:
                if number not in enter:
                    enter[number] = self._rows.setdefault(number, array("I")).append
                enter[number](row)
        self._known = count
