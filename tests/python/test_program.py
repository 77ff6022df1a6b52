"""Every shape of .pte that the convention for language models allows, and what is refused.

The files are bigram models: logits are the row of a random matrix that the token names, so numpy knows each of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmodule import ExecutionError, LLModuleError, ModelFormatError, _native
from llmodule.converter.emit import program as emit
from llmodule.converter.emit._schema import scalar_type_generated as types
from llmodule.converter.emit.dims import Bound
from llmodule.converter.emit.metadata import add_constant_methods
from llmodule.converter.model_file import write_model

VOCABULARY = 16
WEIGHTS = np.random.default_rng(7).standard_normal((VOCABULARY, VOCABULARY)).astype(np.float32)
BFLOAT16_BITS = np.dtype(np.uint16)  # numpy has no bfloat16
CONTEXT = {"get_max_context_len": 32}


@pytest.fixture(autouse=True)
def more_types(monkeypatch: pytest.MonkeyPatch) -> None:
    for dtype, number in ((np.float16, types.ScalarType.HALF), (np.uint16, types.ScalarType.BFLOAT16)):
        monkeypatch.setitem(emit._SCALAR_TYPES, np.dtype(dtype), number)
    monkeypatch.setitem(emit._SCALAR_TYPES, np.dtype(np.int32), types.ScalarType.INT)


def bigram(
    path: Path,
    *,
    tokens: tuple[Any, ...] = (1, Bound(8)),
    tokens_dtype: Any = np.int64,
    position: tuple[Any, ...] | None = (1,),
    weights: np.ndarray[Any, Any] = WEIGHTS,
    metadata: dict[str, Any] = CONTEXT,
    method: str = "forward",
    operator: str = "aten::embedding.out",
    extra_inputs: int = 0,
) -> Path:
    program = emit.Program()
    forward = program.method(method)
    ids = forward.input(tokens, tokens_dtype)
    for dims in [position] * (position is not None) + [(1,)] * extra_inputs:
        forward.input(dims, np.int64)
    logits = forward.tensor((*tokens, VOCABULARY), weights.dtype)
    no = forward.flag(False)
    forward.call(operator, forward.constant(weights), ids, forward.integer(-1), no, no, logits, logits)
    forward.output(logits)
    add_constant_methods(program, metadata)
    write_model(program, path)
    return path


def bfloat16(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (array.view(np.uint32) >> 16).astype(np.uint16)


@pytest.mark.parametrize("position", [(1,), (Bound(8),)], ids=["start position", "position per token"])
def test_all_logits_of_a_dynamic_model(tmp_path: Path, position: tuple[Any, ...]) -> None:
    model = _native.Model(str(bigram(tmp_path / "m.pte", position=position)))
    assert (model.info.context_length, model.info.max_step_tokens, model.info.vocab_size) == (32, 8, VOCABULARY)
    assert model.info.has_kv_cache
    for at, tokens in ((0, [3, 1, 4, 1, 5]), (5, [9]), (6, [2, 6, 5, 3, 5, 8, 9, 7])):
        np.testing.assert_array_equal(model.step(tokens, position=at), WEIGHTS[tokens[-1]])


def test_int32_tokens(tmp_path: Path) -> None:
    model = _native.Model(str(bigram(tmp_path / "m.pte", tokens_dtype=np.int32)))
    np.testing.assert_array_equal(model.step([1, 7], position=0), WEIGHTS[7])


@pytest.mark.parametrize(
    ("weights", "expected", "name"),
    [
        (WEIGHTS.astype(np.float16), WEIGHTS.astype(np.float16).astype(np.float32), "float16"),
        (bfloat16(WEIGHTS), (bfloat16(WEIGHTS).astype(np.uint32) << 16).view(np.float32), "bfloat16"),
    ],
)
def test_narrow_logits(tmp_path: Path, weights: Any, expected: Any, name: str) -> None:
    model = _native.Model(str(bigram(tmp_path / "m.pte", weights=weights)))
    assert model.info.logits_dtype == name
    np.testing.assert_array_equal(model.step([4, 2], position=0), expected[2])


def test_a_static_model_takes_one_token_a_step(tmp_path: Path) -> None:
    model = _native.Model(str(bigram(tmp_path / "m.pte", tokens=(1, 1))))
    assert model.info.max_step_tokens == 1
    np.testing.assert_array_equal(model.step([11], position=0), WEIGHTS[11])
    with pytest.raises(ValueError, match="a step of 2 tokens; the model takes 1 to 1"):
        model.step([1, 2], position=1)


@pytest.fixture
def tokenizer(tmp_path: Path) -> _native.Tokenizer:
    path = tmp_path / "tokenizer.json"
    vocabulary = {chr(ord("a") + i): i for i in range(VOCABULARY)}
    model = {"type": "BPE", "vocab": vocabulary, "merges": []}
    split = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    path.write_text(json.dumps({"model": model, "added_tokens": [], "pre_tokenizer": split, "decoder": split}))
    return _native.Tokenizer.from_file(str(path))


@pytest.mark.parametrize("cached", [True, False])
def test_generation_follows_the_largest_logits(tmp_path: Path, tokenizer: _native.Tokenizer, cached: bool) -> None:
    position = (1,) if cached else None
    model = _native.Model(str(bigram(tmp_path / "m.pte", tokens=(1, Bound(12)), position=position)))
    assert model.info.has_kv_cache == cached
    expected = [5]
    for _ in range(6):
        expected.append(int(WEIGHTS[expected[-1]].argmax()))
    session = _native.Session(model, tokenizer)
    for _ in range(2):
        config = _native.GenerationConfig(max_new_tokens=6)
        result = session.generate([0, 1, 5], config, None, _native.CancelFlag())
        assert result.tokens == expected[1:]
        assert result.text == "".join(chr(ord("a") + token) for token in expected[1:])
    assert session.cached_tokens == (8 if cached else 0)
    assert result.stats.cached_tokens == (2 if cached else 0)


def test_metadata_and_the_end_tokens(tmp_path: Path) -> None:
    metadata = {
        "get_max_seq_len": 20,
        "get_eos_ids": [3, 5],
        "get_bos_id": 1,
        "get_vocab_size": 16,
        "model_name": "tiny",
    }
    info = _native.Model(str(bigram(tmp_path / "m.pte", metadata=metadata))).info
    assert (info.context_length, info.bos_id, info.eos_ids) == (20, 1, [3, 5])
    assert info.metadata == {
        "get_max_seq_len": "20", "get_eos_ids": "3, 5", "get_bos_id": "1", "get_vocab_size": "16", "model_name": "tiny",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "encode"}, "has the methods 'encode', 'get_max_context_len'; one named 'forward' is needed"),
        ({"extra_inputs": 1}, "'forward' has 3 inputs and 1 outputs"),
        ({"tokens": (2, Bound(8))}, r"input 0 \(token ids\) has the shape \[2, 8\]"),
        ({"tokens_dtype": np.float32}, r"input 0 \(token ids\) .* type number 6; needed is int64 or int32"),
        ({"position": (2, 2)}, r"input 1 \(position\) has the shape \[2, 2\]"),
        ({"tokens": (1, 4)}, "takes exactly 4 tokens a call"),
        ({"operator": "aten::nonsense.out"}, "OperatorMissing"),
        ({"weights": WEIGHTS.astype(np.int64)}, "logits must be float32, float16 or bfloat16"),
        ({"metadata": {"get_max_context_len": 0}}, "get_max_context_len is 0; it must be a positive number"),
        ({"metadata": {"get_eos_ids": [16], **CONTEXT}}, "get_eos_ids is 16; it must be a token id below 16"),
        ({"metadata": {"get_bos_id": "x", **CONTEXT}}, "'get_bos_id' must return integers"),
        (
            {"metadata": {"get_kv_cache": "q4", **CONTEXT}},
            "get_kv_cache is 'q4', but this version of llmodule knows f16",
        ),
        ({"metadata": {"use_kv_cache": True, **CONTEXT}, "position": None}, "use_kv_cache is 1, but"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_cannot_be_run_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelFormatError, match=message) as error:
        _native.Model(str(bigram(tmp_path / "m.pte", **change)))
    assert "m.pte" in str(error.value)


def test_wrong_steps_are_refused_and_change_nothing(tmp_path: Path) -> None:
    model = _native.Model(str(bigram(tmp_path / "m.pte")))
    for tokens, at, message in (
        ([], 0, "a step of 0 tokens"),
        ([16], 0, "token id 16 is outside the vocabulary of 16"),
        ([-1], 0, "token id -1"),
        ([1, 2], 31, "beyond the context of 32"),
    ):
        with pytest.raises(ValueError, match=message):
            model.step(tokens, position=at)
    np.testing.assert_array_equal(model.step([1], position=31), WEIGHTS[1])


@pytest.mark.parametrize("keep", [0, 8, 31, 40, 64, 200, 1000, -64])
def test_truncated_files_are_refused(tmp_path: Path, keep: int) -> None:
    path = bigram(tmp_path / "m.pte")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelFormatError, match=r"m\.pte"):
        _native.Model(str(path))


def test_damaged_files_end_in_an_error_or_in_other_logits(tmp_path: Path) -> None:
    """Each of these damages once ended the process by an assertion of the runtime, or could have."""
    content = bigram(tmp_path / "m.pte").read_bytes()
    random = np.random.default_rng(4)
    outcomes = set()
    for _ in range(600):
        damaged = bytearray(content)
        for at in random.integers(0, 1400, random.choice([1, 2, 8])):
            damaged[at] = random.integers(256)
        path = tmp_path / "damaged.pte"
        path.write_bytes(damaged)
        try:
            outcomes.add(_native.Model(str(path)).step([1, 2], position=0).shape)
        except (LLModuleError, ValueError) as error:
            outcomes.add(type(error).__name__)
    assert "ModelFormatError" in outcomes


def test_a_failing_operator_is_an_execution_error(tmp_path: Path) -> None:
    def with_bad_update(path: Path) -> Path:
        program = emit.Program()
        forward = program.method("forward")
        ids = forward.input((1, Bound(8)), np.int64)
        at = forward.input((1,), np.int64)
        logits = forward.tensor((1, Bound(8), VOCABULARY))
        forward.call("llama::update_cache.out", ids, logits, at, logits, logits)
        forward.output(logits)
        add_constant_methods(program, CONTEXT)
        write_model(program, path)
        return path

    model = _native.Model(str(with_bad_update(tmp_path / "m.pte")))
    for _ in range(2):
        with pytest.raises(ExecutionError, match="the model failed on 1 tokens at position 0") as error:
            model.step([1], position=0)
        assert error.value.executorch_code != 0
