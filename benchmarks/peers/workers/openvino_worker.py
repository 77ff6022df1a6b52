"""OpenVINO GenAI: an LLM pipeline over a GGUF file.

Its stateful backend (SDPA) is the faster one, but takes ids for fresh prompts only; later turns of a chat are run by
the other one (PA), whose prefix cache knows the turns before.
"""

from __future__ import annotations

import numpy as np
import openvino
import openvino_genai as genai
from protocol import serve


class Engine:
    """Both pipelines, the second one made when it is first needed."""

    def __init__(self, model: str, threads: int, context: int) -> None:
        # The cache grows with the context.
        self._model, self._threads = model, threads
        self._fresh = self._pipeline("SDPA")
        self._chat: genai.LLMPipeline | None = None
        self._tokens: list[int] = []
        self.vocabulary = len(self._fresh.get_tokenizer().get_vocab())

    def _pipeline(self, backend: str) -> genai.LLMPipeline:
        return genai.LLMPipeline(self._model, "CPU", ATTENTION_BACKEND=backend, INFERENCE_NUM_THREADS=self._threads)

    def generate(self, tokens: list[int], new: int, *, behind: bool) -> tuple[float, float]:
        config = genai.GenerationConfig()
        config.max_new_tokens, config.ignore_eos, config.do_sample = new, True, False
        self._tokens = [*self._tokens, *tokens] if behind else tokens
        if behind and self._chat is None:
            self._chat = self._pipeline("PA")
        pipeline = self._chat if behind and self._chat is not None else self._fresh
        result = pipeline.generate(openvino.Tensor(np.array([self._tokens])), config)
        self._tokens = [*self._tokens, *result.tokens[0]]
        metrics = result.perf_metrics
        return metrics.get_ttft().mean / 1e3, metrics.get_tpot().mean / 1e3 * (new - 1)


serve(Engine)
