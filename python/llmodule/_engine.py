"""A loaded model with all that belongs to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmodule import _logging, results
from llmodule._model_config import ModelConfig
from llmodule._prompt import Prompt, PromptEncoder
from llmodule.config import GenerationConfig
from llmodule.errors import ChatTemplateError
from llmodule.messages import Message, Tool
from llmodule.results import GenerationResult
from llmodule.sources import ModelFiles

if TYPE_CHECKING:
    from llmodule import _native

OnToken = Callable[[str, int, float], "bool | None"]


class Engine:
    """Model, tokenizer, chat template and the session that holds the KV cache. One thread at a time may use it.

    Args:
        files: The files of the model.
        draft_model: The .pte of a smaller model of the same vocabulary that guesses tokens.
        threads: Threads that execute the model; 0: as many as there are physical cores.

    Raises:
        LLModuleError: A file is damaged or missing; the class says which kind.
        ValueError: threads is negative, or the draft model has another vocabulary.
    """

    def __init__(self, files: ModelFiles, *, draft_model: Path | None = None, threads: int = 0) -> None:
        from llmodule import _native
        from llmodule.tokenizer import open_tokenizer

        if threads < 0:
            raise ValueError(f"threads is {threads}; it must be 0 or more")
        _logging.connect()
        begin = time.perf_counter()
        self._config = ModelConfig.read(files)
        self.tokenizer = open_tokenizer(files.tokenizer)
        model = _native.Model(str(files.model), threads=threads)
        draft = None if draft_model is None else _native.Model(str(draft_model), threads=threads)
        self._session = _native.Session(model, self.tokenizer, draft)
        self.info = model.info
        self._eos_ids = self._find_eos_ids()
        self._prompts = PromptEncoder(self.tokenizer)
        self._load_seconds = time.perf_counter() - begin

    def close(self) -> None:
        """Frees the model, whoever else still knows this object."""
        del self._session, self.info

    def render(self, messages: Sequence[Message], tools: Sequence[Tool] | None) -> Prompt:
        """Renders a chat and encodes it.

        Raises:
            ChatTemplateError: There is no template, or it fails.
        """
        if self._config.chat_template is None:
            raise ChatTemplateError(
                "the model comes without a chat template; give a tokenizer_config_source whose file has "
                "'chat_template', or use run_inference with a complete prompt"
            )
        text = self._config.chat_template.render(self._prompts.guard(messages), tools=tools)
        return self._prompts.encode(text)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Encodes a complete prompt; a BOS token that the text spells is not added a second time."""
        ids = self.tokenizer.encode(text, add_special_tokens=add_special_tokens)
        doubled = add_special_tokens and len(ids) > 1 and ids[0] == ids[1] and self.tokenizer.is_special(ids[0])
        return ids[1:] if doubled else ids

    def generate(
        self, ids: Sequence[int], config: GenerationConfig, on_token: OnToken, cancel: _native.CancelFlag
    ) -> GenerationResult:
        """Runs the model on the prompt `ids`.

        Args:
            ids: The prompt's tokens; those that the KV cache holds already are not run again.
            config: None fields get the model's own settings, then the core's.
            on_token: Called with the text that a token completes, its id and log-probability; False ends the
                generation.
            cancel: Ends the generation from another thread.

        Raises:
            ValueError: The prompt is empty, or a setting is out of range.
            ContextOverflowError: The prompt does not fit into the context.
            ExecutionError: The runtime failed.
        """
        settings = native_config(config.over(self._config.sampling), eos_ids=self._eos_ids)
        return results.from_native(
            self._session.generate(list(ids), settings, on_token, cancel), load_seconds=self._load_seconds
        )

    def remember(self, prompt: Prompt, result: GenerationResult) -> None:
        """Notes the answer to a rendered chat, so that the next turn's prompt begins with the same ids."""
        self._prompts.remember(prompt, result.tokens)

    def _find_eos_ids(self) -> list[int]:
        # Those of the .pte itself are known to the core.
        ids = set(self._config.eos_ids)
        if self._config.eos_token is not None:
            eos_id = self.tokenizer.token_to_id(self._config.eos_token)
            ids |= {eos_id} if eos_id is not None else set()
        return sorted(ids)


def native_config(config: GenerationConfig, *, eos_ids: Sequence[int] = ()) -> _native.GenerationConfig:
    """Checks a configuration and hands it to the core.

    Args:
        config: None fields get the core's defaults.
        eos_ids: Added to the configuration's own.

    Raises:
        ValueError: A value is out of range.
        TypeError: A value has the wrong type.
    """
    from llmodule import _native

    native = _native.GenerationConfig()
    for name, value in config.given().items():
        try:
            setattr(native, name, value)
        except TypeError:
            error = ValueError if isinstance(value, (int, float)) else TypeError
            raise error(f"{name} is {value!r}, which GenerationConfig.{name} cannot hold") from None
    native.eos_ids = sorted({*native.eos_ids, *eos_ids})
    native.validate()
    return native
