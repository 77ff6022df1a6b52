"""llama.cpp through llama-cpp-python's C API: llama_decode and its greedy sampler, flash attention as it chooses."""

from __future__ import annotations

import ctypes

import llama_cpp as c
from protocol import serve, timed


@c.llama_log_callback  # type: ignore[untyped-decorator]
def _quiet(level: int, text: bytes, data: ctypes.c_void_p) -> None:
    pass


class Engine:
    """A context."""

    def __init__(self, model: str, threads: int, context: int) -> None:
        c.llama_log_set(_quiet, ctypes.c_void_p(0))
        c.llama_backend_init()
        self._model = c.llama_model_load_from_file(model.encode(), c.llama_model_default_params())
        settings = c.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch = context, context, 512
        settings.n_threads = settings.n_threads_batch = threads
        self._context = c.llama_init_from_model(self._model, settings)
        self._sampler = c.llama_sampler_init_greedy()
        self.vocabulary = c.llama_vocab_n_tokens(c.llama_model_get_vocab(self._model))
        self._next = 0

    def generate(self, tokens: list[int], new: int, *, behind: bool) -> tuple[float, float]:
        if behind:
            tokens = [self._next, *tokens]
        else:
            c.llama_memory_clear(c.llama_get_memory(self._context), True)

        def rest() -> None:
            for _ in range(new - 1):
                self._run([self._next])

        return timed(lambda: self._run(tokens), rest)

    def _run(self, tokens: list[int]) -> None:
        array = (c.llama_token * len(tokens))(*tokens)
        code = c.llama_decode(self._context, c.llama_batch_get_one(array, len(tokens)))
        if code:
            raise RuntimeError(f"llama_decode: {code}")
        self._next = c.llama_sampler_sample(self._sampler, self._context, -1)


serve(Engine)
