"""llmodule's native core, as `LLMModule` uses it; no speculation, so that decoding is what it is for free text."""

from __future__ import annotations

from pathlib import Path

from protocol import serve

from llmodule import _native


class Engine:
    """A session."""

    def __init__(self, model: str, threads: int, context: int) -> None:
        # The file decides how long a context may get; its memory is taken as it fills.
        loaded = _native.Model(model, threads=threads)
        tokenizer = _native.Tokenizer.from_file(str(Path(model).with_name("tokenizer.json")))
        self.vocabulary = loaded.info.vocab_size
        self._session = _native.Session(loaded, tokenizer)
        self._tokens: list[int] = []

    def generate(self, tokens: list[int], new: int, *, behind: bool) -> tuple[float, float]:
        if not behind:
            self._session.reset()
            self._tokens = []
        self._tokens += tokens
        config = _native.GenerationConfig(max_new_tokens=new, ignore_eos=True, max_draft_tokens=0)
        result = self._session.generate(self._tokens, config, None, _native.CancelFlag())
        self._tokens += result.tokens
        return result.stats.first_token_seconds, result.stats.decode_seconds


serve(Engine)
