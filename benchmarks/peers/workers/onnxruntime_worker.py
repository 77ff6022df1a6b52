"""ONNX Runtime GenAI: one generator, extended token by token and message by message."""

from __future__ import annotations

import json
from pathlib import Path

import onnxruntime_genai as og
from protocol import serve, timed


class Engine:
    """A generator."""

    def __init__(self, model: str, threads: int, context: int) -> None:
        self._context = context
        settings = og.Config(model)
        settings.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}))
        self._model = og.Model(settings)
        self.vocabulary = json.loads(Path(model, "genai_config.json").read_text())["model"]["vocab_size"]
        self._start()

    def _start(self) -> None:
        parameters = og.GeneratorParams(self._model)
        parameters.set_search_options(max_length=self._context, min_length=self._context, do_sample=False)
        self._generator = og.Generator(self._model, parameters)

    def generate(self, tokens: list[int], new: int, *, behind: bool) -> tuple[float, float]:
        if not behind:
            self._start()

        def first() -> None:
            self._generator.append_tokens(tokens)
            self._generator.generate_next_token()

        return timed(first, lambda: [self._generator.generate_next_token() for _ in range(new - 1)])


serve(Engine)
