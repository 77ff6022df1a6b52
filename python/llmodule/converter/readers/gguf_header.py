"""Reads the header of a GGUF file: its metadata and where its tensors are.

The format is ggml's docs/gguf.md, versions 2 and 3, little-endian. Every count, length and offset is checked against
the file before anything is allocated for it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

from llmodule.converter.readers.storage import GGML_TYPES, MappedFile, StoredTensor, refuse_overlaps, stored_size
from llmodule.errors import ModelFormatError

MAGIC = b"GGUF"
VERSIONS = (2, 3)

_MAX_DIMENSIONS = 4
_MAX_DEPTH = 4
_MAX_ELEMENTS = 1 << 24
"""Array elements in one file, all arrays together: a vocabulary of a million tokens needs a fifth of them."""

_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_SMALLEST_ENTRY = 8 + 4 + 1
_SMALLEST_TENSOR = 8 + 4 + 8 + 4 + 8


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself.

    Attributes:
        version: Of the format.
        metadata: Keys and values; arrays are lists.
        tensors: In the file's order.
    """

    version: int
    metadata: dict[str, Any]
    tensors: list[StoredTensor]


def read_header(file: MappedFile) -> GgufHeader:
    """Reads and checks the whole header.

    Raises:
        ModelFormatError: The file is no GGUF file, is damaged, or has a version or tensor type that is not known.
    """
    return _Reader(file).header()


class _Reader:
    def __init__(self, file: MappedFile) -> None:
        self._file = file
        self._at = 0
        self._elements = 0

    def header(self) -> GgufHeader:
        if self._file.data[:4] != MAGIC:
            raise self._error(f"starts with {self._file.data[:4]!r}, not with {MAGIC!r}: this is no GGUF file")
        self._at = 4
        version = self._number(_U32)
        if version not in VERSIONS:
            swapped = " (a big-endian file)" if int.from_bytes(_U32.pack(version), "big") in VERSIONS else ""
            raise self._error(f"has GGUF version {version}{swapped}; known are versions 2 and 3, little-endian")
        tensor_count = self._count("tensors", _SMALLEST_TENSOR)
        metadata: dict[str, Any] = {}
        for _ in range(self._count("metadata entries", _SMALLEST_ENTRY)):
            key = self._string("a metadata key")
            if key in metadata:
                raise self._error(f"has the metadata key {key!r} twice")
            metadata[key] = self._value(key, self._number(_U32), 0)
        return GgufHeader(version, metadata, self._tensors(tensor_count, metadata))

    def _tensors(self, count: int, metadata: dict[str, Any]) -> list[StoredTensor]:
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
            raise self._error(f"has general.alignment {alignment!r}, which is no power of two")
        infos = [self._tensor_info() for _ in range(count)]
        base = -(-self._at // alignment) * alignment
        tensors: dict[str, StoredTensor] = {}
        for name, shape, type_id, offset in infos:
            size = stored_size(type_id, shape)
            if offset % alignment or base + offset + size > self._file.size:
                raise self._error(
                    f"places the tensor {name!r}, {size} bytes, at {offset}: that is not aligned to {alignment}, or "
                    f"beyond the {max(self._file.size - base, 0)} bytes of tensor data. The file may be incomplete"
                )
            if name in tensors:
                raise self._error(f"has the tensor {name!r} twice")
            tensors[name] = StoredTensor(name, self._file, base + offset, type_id, shape)
        refuse_overlaps(list(tensors.values()))
        return list(tensors.values())

    def _tensor_info(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._string("a tensor's name")
        dimensions = self._number(_U32)
        if not 0 < dimensions <= _MAX_DIMENSIONS:
            raise self._error(f"gives the tensor {name!r} {dimensions} dimensions; 1 to {_MAX_DIMENSIONS} are possible")
        shape = tuple(self._number(_U64) for _ in range(dimensions))[::-1]
        type_id = self._number(_U32)
        if type_id not in GGML_TYPES:
            known = ", ".join(name for name, _, _ in GGML_TYPES.values())
            raise self._error(f"stores the tensor {name!r} as ggml type {type_id}, which is not known; known: {known}")
        kind, block, _ = GGML_TYPES[type_id]
        if 0 in shape or math.prod(shape) >= 1 << 63 or shape[-1] % block:
            raise self._error(f"gives the tensor {name!r} of type {kind} the impossible shape {shape}")
        return name, shape, type_id, self._number(_U64)

    def _value(self, key: str, kind: int, depth: int) -> Any:
        if kind == _STRING:
            return self._string(key)
        if kind == _ARRAY:
            return self._array(key, depth)
        if kind not in _SCALARS:
            raise self._error(f"gives {key!r} the value type {kind}, which is not known")
        return self._number(struct.Struct("<" + _SCALARS[kind]))

    def _array(self, key: str, depth: int) -> list[Any]:
        if depth == _MAX_DEPTH:
            raise self._error(f"nests arrays in {key!r} more than {_MAX_DEPTH} deep")
        kind = self._number(_U32)
        scalar = struct.calcsize(_SCALARS[kind]) if kind in _SCALARS else 12 if kind == _ARRAY else 8
        count = self._count(f"elements of {key!r}", scalar)
        self._elements += count
        if self._elements > _MAX_ELEMENTS:
            raise self._error(f"has more than {_MAX_ELEMENTS} array elements; {key!r} has {count}")
        if kind in _SCALARS:
            values = struct.unpack_from(f"<{count}{_SCALARS[kind]}", self._file.data, self._at)
            self._at += count * scalar
            return list(values)
        if kind == _STRING:
            return self._strings(key, count)
        return [self._value(key, kind, depth + 1) for _ in range(count)]

    def _strings(self, key: str, count: int) -> list[str]:
        # A vocabulary has hundreds of thousands of strings, so this loop does no more than it must.
        data, at, unpack, size = self._file.data, self._at, _U64.unpack_from, self._file.size
        strings = []
        try:
            for _ in range(count):
                stop = at + 8 + unpack(data, at)[0]
                if stop > size:
                    raise self._error(f"ends within a string of {key!r}")
                strings.append(str(data[at + 8 : stop], "utf-8"))
                at = stop
        except struct.error as error:
            raise self._error(f"ends within the strings of {key!r}") from error
        except UnicodeDecodeError as error:
            raise self._error(f"has a string in {key!r} that is not UTF-8") from error
        self._at = at
        return strings

    def _string(self, what: str) -> str:
        length = self._number(_U64)
        if length > self._file.size - self._at:
            raise self._error(f"claims {length} bytes for {what}; {self._file.size - self._at} are left")
        self._at += length
        try:
            return str(self._file.data[self._at - length : self._at], "utf-8")
        except UnicodeDecodeError as error:
            raise self._error(f"has a text that is not UTF-8 as {what}") from error

    def _count(self, what: str, smallest: int) -> int:
        """A number of things that take at least `smallest` bytes each."""
        count: int = self._number(_U64)
        if count > (self._file.size - self._at) // smallest:
            raise self._error(f"claims {count} {what}; {self._file.size - self._at} bytes are left")
        return count

    def _number(self, form: struct.Struct) -> Any:
        if form.size > self._file.size - self._at:
            raise self._error("ends within its header")
        (value,) = form.unpack_from(self._file.data, self._at)
        self._at += form.size
        return value

    def _error(self, message: str) -> ModelFormatError:
        return ModelFormatError(f"{self._file.path} {message}")
