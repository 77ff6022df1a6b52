"""Fixtures: a real model where there is one, and a model played by a script for everything that needs none."""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmodule import LLMModule, _native, models
from llmodule.errors import DownloadError
from llmodule.sources import fetch_model

MODEL_VARIABLE = "LLMODULE_TEST_MODEL"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def model_path() -> Path:
    """A folder with the real SmolLM2-135M-Instruct: the command line's default model, converted once into the cache."""
    if named := os.environ.get(MODEL_VARIABLE):
        return Path(named)
    try:
        return fetch_model(models.SMOLLM2_135M_INSTRUCT, progress=lambda share: None).model.parent
    except DownloadError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no model: {error}; set {MODEL_VARIABLE} to a folder with a .pte file and its tokenizer")


@pytest.fixture(scope="session")
def official_path() -> Path:
    """The same model as ExecuTorch's own exporter writes it, where it lies beside the repository."""
    path = Path(__file__).parents[3] / "shared" / "models" / "smollm2-135m-official"
    if not path.exists():
        pytest.skip(f"no model at {path}")
    return path


@pytest.fixture
def real(model_path: Path) -> Iterator[LLMModule]:
    """A module with the real model, freed at the end of the test."""
    with LLMModule() as llm:
        llm.load(model_path)
        yield llm


class ScriptedTokenizer:
    """Characters as tokens, a few longer ones, and three special ones. `encode` prefers long tokens."""

    texts = ("<s>", "<|im_start|>", "<|im_end|>", "hello", "hel", "lo")
    special = range(3)
    vocab_size = 0x300

    @classmethod
    def from_file(cls, path: str) -> ScriptedTokenizer:
        return cls()

    def encode(self, text: str, *, add_special_tokens: bool = True, parse_special: bool = True) -> list[int]:
        known = self.texts if parse_special else self.texts[3:]
        parts = re.findall("|".join(map(re.escape, known)) + "|.", text, re.DOTALL)
        ids = [self.texts.index(part) if part in known else len(self.texts) + ord(part) for part in parts]
        return [0, *ids] if add_special_tokens else ids

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        return "".join(self.id_to_token(i) or "" for i in ids if not (skip_special_tokens and i in self.special))

    def id_to_token(self, id: int) -> str | None:
        return self.texts[id] if id < len(self.texts) else chr(id - len(self.texts))

    def token_to_id(self, token: str) -> int | None:
        return self.texts.index(token) if token in self.texts else None

    def is_special(self, id: int) -> bool:
        return id in self.special


class ScriptedModel:
    """Answers with the ids in `answers`, one list per generation, or raises what stands there instead."""

    def __init__(self) -> None:
        self.info = SimpleNamespace(context_length=1000, vocab_size=0x300)
        self.answers: deque[list[int] | Exception] = deque()
        self.prompts: list[list[int]] = []
        self.configs: list[Any] = []
        self.on_step: Callable[[int], object] = lambda step: None
        self.load_error: Exception | None = None
        self.cached: list[int] = []
        self.has_draft_model = False

    def load(self, path: str, *, threads: int = 0) -> ScriptedModel:
        if self.load_error is not None:
            raise self.load_error
        return self

    def say(self, *texts: str) -> None:
        self.answers += [ScriptedTokenizer().encode(text, add_special_tokens=False) for text in texts]

    def session(self, model: ScriptedModel, tokenizer: ScriptedTokenizer, draft: ScriptedModel | None) -> ScriptedModel:
        self.has_draft_model = draft is not None
        return self

    def generate(self, prompt: list[int], config: Any, callback: Any, cancel: Any) -> Any:
        self.prompts.append(prompt)
        self.configs.append(config)
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        agree = [held == asked for held, asked in zip(self.cached, prompt[:-1], strict=False)]
        cached = [*agree, False].index(False)
        tokens: list[int] = []
        reason = "eos"
        for step, token in enumerate(answer):
            self.on_step(step)
            if cancel.cancelled:
                reason = "interrupt"
                break
            tokens.append(token)
            if callback(ScriptedTokenizer().decode([token]), token, 0.0) is False:
                reason = "stop"
                break
        self.cached = [*prompt, *tokens][:-1]
        stats = SimpleNamespace(
            prompt_tokens=len(prompt), cached_tokens=cached, generated_tokens=len(tokens), drafted_tokens=0,
            accepted_tokens=0, prefill_seconds=0.5, first_token_seconds=0.5, decode_seconds=1.0, execute_seconds=1.25,
        )  # fmt: skip
        return SimpleNamespace(
            text=ScriptedTokenizer().decode(tokens), tokens=tokens, logprobs=[], finish_reason=reason, stop_string="",
            seed=1, stats=stats,
        )  # fmt: skip


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """Replaces model, session and tokenizer of the native core; everything else stays real."""
    model = ScriptedModel()
    monkeypatch.setattr(_native, "Model", model.load)
    monkeypatch.setattr(_native, "Session", model.session)
    monkeypatch.setattr(_native, "Tokenizer", ScriptedTokenizer)
    return model


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """The files of a scripted model."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.pte").write_bytes(b"-")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": CHATML, "eos_token": "<|im_end|>"}))
    return folder
