"""Perplexity and KL divergence against numpy, and of the real model."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from llmodule import _native
from llmodule.cli import main
from llmodule.evaluation import encode_text, kl_divergence, perplexity, split_windows

from .conftest import ScriptedTokenizer

VOCABULARY = 11
TEXT = """The town lies where two rivers meet. In spring, when the snow melts in the mountains, the water rises and the
lower streets are closed. People put their chairs on the tables, carry the books upstairs, and wait. After a week or so
the rivers go back to their beds, and everybody comes out to clean the floors. Nobody wants to live anywhere else. The
old bridge was built three hundred years ago, and it has stood every flood since then. Children fish from it in summer,
and in winter the baker sells hot chestnuts at its southern end. When the train came, the council wanted a new bridge
of iron, but there was no money, so the station was built on the other side of the river.
"""


class OracleModel:
    """Logits that depend on the last two tokens and the position, and an account of what has been fed."""

    def __init__(self, *, chunk: int = 3, has_kv_cache: bool = True, rows: int = 1) -> None:
        self.info: Any = SimpleNamespace(
            context_length=16, max_step_tokens=chunk, has_kv_cache=has_kv_cache, logits_rows=rows, vocab_size=0x300
        )
        self.fed: list[int] = []
        self._table = np.random.default_rng(5).normal(0, 3, (16, VOCABULARY, VOCABULARY)).astype(np.float32)

    def step(self, tokens: Sequence[int], *, position: int, rows: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        assert 1 <= len(tokens) <= (self.info.max_step_tokens if self.info.has_kv_cache else 16)
        assert 1 <= rows <= min(len(tokens), self.info.logits_rows)
        assert position <= len(self.fed)
        assert self.info.has_kv_cache or position == 0
        self.fed = [*self.fed[:position], *tokens]
        ends = range(len(self.fed) - rows + 1, len(self.fed) + 1)
        return np.stack([self.logits(self.fed[:end]) for end in ends])

    def logits(self, tokens: Sequence[int]) -> np.ndarray[Any, np.dtype[np.float32]]:
        before = tokens[-2] if len(tokens) > 1 else 0
        row: np.ndarray[Any, np.dtype[np.float32]] = self._table[len(tokens) - 1, before % 11, :] + tokens[-1] % 11 / 7
        row[tokens[-1] % 11] += 1
        return row


def oracle_losses(model: OracleModel, windows: list[list[int]]) -> list[float]:
    losses = []
    for window in windows:
        for index in range(len(window) // 2 + 1, len(window)):
            weights = np.exp(model.logits(window[:index]).astype(np.longdouble))
            losses.append(float(-np.log(weights[window[index]] / weights.sum())))
    return losses


@pytest.mark.parametrize(("context", "stride", "chunk"), [(8, None, 3), (9, 5, 2), (16, 8, 100), (4, 4, 1)])
@pytest.mark.parametrize(("has_kv_cache", "rows"), [(True, 1), (True, 3), (True, 16), (False, 1), (False, 3)])
def test_perplexity_is_the_oracles(context: int, stride: int | None, chunk: int, has_kv_cache: bool, rows: int) -> None:
    ids = np.random.default_rng(1).integers(0, VOCABULARY, 50).tolist()
    windows = split_windows(ids, context=context, stride=stride)
    shares: list[float] = []
    model = OracleModel(chunk=chunk, has_kv_cache=has_kv_cache, rows=rows)
    result = perplexity(model, windows, progress=shares.append)
    losses = oracle_losses(model, windows)
    assert (result.tokens, result.windows) == (len(losses), len(windows))
    assert result.value == pytest.approx(math.exp(sum(losses) / len(losses)), rel=1e-6)
    variance = sum((loss - sum(losses) / len(losses)) ** 2 for loss in losses) / (len(losses) - 1)
    assert result.error == pytest.approx(result.value * math.sqrt(variance / len(losses)), rel=1e-6)
    assert shares == [done / len(windows) for done in range(1, len(windows) + 1)]


def test_a_single_token_has_no_standard_error() -> None:
    result = perplexity(OracleModel(), [[1, 2, 3, 4]])
    assert result.tokens == 1
    assert math.isnan(result.error)


def test_windows() -> None:
    ids = list(range(100, 111))
    assert split_windows(ids, context=4) == [[100, 101, 102, 103], [104, 105, 106, 107]]
    assert split_windows(ids, context=5, stride=3, bos_id=7) == [
        [7, 101, 102, 103, 104],
        [7, 104, 105, 106, 107],
        [7, 107, 108, 109, 110],
    ]


@pytest.mark.parametrize(
    ("length", "context", "stride", "words"),
    [
        (7, 8, None, "the text has 7 tokens; one window needs 8"),
        (0, 8, None, "the text has 0 tokens"),
        (50, 3, None, "context is 3; it must be 4 or more"),
        (50, 9, 4, "stride is 4; it must be from 5"),
        (50, 8, 9, "stride is 9; it must be from 4, half of context, to 8"),
    ],
)
def test_windows_that_cannot_be_cut(length: int, context: int, stride: int | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        split_windows([1] * length, context=context, stride=stride)


def test_a_text_is_encoded_without_markup_and_knows_its_bos() -> None:
    tokenizer: Any = ScriptedTokenizer()
    ids, bos_id = encode_text(tokenizer, "<|im_end|>")
    assert len(ids) == len("<|im_end|>")
    assert bos_id == 0


def test_kl_divergence() -> None:
    generator = np.random.default_rng(2)
    p, q = (generator.normal(0, 4, (5, VOCABULARY)).astype(np.float32) for _ in range(2))
    odds_p, odds_q = np.exp(p.astype(np.longdouble)), np.exp(q.astype(np.longdouble))
    p_true, q_true = odds_p / odds_p.sum(axis=1, keepdims=True), odds_q / odds_q.sum(axis=1, keepdims=True)
    expected = (p_true * np.log(p_true / q_true)).sum(axis=1).astype(np.float64)
    np.testing.assert_allclose(kl_divergence(p, q), expected, rtol=1e-9)
    np.testing.assert_allclose(kl_divergence(p, p + 1000), 0, atol=1e-3)  # float32 keeps fewer digits there
    assert (kl_divergence(p, p) == 0).all()
    with pytest.raises(ValueError, match=r"shape \(5, 11\) and logits_q \(11,\)"):
        kl_divergence(p, q[0])


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> OracleModel:
    model = OracleModel()
    monkeypatch.setattr(_native, "Model", lambda path, *, threads: model)
    monkeypatch.setattr(_native, "Tokenizer", DigitTokenizer)
    return model


class DigitTokenizer:
    """Digits as tokens, 10 as BOS."""

    @classmethod
    def from_file(cls, path: str) -> DigitTokenizer:
        return cls()

    def encode(self, text: str, *, add_special_tokens: bool, parse_special: bool) -> list[int]:
        return [10] * add_special_tokens + [int(character) for character in text.strip()]


def test_the_command(oracle: OracleModel, model_folder: Path, tmp_path: Path, capsys: Any) -> None:
    text = tmp_path / "text.txt"
    text.write_text("31415926535897932384626433832795\n")
    command = ["eval", "perplexity", str(model_folder), "--text", str(text)]
    assert main([*command, "--context", "8", "--json"]) == 0
    fields = json.loads(capsys.readouterr().out)
    losses = oracle_losses(oracle, [[10, *map(int, part)] for part in ("1415926", "3589793", "3846264", "3832795")])
    assert fields["perplexity"] == pytest.approx(math.exp(sum(losses) / len(losses)))
    assert (fields["tokens"], fields["windows"], fields["context"]) == (12, 4, 8)

    assert main(command) == 0  # the model's own context, 16
    out = capsys.readouterr().out
    assert out.startswith("perplexity ")
    assert out.endswith("(14 tokens in 2 windows of 16)\n")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (None, [], "text.txt can't be read: No such file or directory"),
        (b" \n", [], "text.txt is empty"),
        (b"12\xff", [], "text.txt is not UTF-8: invalid start byte at byte 2"),
        (b"123", [], "the text has 3 tokens; one window needs 16"),
        (b"1" * 40, ["--context", "17"], "context is 17; the model's is 16"),
        (b"1" * 40, ["--threads", "-1"], "threads is -1"),
    ],
)
@pytest.mark.usefixtures("oracle")
def test_failures_are_one_line(
    content: bytes | None, options: list[str], words: str, model_folder: Path, tmp_path: Path, capsys: Any
) -> None:
    text = tmp_path / "text.txt"
    if content is not None:
        text.write_bytes(content)
    assert main(["eval", "perplexity", str(model_folder), "--text", str(text), *options]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.model
def test_the_real_model_prefers_english_to_shuffled_words(model_path: Path, tmp_path: Path, capsys: Any) -> None:
    words = TEXT.split()
    random.Random(3).shuffle(words)
    values = []
    for content in (TEXT, " ".join(words)):
        text = tmp_path / "text.txt"
        text.write_text(content)
        assert main(["eval", "perplexity", str(model_path), "--text", str(text), "--context", "128", "--json"]) == 0
        values.append(json.loads(capsys.readouterr().out)["perplexity"])
    assert 1 < values[0] < 60
    assert values[1] > 3 * values[0]
