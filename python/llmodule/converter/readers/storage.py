"""Model files mapped into memory, and the tensors stored in them."""

from __future__ import annotations

import itertools
import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np

from llmodule import _native
from llmodule.converter.source import BlockType, ByteArray, FloatArray
from llmodule.errors import ModelFormatError, ResourceError

GGML_TYPES: dict[int, tuple[str, int, int]] = _native.ggml_types()
"""The element types that can be read: ggml's number → (name, values per block, bytes per block)."""

TYPE_IDS = {name: number for number, (name, _, _) in GGML_TYPES.items()}


_Source = TypeVar("_Source", bound="StoredTensors")


class MappedFile:
    """A file mapped for reading. It must not be shortened by others while it is open.

    Args:
        path: The file.

    Raises:
        ResourceError: It cannot be opened.
        ModelFormatError: It is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                if size == 0:
                    raise ModelFormatError(f"{path} is empty")
                self.data = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except OSError as error:
            raise ResourceError(f"cannot open {path}: {error.strerror or error}") from error
        self.size = size

    def close(self) -> None:
        """Ends the mapping."""
        self.data.close()

    def release(self, offset: int, size: int) -> None:
        """Lets the system take back the pages of a part that has been read: they would count as this process's."""
        start = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE
        stop = (offset + size) // mmap.PAGESIZE * mmap.PAGESIZE
        if stop > start and hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED, start, stop - start)


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies and how its elements are stored; made only of values that have been checked.

    Attributes:
        name: As the file gives it.
        file: Where it is.
        offset: Bytes from the file's start.
        type_id: A key of GGML_TYPES.
        shape: Contiguous dimension last, a multiple of the type's block.
    """

    name: str
    file: MappedFile
    offset: int
    type_id: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return stored_size(self.type_id, self.shape)

    def load(self, rows: tuple[int, int] | None = None) -> FloatArray:
        """Dequantises the tensor, or the part of its first dimension from rows[0] to rows[1] (exclusive).

        Raises:
            ValueError: The rows are not within the tensor, or it has one dimension only.
        """
        with self._bytes(rows) as blocks:
            values: FloatArray = _native.dequantize(self.type_id, blocks)
        return values.reshape(self.shape if rows is None else (rows[1] - rows[0], *self.shape[1:]))

    def load_blocks(self, kind: BlockType, rows: tuple[int, int]) -> ByteArray | None:
        """Copies rows as blocks of `kind`; None where that would take more than another place for the same codes.

        Raises:
            ModelFormatError: Scales are damaged.
            ValueError: The rows are not within the tensor, or it has one dimension only.
        """
        with self._bytes(rows) as blocks:
            if kind == "Q4_1" and _native.is_q4_in_groups(self.type_id):
                try:
                    found: ByteArray = _native.recode_q4(self.type_id, blocks)
                except ValueError as error:
                    raise ModelFormatError(f"the tensor {self.name!r} is damaged: {error}") from error
            elif kind == GGML_TYPES[self.type_id][0]:
                found = np.frombuffer(blocks, np.uint8).copy()
            else:
                return None
        return found.reshape(rows[1] - rows[0], -1)

    @contextmanager
    def _bytes(self, rows: tuple[int, int] | None) -> Iterator[memoryview]:
        """The tensor's part of the file, or that of some rows, while it is being read."""
        offset, size = self.offset, self.size
        if rows is not None:
            start, stop = rows
            if len(self.shape) < 2 or not 0 <= start < stop <= self.shape[0]:
                raise ValueError(f"rows={rows} of the tensor {self.name!r}, whose shape is {self.shape}")
            row_size = size // self.shape[0]
            offset, size = offset + start * row_size, (stop - start) * row_size
        with memoryview(self.file.data) as whole, whole[offset : offset + size] as part:
            yield part
        self.file.release(offset, size)


def stored_size(type_id: int, shape: tuple[int, ...]) -> int:
    """Bytes that a tensor takes.

    Args:
        type_id: A key of GGML_TYPES.
        shape: Contiguous dimension last, a multiple of the type's block.
    """
    _, block_elements, block_bytes = GGML_TYPES[type_id]
    return math.prod(shape) // block_elements * block_bytes


def refuse_overlaps(tensors: list[StoredTensor]) -> None:
    """Raises ModelFormatError where two tensors of one file share bytes."""
    ordered = sorted(tensors, key=lambda tensor: tensor.offset)
    for before, after in itertools.pairwise(ordered):
        if before.offset + before.size > after.offset:
            raise ModelFormatError(f"{after.file.path}: the tensors {before.name!r} and {after.name!r} overlap")


class StoredTensors:
    """The part of a TensorSource that is the same for all formats: tensors by name, and an end.

    Args:
        tensors: By name.
        files: What close() closes.
    """

    def __init__(self, tensors: dict[str, StoredTensor], files: list[MappedFile]) -> None:
        self._tensors = tensors
        self._files = files

    @property
    def paths(self) -> list[Path]:
        """The files that hold the tensors, in order."""
        return [file.path for file in self._files]

    def names(self) -> list[str]:
        """All tensors, by the name that the file gives them."""
        return list(self._tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape in numpy's order: (out, in) for the weight of a linear layer. KeyError for an unknown name."""
        return self._tensors[name].shape

    def bits(self, name: str) -> float:
        """How many bits an element of the tensor takes, with its part of the scales. KeyError for an unknown name."""
        _, block_elements, block_bytes = GGML_TYPES[self._tensors[name].type_id]
        return 8 * block_bytes / block_elements

    def kind(self, name: str) -> str:
        """GGUF's name of the type that the tensor's elements have: Q4_0, F16. KeyError for an unknown name."""
        return GGML_TYPES[self._tensors[name].type_id][0]

    def load(self, name: str, rows: tuple[int, int] | None = None) -> FloatArray:
        """The tensor, or its rows from rows[0] to rows[1] (exclusive), as a fresh contiguous float32 array.

        Raises:
            KeyError: There is no such tensor.
            ValueError: The rows are not within it.
        """
        return self._tensors[name].load(rows)

    def load_blocks(self, name: str, kind: BlockType, rows: tuple[int, int]) -> ByteArray | None:
        """The rows from rows[0] to rows[1] (exclusive) as blocks of `kind`, uint8 [rows, bytes], or None.

        Raises:
            KeyError: There is no such tensor.
            ModelFormatError: Scales are damaged.
            ValueError: The rows are not within it.
        """
        return self._tensors[name].load_blocks(kind, rows)

    def close(self) -> None:
        """Closes the files; nothing can be loaded then. May be called twice."""
        for file in self._files:
            file.close()

    def __enter__(self: _Source) -> _Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
