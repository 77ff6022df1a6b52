"""Writes a program as a .pte: an index, and behind it the segments that hold constants and the delegates' blobs.

The layout is the one of ExecuTorch's extended header (schema/extended_header.h): 32 bytes between the identifier and
the rest of the index say where the segments begin.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from llmodule.converter.emit._schema import program_generated as schema
from llmodule.converter.emit.blob import Chunk, Payload, aligned
from llmodule.converter.emit.flatbuffer import serialized, table
from llmodule.converter.emit.program import Program

_SEGMENT_ALIGNMENT = 128
_HEADER = struct.Struct("<4sIQQQ")
_PREFIX = 8  # the root's offset and the identifier


def pte_payload(program: Program) -> Payload:
    """The whole file: its size, and its content, which is made while it is read."""
    blobs = [Payload(program.constants.size, program.constants.chunks), *program.delegates]
    offsets, end = [], 0
    for blob in blobs:
        offsets.append(aligned(end, _SEGMENT_ALIGNMENT))
        end = offsets[-1] + blob.size
    index = _index(program, blobs, offsets)
    size = len(index) + _HEADER.size
    base = aligned(size, _SEGMENT_ALIGNMENT)
    (root,) = struct.unpack_from("<I", index)
    prefix = struct.pack("<I", root + _HEADER.size) + index[4:_PREFIX]
    header = _HEADER.pack(b"eh00", _HEADER.size, size, base, end)

    def chunks() -> Iterator[Chunk]:
        yield (prefix + header + index[_PREFIX:]).ljust(base, b"\0")
        position = 0
        for blob, offset in zip(blobs, offsets, strict=True):
            yield bytes(offset - position)
            yield from blob.chunks()
            position = offset + blob.size

    return Payload(base + end, chunks)


def _index(program: Program, blobs: list[Payload], offsets: list[int]) -> bytes:
    root = table(
        schema.ProgramT,
        executionPlan=[method.plan() for method in program.methods],
        constantBuffer=[],
        backendDelegateData=[],
        segments=[
            table(schema.DataSegmentT, offset=at, size=blob.size) for blob, at in zip(blobs, offsets, strict=True)
        ],
        constantSegment=table(schema.SubsegmentOffsetsT, segmentIndex=0, offsets=program.constant_offsets),
        namedData=[],
    )
    return serialized(root, b"ET12")
