"""Reads the header of a safetensors file.

The format (https://huggingface.co/docs/safetensors) is eight bytes of length, a JSON header and the tensors' bytes. It
is read here because the library gives numpy no bfloat16, in which nearly all models come.
"""

from __future__ import annotations

import math
from typing import Any

from llmodule.converter.readers.json_file import MAX_BYTES, parse_json
from llmodule.converter.readers.storage import TYPE_IDS, MappedFile, StoredTensor, refuse_overlaps, stored_size
from llmodule.errors import ModelFormatError

TYPES = {name: TYPE_IDS[name] for name in ("F32", "F16", "BF16")}
"""The element types that can be read, and ggml's numbers for them."""

_MAX_DIMENSIONS = 8


def read_header(file: MappedFile) -> list[StoredTensor]:
    """The tensors of a file.

    Raises:
        ModelFormatError: The file is damaged or incomplete, or has elements of a type that is not read.
    """
    length = int.from_bytes(file.data[:8], "little")
    if file.size < 8 or length > min(file.size - 8, MAX_BYTES):
        raise ModelFormatError(
            f"{file.path} claims a header of {length} bytes in a file of {file.size}: it is incomplete, or no "
            "safetensors file"
        )
    header = parse_json(file.data[8 : 8 + length], f"the header of {file.path}")
    header.pop("__metadata__", None)
    tensors = [_tensor(file, 8 + length, name, entry) for name, entry in header.items()]
    refuse_overlaps(tensors)
    return tensors


def _tensor(file: MappedFile, base: int, name: str, entry: Any) -> StoredTensor:
    described = entry if isinstance(entry, dict) else {}
    kind: Any = described.get("dtype")
    shape: Any = described.get("shape")
    offsets: Any = described.get("data_offsets")
    if not isinstance(kind, str) or not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise ModelFormatError(f"{file.path} describes the tensor {name!r} as {str(entry)[:200]}")
    if kind not in TYPES:
        raise ModelFormatError(
            f"{file.path} has elements of type {kind[:20]!r} in the tensor {name!r}; {', '.join(TYPES)} can be read. "
            "Quantised checkpoints must be converted back first"
        )
    if not shape or 0 in shape or len(shape) > _MAX_DIMENSIONS:
        raise ModelFormatError(f"{file.path} gives the tensor {name!r} the shape {shape}")
    start, stop = offsets
    if stop > file.size - base or stop - start != math.prod(shape) * stored_size(TYPES[kind], (1,)):
        raise ModelFormatError(
            f"{file.path} places the tensor {name!r}, {kind} of shape {shape}, at bytes {start} to {stop} of "
            f"{file.size - base}: they are not its size, or beyond the end. The file may be incomplete"
        )
    return StoredTensor(name, file, base + start, TYPES[kind], tuple(shape))


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 63 for item in value)
