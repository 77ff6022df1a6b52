"""The bytes of a .pte: layout, metadata, and what the builders refuse."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from llmodule import _native
from llmodule.converter.emit.blob import Blob, Payload, array_payload
from llmodule.converter.emit.dims import Bound, broadcast
from llmodule.converter.emit.program import Program
from llmodule.converter.emit.pte import pte_payload
from llmodule.converter.emit.xnnpack import Subgraph
from llmodule.converter.model_file import build_program, write_file
from llmodule.converter.weights.matrix import StoredRows, interleaved, stacked, stored, widened
from llmodule.converter.weights.packed import pack
from llmodule.converter.weights.scheme import Role, Storage, storage_for
from llmodule.converter.weights.xnnpack import encode


def content(payload):
    data = b"".join(map(bytes, payload.chunks()))
    assert len(data) == payload.size
    return data


class OneTensor:
    """A source of one matrix."""

    def __init__(self, array):
        self.array = array

    def shape(self, name):
        return self.array.shape

    def bits(self, name):
        return 32

    def kind(self, name):
        return "F32"

    def load(self, name, rows):
        return self.array[slice(*rows)]

    def load_blocks(self, name, kind, rows):
        return None


def matrix(array, factor=1.0):
    return stored(OneTensor(array), "some.weight", factor)


def read(rows, start, stop):
    return rows.read(StoredRows.floats, start, stop)


def test_a_blob_aligns_what_it_holds():
    blob = Blob(16)
    assert [blob.add(array_payload(np.full(size, size, np.uint8))) for size in (3, 16, 1)] == [0, 16, 32]
    data = b"".join(map(bytes, blob.chunks()))
    assert len(data) == blob.size == 48
    assert data == b"\3\3\3".ljust(16, b"\0") + b"\x10" * 16 + b"\1".ljust(16, b"\0")


def test_a_payload_of_another_size_than_announced_is_an_error():
    blob = Blob(16)
    blob.add(Payload(4, lambda: (b"12345",)))
    with pytest.raises(ValueError, match="4 bytes turned out to have 5"):
        list(blob.chunks())


@pytest.mark.parametrize("shape", [(3, 64), (70000, 320)])
def test_8_bit_payloads_hold_codes_and_scales(shape):
    weights = np.random.RandomState(0).standard_normal(shape).astype(np.float32)
    encoded = encode(matrix(weights), Storage.Q8).matrix
    data = content(encoded.payload)
    codes = np.frombuffer(data, np.int8, encoded.data_size).reshape(shape)
    scales = np.frombuffer(data, np.float32, encoded.scale_count, encoded.scale_offset)
    assert np.sqrt(np.mean((codes * scales[:, None] - weights) ** 2)) < 0.012


def test_offsets_hold_what_a_positive_scale_cannot():
    # As Q4_1 has them: 16 levels from a minimum on.
    random = np.random.RandomState(0)
    levels = random.randint(0, 16, (8, 2, 32))
    levels[:, :, :2] = 0, 15
    weights = (
        (levels * random.uniform(0.5, 1, (8, 2, 1)) + random.uniform(-3, 3, (8, 2, 1)))
        .reshape(8, 64)
        .astype(np.float32)
    )
    weight = encode(matrix(weights), Storage.Q4)
    data = content(weight.matrix.payload)
    packed = np.frombuffer(data, np.uint8, weight.matrix.data_size).reshape(8, -1)
    codes = np.stack((packed & 15, packed >> 4), axis=-1).reshape(8, 2, 32).astype(np.float32) - 8
    bits = np.frombuffer(data, np.uint16, weight.matrix.scale_count, weight.matrix.scale_offset)
    scales = (bits.astype(np.uint32) << 16).view(np.float32).reshape(8, 2, 1)
    data = content(weight.offsets.payload)
    offsets = np.frombuffer(data, np.int8, 16).reshape(8, 2, 1).astype(np.float32)
    offsets *= np.frombuffer(data, np.float32, 8, weight.offsets.scale_offset).reshape(8, 1, 1)
    assert np.abs((codes * scales + offsets).reshape(8, 64) - weights).max() < 0.1


@pytest.mark.parametrize(
    ("bits", "layers", "head"),
    [
        (4.5, Storage.Q4, Storage.Q4),  # Q4_0, Q4_K
        (5.0, Storage.Q4, Storage.Q4),  # Q4_1
        (5.5, Storage.Q8, Storage.Q8),  # Q5_0, Q5_K
        (6.5625, Storage.Q8, Storage.Q8),  # Q6_K
        (8.5, Storage.Q8, Storage.Q8),  # Q8_0
        (16, Storage.Q4, Storage.Q8),
        (32, Storage.Q4, Storage.Q8),
    ],
)
def test_mixed_follows_the_source_where_that_is_quantised(bits, layers, head):
    assert storage_for("mixed", Role.DOWN, bits) is layers
    assert storage_for("mixed", Role.HEAD, bits) is head
    assert storage_for("q4", Role.HEAD, bits) is Storage.Q4
    assert storage_for("q8", Role.DOWN, bits) is Storage.Q8


def test_matrices_can_be_cut_stacked_scaled_reordered_and_filled_up():
    array = np.arange(96, dtype=np.float32).reshape(24, 4)
    whole = matrix(array)
    assert np.array_equal(read(stacked((whole.rows(4, 8), whole.rows(20, 24))), 2, 6), array[[6, 7, 20, 21]])
    assert np.array_equal(read(matrix(array, 0.5), 0, 24), array / 2)
    # Two heads of 12 rows, of which 8 are rotated.
    order = [0, 2, 4, 6, 1, 3, 5, 7, 8, 9, 10, 11]
    expected = array[[*order, *(12 + row for row in order)]]
    assert np.array_equal(read(whole.deinterleaved(12, 8), 0, 24), expected)
    assert np.array_equal(read(whole.deinterleaved(12, 8), 5, 17), expected[5:17])
    # Five rows of each of two, four at a time.
    turns = interleaved((whole.rows(0, 5), whole.rows(10, 15)), 4)
    assert turns.shape == (16, 4)
    nothing = np.zeros((3, 4))
    expected = np.concatenate((array[0:4], array[10:14], array[4:5], nothing, array[14:15], nothing))
    assert np.array_equal(read(turns, 0, 16), expected)
    assert np.array_equal(read(turns, 8, 16), expected[8:])
    assert np.array_equal(read(widened(whole, 6), 2, 4), np.pad(array[2:4], ((0, 0), (0, 2))))


@pytest.mark.parametrize("storage", [Storage.Q4, Storage.Q8, Storage.F32])
def test_panels_are_made_in_blocks_of_rows(storage):
    weights = np.random.RandomState(0).standard_normal((40, 1 << 18)).astype(np.float32)
    packed = pack(matrix(weights), storage)
    assert [len(chunk) for chunk in packed.payload.chunks()] == [packed.payload.size // 3 * 2, packed.payload.size // 3]
    one = pack(matrix(weights[32:]), storage)
    assert content(packed.payload).endswith(content(one.payload))


def test_the_header_says_where_the_segments_are():
    program = Program()
    method = program.method("forward")
    method.output(method.constant(np.arange(5, dtype=np.float32)))
    data = content(pte_payload(program))
    assert data[4:12] == b"ET12eh00"
    length, size, base, segments = struct.unpack_from("<IQQQ", data, 12)
    assert (length, base % 128, len(data)) == (32, 0, base + segments)
    assert size <= base
    assert np.array_equal(np.frombuffer(data, np.float32, 5, base), np.arange(5))


def test_all_that_the_convention_wants_is_in_the_file(llama, convert_tiny):
    info = _native.Model(str(convert_tiny(llama, quant="q8"))).info
    assert (info.vocab_size, info.context_length, info.max_step_tokens) == (80, 64, 16)
    assert (info.bos_id, info.eos_ids, info.has_kv_cache) == (1, [2, 3], True)
    assert info.metadata["get_n_layers"] == "3"
    assert info.metadata["get_max_seq_len"] == "16"
    assert info.metadata["quantization"] == "q8"


def test_the_name_and_the_hash_of_the_source_are_kept(llama, tmp_path):
    llama.metadata = {**llama.metadata, "_name_or_path": "tiny"}
    path = tmp_path / "model.pte"
    write_file(pte_payload(build_program(llama, quant="q4", source_hash="abc")), path)
    metadata = _native.Model(str(path)).info.metadata
    assert (metadata["model_name"], metadata["source_hash"]) == ("tiny", "abc")


def test_writing_replaces_a_file_only_when_it_is_whole(tmp_path):
    path, seen = tmp_path / "out", []
    path.write_bytes(b"before")

    def fails():
        yield b"1234"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_file(Payload(8, fails), path)
    assert path.read_bytes() == b"before"
    write_file(Payload(8, lambda: (b"1234", b"5678")), path, progress=seen.append)
    assert path.read_bytes() == b"12345678"
    assert seen == [0.5, 1.0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_shapes_broadcast_and_keep_open_sizes_open():
    result = broadcast((1, Bound(8), 1, 4), (3, 1))
    assert result == (1, 8, 3, 4)
    assert isinstance(result[1], Bound)
    with pytest.raises(ValueError, match="broadcast"):
        broadcast((2, 3), (4, 3))


def test_subgraphs_refuse_what_does_not_fit():
    graph = Subgraph()
    value = graph.input((1, Bound(8), 4))
    with pytest.raises(ValueError, match="shape"):
        graph.multiply_constant(value, np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="multiply"):
        graph.matrix_multiply(value, value)
    with pytest.raises(ValueError, match="left open"):
        graph.reshape(value, (Bound(8), Bound(4)))
    with pytest.raises(ValueError, match="once"):
        graph.output(value)


def test_tables_have_the_fields_of_the_schema_only():
    from llmodule.converter.emit._schema import program_generated as schema
    from llmodule.converter.emit.flatbuffer import table

    with pytest.raises(AttributeError, match="nonsense"):
        table(schema.IntT, nonsense=1)
