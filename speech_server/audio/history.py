"""A sliding store of rows that are addressed by their number since the stream began."""

from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)


class History(Generic[Scalar]):
    """Rows appended at the end and forgotten at the front, in one array without a copy a row.

    Args:
        row: Shape of one row; () for plain samples.
        dtype: Type of the numbers.
    """

    def __init__(self, row: tuple[int, ...], dtype: type[Scalar]) -> None:
        self._rows: npt.NDArray[Scalar] = np.empty((1024, *row), dtype)
        self._offset = 0
        self._used = 0
        self._first = 0

    @property
    def first(self) -> int:
        """Number of the oldest row that is kept."""
        return self._first

    @property
    def end(self) -> int:
        """Number of the row that comes next."""
        return self._first + self._used

    def append(self, rows: npt.NDArray[Scalar]) -> None:
        """Add rows at the end."""
        need = self._offset + self._used + len(rows)
        if need > len(self._rows):
            kept = self._rows[self._offset : self._offset + self._used]
            size = max(1024, 2 * (self._used + len(rows)))
            grown = np.empty((size, *self._rows.shape[1:]), self._rows.dtype)
            grown[: self._used] = kept
            self._rows, self._offset = grown, 0
        start = self._offset + self._used
        self._rows[start : start + len(rows)] = rows
        self._used += len(rows)

    def forget_before(self, number: int) -> None:
        """Drop the rows before a number."""
        drop = min(max(0, number - self._first), self._used)
        self._offset += drop
        self._first += drop
        self._used -= drop

    def rows(self, begin: int, end: int) -> npt.NDArray[Scalar]:
        """Give a copy of the rows ``begin`` to ``end``, as far as they are kept."""
        begin = max(begin, self._first)
        end = max(begin, min(end, self.end))
        low = self._offset + begin - self._first
        return self._rows[low : low + end - begin].copy()
