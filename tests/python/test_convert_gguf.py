"""The GGUF reader: what the gguf package writes comes back, and damaged files end in a typed error."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmodule.converter.readers.gguf import GgufSource
from llmodule.converter.tensors import open_source
from llmodule.errors import LLModuleError, ModelFormatError, ResourceError

U32, STRING, ARRAY = 4, 8, 9


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


ARCHITECTURE = entry("general.architecture", STRING, text("llama"))


def tensor(name: str = "t", shape: tuple[int, ...] = (4, 2), kind: int = 0, offset: int = 0) -> bytes:
    """A tensor's description; `shape` in the file's order, the contiguous dimension first."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(
    *, entries: tuple[bytes, ...] = (ARCHITECTURE,), tensors: tuple[bytes, ...] = (), data: bytes = b"",
    magic: bytes = b"GGUF", version: int = 3, tensor_count: int | None = None, entry_count: int | None = None,
) -> bytes:  # fmt: skip
    counts = (
        len(tensors) if tensor_count is None else tensor_count, len(entries) if entry_count is None else entry_count
    )  # fmt: skip
    head = magic + struct.pack("<IQQ", version, *counts) + b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


def write(folder: Path, content: bytes, name: str = "model.gguf") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


VALID = gguf(
    entries=(
        ARCHITECTURE,
        entry("names", ARRAY, struct.pack("<IQ", STRING, 3) + text("a") + text("") + text("é")),
        entry("nested", ARRAY, struct.pack("<IQ", ARRAY, 2) + 2 * struct.pack("<IQ2I", U32, 2, 1, 2)),
    ),
    tensors=(tensor("x"), tensor("y", (32,), 8, 32)),
    data=np.arange(8, dtype="<f4").tobytes() + bytes(34),
)


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ("Q4_0", "Q4_1"),
        ("Q4_0", "Q4_0"),
        ("Q4_1", "Q4_1"),
        ("Q8_0", "Q8_0"),
        ("Q8_0", "Q4_1"),
        ("F16", "Q8_0"),
        ("Q4_0", "Q8_0"),
    ],
)
def test_blocks_stay_where_they_can(stored: str, kind: Any, tmp_path: Path) -> None:
    package = pytest.importorskip("gguf")
    array = np.random.default_rng(0).standard_normal((7, 64)).astype(np.float32)
    blocks = package.quants.quantize(array, package.GGMLQuantizationType[stored])
    number = package.GGMLQuantizationType[stored].value
    content = gguf(tensors=(tensor("t", (64, 7), number),), data=blocks.tobytes() + bytes(32))
    with GgufSource(write(tmp_path, content)) as source:
        found = source.load_blocks("t", kind, (2, 6))
        if (stored, kind) in (("Q8_0", "Q4_1"), ("F16", "Q8_0"), ("Q4_0", "Q8_0")):
            assert found is None
            return
        assert found is not None
        values = package.quants.dequantize(found, package.GGMLQuantizationType[kind])
        np.testing.assert_array_equal(values, source.load("t", (2, 6)))
        with pytest.raises(ValueError, match="rows"):
            source.load_blocks("t", kind, (2, 8))


def test_blocks_with_damaged_scales_are_refused(tmp_path: Path) -> None:
    content = gguf(tensors=(tensor("t", (32, 1), 3),), data=b"\xff" * 20 + bytes(32))
    with GgufSource(write(tmp_path, content)) as source, pytest.raises(ModelFormatError, match="'t' is damaged"):
        source.load_blocks("t", "Q4_1", (0, 1))


def test_reads_what_the_gguf_package_writes(tmp_path: Path) -> None:
    writer_class = pytest.importorskip("gguf").GGUFWriter
    path = tmp_path / "model.gguf"
    writer = writer_class(path, "llama")
    rng = np.random.default_rng(0)
    tensors = {
        "a": rng.standard_normal((3, 5)).astype(np.float32),
        "b": rng.standard_normal(7).astype(np.float16),
        "c": rng.standard_normal((2, 3, 4)).astype(np.float32),
    }
    values: dict[str, Any] = {
        "uint8": 250, "int8": -3, "uint16": 60000, "int16": -300, "uint32": 1 << 31, "int32": -5, "float32": 0.5,
        "bool": True, "string": "naïve", "uint64": 1 << 63, "int64": -(1 << 62), "float64": 1e300,
    }  # fmt: skip
    for kind, value in values.items():
        getattr(writer, f"add_{kind}")(f"k.{kind}", value)
    writer.add_array("k.strings", ["", "ab", "日本"])
    writer.add_array("k.floats", [0.25, -2.0])
    writer.add_array("k.flags", [True, False])
    for name, array in tensors.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    with open_source(path) as source:
        assert isinstance(source, GgufSource)
        assert (source.layout, source.architecture) == ("gguf", "llama")
        assert {kind: source.metadata[f"k.{kind}"] for kind in values} == values
        assert type(source.metadata["k.bool"]) is bool
        assert source.metadata["k.strings"] == ["", "ab", "日本"]
        assert source.metadata["k.floats"] == [0.25, -2.0]
        assert source.metadata["k.flags"] == [True, False]
        assert source.names() == list(tensors)
        for name, array in tensors.items():
            loaded = source.load(name)
            assert source.shape(name) == array.shape
            assert loaded.dtype == np.float32
            assert loaded.flags.c_contiguous
            assert loaded.flags.writeable
            np.testing.assert_array_equal(loaded, array.astype(np.float32))
        np.testing.assert_array_equal(source.load("c", (1, 2)), tensors["c"][1:2])
        for rows in ((0, 4), (2, 2), (-1, 1)):
            with pytest.raises(ValueError, match="rows"):
                source.load("a", rows)
        with pytest.raises(ValueError, match="rows"):
            source.load("b", (0, 1))
        with pytest.raises(KeyError):
            source.load("absent")


def test_reads_nested_arrays_and_version_2(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, VALID[:4] + struct.pack("<I", 2) + VALID[8:]))
    assert source.metadata["nested"] == [[1, 2], [1, 2]]
    assert source.metadata["names"] == ["a", "", "é"]
    np.testing.assert_array_equal(source.load("x"), np.arange(8).reshape(2, 4))
    source.close()
    source.close()


def test_reads_a_long_vocabulary(tmp_path: Path) -> None:
    tokens = [f"token {i}" for i in range(200_000)]
    packed = struct.pack("<IQ", STRING, len(tokens)) + b"".join(map(text, tokens))
    with open_source(write(tmp_path, gguf(entries=(ARCHITECTURE, entry("tokens", ARRAY, packed))))) as source:
        assert source.metadata["tokens"] == tokens


HUGE = (1 << 64) - 1
DATA = bytes(64)
HOSTILE: dict[str, bytes] = {
    "starts with": gguf(magic=b"GGML"),
    "ends within its header": b"GGUF\x03\0\0\0",
    "version 1;": gguf(version=1),
    "big-endian": gguf(version=3 << 24),
    "tensors; ": gguf(tensor_count=HUGE),
    "metadata entries": gguf(entry_count=1 << 40),
    "for a metadata key": gguf(entries=(struct.pack("<Q", HUGE) + bytes(20),)),
    "key 'general.architecture' twice": gguf(entries=(ARCHITECTURE, ARCHITECTURE)),
    "value type 99": gguf(entries=(entry("k", 99, b""),)),
    "elements of 'k'": gguf(entries=(entry("k", ARRAY, struct.pack("<IQ", STRING, 1 << 60)),)),
    "more than 4 deep": gguf(entries=(entry("k", ARRAY, struct.pack("<IQ", ARRAY, 1) * 6),)),
    "within a string": gguf(entries=(entry("k", ARRAY, struct.pack("<IQQ", STRING, 1, HUGE)),)),
    "not UTF-8": gguf(entries=(entry("k", STRING, text(b"\xff")),)),
    "in 'k' that is not UTF-8": gguf(entries=(entry("k", ARRAY, struct.pack("<IQ", STRING, 1) + text(b"\xff")),)),
    "lacks 'general.architecture'": gguf(entries=()),
    "no power of two": gguf(entries=(ARCHITECTURE, entry("general.alignment", U32, struct.pack("<I", 24)))),
    "0 dimensions": gguf(tensors=(tensor(shape=()),), data=DATA),
    "5 dimensions": gguf(tensors=(tensor(shape=(1,) * 5),), data=DATA),
    "ggml type 4,": gguf(tensors=(tensor(kind=4),), data=DATA),
    r"impossible shape \(2, 0\)": gguf(tensors=(tensor(shape=(0, 2)),), data=DATA),
    r"impossible shape \(1, 16\)": gguf(tensors=(tensor(shape=(16, 1), kind=8),), data=DATA),
    "type F32 the impossible shape": gguf(tensors=(tensor(shape=(1 << 33, 1 << 33, 1 << 33)),), data=DATA),
    "not aligned": gguf(tensors=(tensor(offset=4),), data=DATA),
    "beyond the 64 bytes": gguf(tensors=(tensor(offset=64),), data=DATA),
    "beyond": gguf(tensors=(tensor(offset=HUGE - 31),), data=DATA),
    "tensor 't' twice": gguf(tensors=(tensor(), tensor(offset=32)), data=DATA),
    "overlap": gguf(tensors=(tensor(), tensor("u")), data=DATA),
}


@pytest.mark.parametrize("message", HOSTILE)
def test_refuses_damaged_files(message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=message):
        open_source(write(tmp_path, HOSTILE[message]))


@pytest.mark.parametrize("length", range(0, len(VALID), 7))
def test_refuses_every_shortened_file(length: int, tmp_path: Path) -> None:
    with pytest.raises(LLModuleError):
        open_source(write(tmp_path, VALID[:length]))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_changed_bytes_give_values_or_a_typed_error(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    content = bytearray(VALID)
    for at, new in changes:
        content[at : at + len(new)] = new
    try:
        with open_source(write(tmp_path, bytes(content))) as source:
            for name in source.names():
                assert source.load(name).shape == source.shape(name)
    except LLModuleError:
        pass


def part(index: int, count: int, names: str, *, total: int = 3) -> bytes:
    numbers = {"split.no": index, "split.count": count, "split.tensors.count": total}
    entries = (ARCHITECTURE, *(entry(key, U32, struct.pack("<I", value)) for key, value in numbers.items()))
    tensors = tuple(tensor(name, offset=32 * i) for i, name in enumerate(names))
    return gguf(entries=entries, tensors=tensors, data=b"".join(struct.pack("<8f", *[ord(n)] * 8) for n in names))


def split_model(folder: Path, *parts: bytes, count: int = 2) -> Path:
    for number, content in zip(itertools.count(1), parts):
        write(folder, content, f"m-{number:05}-of-{count:05}.gguf")
    return folder / f"m-00001-of-{count:05}.gguf"


def test_joins_split_files_from_any_part_or_the_folder(tmp_path: Path) -> None:
    first = split_model(tmp_path, part(0, 2, "ab"), part(1, 2, "c"))
    for path in (first, tmp_path / "m-00002-of-00002.gguf", tmp_path):
        with open_source(path) as source:
            assert source.names() == ["a", "b", "c"]
            assert source.load("c").tolist() == [[99] * 4] * 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((part(0, 2, "ab"), part(1, 2, "b")), "repeats the tensor 'b'"),
        ((part(0, 2, "ab"), part(0, 2, "c")), "part 0"),
        ((part(0, 2, "ab"), part(1, 3, "c")), "of 3"),
        ((part(0, 2, "a"), part(1, 2, "b")), "not the announced 3"),
        ((gguf(), gguf()), "of 1"),
    ],
)
def test_refuses_parts_that_do_not_belong_together(parts: tuple[bytes, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=message):
        open_source(split_model(tmp_path, *parts))


def test_names_a_missing_part(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"m-00002-of-00002\.gguf is missing"):
        open_source(split_model(tmp_path, part(0, 2, "ab")))


def test_refuses_a_part_under_the_name_of_a_whole(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="-00001-of-00002"):
        open_source(write(tmp_path, part(0, 2, "ab")))


def test_says_what_a_path_lacks(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="cannot open"):
        open_source(tmp_path / "absent.gguf")
    with pytest.raises(ModelFormatError, match="0 GGUF models"):
        open_source(tmp_path)
