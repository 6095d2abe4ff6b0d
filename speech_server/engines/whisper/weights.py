"""Weights of a converted model: CTranslate2's ``model.bin``.

The layout is that of CTranslate2's ``python/ctranslate2/specs/model_spec.py``: a version, the name
of the specification and its revision, then each tensor by name, shape, type and bytes, then names
that stand for others.
"""

import math
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LAYOUT: Final = (6, "WhisperSpec", 3)
"""Version of the file, name of the specification and its revision."""

TYPES: Final = tuple(
    np.dtype(kind) for kind in (np.float32, np.int8, np.int16, np.int32, np.float16)
)
LARGEST: Final = np.float32(127)
ROWS_AT_ONCE: Final = 1024
"""Rows that are quantized at once: few enough to stay in a core's cache."""


class UnknownWeights(ValueError):
    """The file is none whose layout is known."""


class Weights:
    """The tensors of a model by CTranslate2's names.

    Nothing stays in memory: what is asked for is read. The file stays open until `close`.

    Args:
        path: ``model.bin``.

    Raises:
        UnknownWeights: It is not of the layout that this reads.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        try:
            with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                self._tensors = _read(_Reader(data))
        except (struct.error, IndexError, ValueError) as error:
            self._file.close()
            raise UnknownWeights(f"{path}: {error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def shape(self, name: str) -> tuple[int, ...]:
        """Give a tensor's shape."""
        return self._tensor(name).shape

    def number(self, name: str) -> int:
        """Give a whole number."""
        return int(self._values(self._tensor(name))[0])

    def floats(self, name: str) -> Floats:
        """Give a tensor as floats."""
        tensor = self._tensor(name)
        floats: Floats = self._values(tensor).astype(np.float32).reshape(tensor.shape)
        if scale := self._tensors.get(f"{name}_scale"):
            floats /= self._values(scale).reshape(-1, *[1] * (floats.ndim - 1))
        return floats

    def rows(self, name: str, numbers: npt.NDArray[np.int64]) -> Floats:
        """Give rows of a matrix ``[N, K]`` by their numbers of any shape: ``[..., K]``."""
        _, width = self._tensor(name).shape
        rows = np.concatenate([self._rows(name, int(at), 1) for at in numbers.flat])
        return rows.reshape(*numbers.shape, width)

    def quantized(self, name: str) -> tuple[npt.NDArray[np.int8], Floats]:
        """Give a matrix ``[N, K]`` in eight bits and the scale of each row, as CTranslate2 does."""
        count, width = self._tensor(name).shape
        values = np.empty((count, width), np.int8)
        scales = np.empty(count, np.float32)
        for at in range(0, count, ROWS_AT_ONCE):
            rows = self._rows(name, at, min(ROWS_AT_ONCE, count - at))
            largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
            largest[largest == 0] = LARGEST
            rows *= (LARGEST / largest)[:, None]
            values[at : at + len(rows)] = np.rint(rows, out=rows)
            scales[at : at + len(rows)] = largest / LARGEST
        return values, scales

    def _rows(self, name: str, at: int, count: int) -> Floats:
        tensor = self._tensor(name)
        _, width = tensor.shape
        rows: Floats = self._values(tensor, at * width, count * width).astype(np.float32)
        rows = rows.reshape(count, width)
        scale = self._tensors.get(f"{name}_scale")
        return rows / self._values(scale, at, count)[:, None] if scale else rows

    def _values(self, tensor: "_Tensor", at: int = 0, count: int | None = None) -> Any:
        size = tensor.kind.itemsize
        count = math.prod(tensor.shape) - at if count is None else count
        data = os.pread(self._file.fileno(), count * size, tensor.offset + at * size)
        return np.frombuffer(data, tensor.kind)

    def _tensor(self, name: str) -> "_Tensor":
        if name not in self._tensors:
            raise UnknownWeights(f"there is no {name}")
        return self._tensors[name]


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor is in the file."""

    kind: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int


class _Reader:
    """Reads what stands before and between the tensors."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.at = 0

    def number(self, form: str) -> int:
        """Give one little-endian number."""
        (value,) = struct.unpack_from(f"<{form}", self._data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return int(value)

    def text(self) -> str:
        """Give a string; it has its length before it and a zero at its end."""
        size = self.number("H")
        self.skip(size)
        return self._data[self.at - size : self.at - 1].decode()

    def skip(self, size: int) -> None:
        """Go past bytes."""
        if self.at + size > len(self._data):
            raise ValueError("the file ends too soon")
        self.at += size


def _read(reader: _Reader) -> Mapping[str, _Tensor]:
    layout = reader.number("I"), reader.text(), reader.number("I")
    if layout != LAYOUT:
        raise ValueError(f"its layout is {layout}, not {LAYOUT}")
    tensors: dict[str, _Tensor] = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = tuple(reader.number("I") for _ in range(reader.number("B")))
        kind = TYPES[reader.number("B")]
        size = reader.number("I")
        tensors[name] = _Tensor(kind, shape, reader.at)
        reader.skip(size)
    for _ in range(reader.number("I")):
        alias = reader.text()
        tensors[alias] = tensors[reader.text()]
    return tensors
