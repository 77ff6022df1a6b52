"""LLMModule, the chat interface to a language model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from llmodule._conversation import Conversation
from llmodule._gate import Gate
from llmodule.config import ChatConfig, GenerationConfig
from llmodule.errors import LLModuleError, ModelNotLoadedError, StateError
from llmodule.messages import Message, Tool, copy_messages
from llmodule.results import GenerationResult, GenerationStats
from llmodule.sources import Source, fetch_model, fetch_pte

if TYPE_CHECKING:
    from llmodule._engine import Engine
    from llmodule._native import CancelFlag

OnPiece = Callable[[str], object]


class LLMModule:
    """A language model to chat with.

    All callbacks are optional and run in the thread that makes the call (for `stream`: in its worker thread). An
    exception in a callback ends the call and is raised to its caller. The methods may be called from any thread; one
    call at a time may use the model, a second one raises ModelGeneratingError.

    Args:
        token_callback: Called with each new piece of the answer; whole characters only, special tokens left out.
            Returning False ends the answer.
        response_callback: Called with the answer so far: '' at the start, then with every token, and with the whole
            answer at the end.
        message_history_callback: Called with the whole history: now, when the user's message is appended, when the
            assistant's is, and whenever the history changes otherwise.
        is_ready_callback: Called with False when loading begins, then with True, or with False if it fails; with False
            when the model is deleted.
        is_generating_callback: Called with True before the model runs, and with False when it ends in whatever way.
        model_download_progress_callback: Called with the share of all bytes of the load that are there, 0 to 1; at the
            end of a load with 1, also when nothing had to be downloaded.
        error_callback: Called with the LLModuleError instead of raising it when loading or generating fails. Misuse
            (StateError, ValueError, TypeError) and exceptions of callbacks are raised in any case.
        chat_config: How the chat is kept.
        generation_config: How tokens are chosen; see there for the order of defaults.

    Raises:
        ValueError: A configuration has a value out of range.
    """

    def __init__(
        self,
        *,
        token_callback: Callable[[str], bool | None] | None = None,
        response_callback: Callable[[str], object] | None = None,
        message_history_callback: Callable[[list[Message]], object] | None = None,
        is_ready_callback: Callable[[bool], object] | None = None,
        is_generating_callback: Callable[[bool], object] | None = None,
        model_download_progress_callback: Callable[[float], object] | None = None,
        error_callback: Callable[[LLModuleError], object] | None = None,
        chat_config: ChatConfig | None = None,
        generation_config: GenerationConfig | None = None,
    ) -> None:
        self._token_callback = token_callback
        self._response_callback = response_callback
        self._message_history_callback = message_history_callback
        self._is_ready_callback = is_ready_callback
        self._is_generating_callback = is_generating_callback
        self._progress_callback = model_download_progress_callback
        self._error_callback = error_callback
        self._gate = Gate()
        self._engine: Engine | None = None
        self._is_generating = False
        self._response = ""
        self._result: GenerationResult | None = None
        self._generation_config = _validated(generation_config)
        self._conversation = Conversation(chat_config or ChatConfig())
        self._report_history()

    # State

    @property
    def is_ready(self) -> bool:
        """Whether a model is loaded."""
        return self._engine is not None

    @property
    def is_generating(self) -> bool:
        """Whether the model is running."""
        return self._is_generating

    @property
    def response(self) -> str:
        """The answer so far, or the last one."""
        return self._response

    @property
    def message_history(self) -> list[Message]:
        """A copy of the history."""
        return self._conversation.messages

    @property
    def chat_config(self) -> ChatConfig:
        """How the chat is kept."""
        return self._conversation.config

    @property
    def generation_config(self) -> GenerationConfig:
        """How tokens are chosen, as configured."""
        return self._generation_config

    @property
    def result(self) -> GenerationResult | None:
        """The last generation that came to an end; None before the first."""
        return self._result

    @property
    def stats(self) -> GenerationStats | None:
        """The statistics of `result`."""
        return self._result.stats if self._result else None

    def get_prompt_token_count(self) -> int:
        """Returns the tokens of the last prompt, 0 before the first."""
        return self._result.stats.prompt_tokens if self._result else 0

    def get_generated_token_count(self) -> int:
        """Returns the tokens of the last answer, 0 before the first."""
        return self._result.stats.generated_tokens if self._result else 0

    def get_total_token_count(self) -> int:
        """Returns the tokens of the last prompt and its answer."""
        return self.get_prompt_token_count() + self.get_generated_token_count()

    # Life

    def load(
        self,
        model_source: Source,
        tokenizer_source: Source | None = None,
        tokenizer_config_source: Source | None = None,
        *,
        draft_model_source: Source | None = None,
        threads: int = 0,
    ) -> None:
        """Loads a model, in place of the one loaded before; the history stays.

        A source is a path, a URL (file, http, https, hf, package, and those of fsspec), the name of a repository of the
        Hugging Face Hub, a preset of `llmodule.models`, or bytes. What is not given is looked for beside what is, so a
        folder or a repository with a .pte file, tokenizer.json and tokenizer_config.json is enough;
        generation_config.json and chat_template.jinja are used if they are there. GGUF files and folders of safetensors
        are converted once. Downloads are kept in the cache ($LLMODULE_CACHE), see `llmodule.cache`; what was loaded
        once is loaded without a network. Bytes are written to a temporary file that is gone when this returns.

        Args:
            model_source: The .pte file, or a folder or repository that holds exactly one; or a model to convert.
            tokenizer_source: The tokenizer's file.
            tokenizer_config_source: The JSON file with chat template and special tokens; needed for chats only.
            draft_model_source: A smaller model of the same vocabulary, whose guesses the model checks several at a time
                (speculative decoding). Without one, guesses are made of what the text so far repeats.
            threads: Threads that execute models in this process; 0: one per physical core.

        Raises:
            ModelBusyError: A generation is running or another load.
            LLModuleError: A file is missing, damaged or does not fit; the class says which kind. Given to
                error_callback if there is one. No model is loaded then.
        """
        from llmodule._engine import Engine

        with self._reporting(), self._gate.hold("load"):
            self._free()
            self._report_ready()
            try:
                parts = 1 if draft_model_source is None else 2
                files = fetch_model(
                    model_source,
                    tokenizer_source,
                    tokenizer_config_source,
                    progress=lambda share: self._report_progress(share / parts),
                )
                draft = None
                if draft_model_source is not None:
                    draft = fetch_pte(
                        draft_model_source, progress=lambda share: self._report_progress((1 + share) / parts)
                    )
                self._engine = Engine(files, draft_model=draft, threads=threads)
            finally:
                self._report_ready()

    def configure(
        self, *, chat_config: ChatConfig | None = None, generation_config: GenerationConfig | None = None
    ) -> None:
        """Changes the configurations given.

        Args:
            chat_config: Starts a new conversation with its initial_message_history.
            generation_config: Used from the next generation on.

        Raises:
            ModelBusyError: chat_config is given while the model is in use.
            ValueError: A value is out of range; nothing is changed then.
        """
        if generation_config is not None:
            generation_config = _validated(generation_config)
        if chat_config is not None:
            with self._gate.hold("change"):
                self._conversation = Conversation(chat_config)
                self._set_response("")
                self._report_history()
        if generation_config is not None:
            self._generation_config = generation_config

    def delete_message(self, index: int) -> None:
        """Removes the message at `index` and all that follow it.

        Raises:
            IndexError: There is no such message; negative ones do not count from the end.
            ModelBusyError: The model is in use.
        """
        with self._gate.hold("change"):
            length = len(self.message_history)
            if not 0 <= index < length:
                raise IndexError(f"there is no message {index}; the history has {length}")
            self._conversation.truncate(index)
            self._report_history()

    def interrupt(self) -> None:
        """Ends the running generation within one step of the model, from any thread, callback or signal handler.

        Its call returns normally with what there is so far. Without a running generation nothing happens, and nothing
        is left over for the next.
        """
        self._gate.interrupt()

    def delete(self) -> None:
        """Frees the model; its memory is free when this returns. Without a model nothing happens.

        A generation that has been interrupted is waited for.

        Raises:
            ModelGeneratingError: A generation is running that has not been interrupted.
            ModelBusyError: A model is being loaded.
        """
        with self._gate.hold("delete", patient=True):
            if self._engine is not None:
                self._free()
                self._report_ready()

    def __enter__(self) -> LLMModule:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.interrupt()
        self.delete()

    # Use

    def send_message(
        self,
        message: str,
        *,
        tools: Sequence[Tool] | None = None,
        generation_config: GenerationConfig | None = None,
    ) -> list[Message]:
        """Adds a user's message to the chat and lets the model answer.

        The answer is appended to the history, also a partial one of an interrupted generation. If the call fails, the
        history is set back to what it was before, so that it can be tried again.

        Args:
            message: What the user says.
            tools: Descriptions of functions, for chat templates that know them.
            generation_config: Its fields take precedence over the module's configuration for this call.

        Returns:
            A copy of the history, with the answer at its end; without it where error_callback was given an error.

        Raises:
            ModelNotLoadedError: No model is loaded.
            ModelGeneratingError: A generation is running.
            ChatTemplateError: The model has no chat template, or it fails.
            ContextOverflowError: The message does not fit into the context.
            ExecutionError: The runtime failed.
        """
        with self._reporting():
            self._turn(message, tools, generation_config)
        return self.message_history

    def stream(
        self,
        message: str,
        *,
        tools: Sequence[Tool] | None = None,
        generation_config: GenerationConfig | None = None,
    ) -> Generator[str, None, None]:
        """Does what `send_message` does, and yields the answer piece by piece while a thread generates it.

        The thread starts when the first piece is asked for. Breaking off the loop, or `close()`, interrupts the
        generation and waits for it; the partial answer is in the history then.

        Raises:
            The errors of `send_message`, behind the last piece; error_callback is not used.
        """
        from llmodule import _native, stream

        cancel = _native.CancelFlag()
        return stream.iterate(lambda put: self._turn(message, tools, generation_config, put, cancel), cancel)

    def generate(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Tool] | None = None,
        generation_config: GenerationConfig | None = None,
    ) -> str:
        """Answers a complete chat; the history is neither used nor changed.

        Args:
            messages: The chat, oldest message first; its system prompt, if there is to be one, is the first.
            tools: See `send_message`.
            generation_config: See `send_message`.

        Returns:
            The answer; '' where error_callback was given an error.

        Raises:
            ValueError: There is no message, or one is wrong.
            LLModuleError: See `send_message`.
        """
        chat = copy_messages(messages)
        if not chat:
            raise ValueError("messages is empty; a chat has at least one message")
        with self._reporting(), self._using() as (engine, cancel):
            prompt = engine.render(chat, tools)
            result = self._infer(engine, prompt.ids, generation_config, cancel)
            engine.remember(prompt, result)
            return result.text
        return ""

    def run_inference(
        self, prompt: str, *, add_special_tokens: bool = False, generation_config: GenerationConfig | None = None
    ) -> str:
        """Continues a complete prompt, which spells all special tokens itself; the history is neither used nor changed.

        Args:
            prompt: The text, passed on as it is.
            add_special_tokens: Adds what the tokenizer adds to texts, such as a BOS token, unless the prompt has it.
            generation_config: See `send_message`.

        Returns:
            The continuation; '' where error_callback was given an error.

        Raises:
            ValueError: The prompt is empty.
            LLModuleError: See `send_message`.
        """
        with self._reporting(), self._using() as (engine, cancel):
            ids = engine.encode(prompt, add_special_tokens=add_special_tokens)
            return self._infer(engine, ids, generation_config, cancel).text
        return ""

    forward = run_inference

    # What the above share

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except StateError:
            raise
        except LLModuleError as error:
            if self._error_callback is None:
                raise
            self._error_callback(error)

    @contextlib.contextmanager
    def _using(self, cancel: CancelFlag | None = None) -> Iterator[tuple[Engine, CancelFlag]]:
        with self._gate.hold("generate", cancel=cancel) as flag:
            if self._engine is None:
                raise ModelNotLoadedError("no model is loaded; call load() first")
            yield self._engine, flag

    def _turn(
        self,
        message: str,
        tools: Sequence[Tool] | None,
        config: GenerationConfig | None,
        on_piece: OnPiece | None = None,
        cancel: CancelFlag | None = None,
    ) -> None:
        question = copy_messages([{"role": "user", "content": message}])[0]
        with self._using(cancel) as (engine, flag):
            conversation = self._conversation
            before = len(conversation.messages)
            try:
                conversation.append(question)
                self._report_history()
                prompt = conversation.prompt(lambda chat: engine.render(chat, tools), engine.info.context_length)
                result = self._infer(engine, prompt.ids, config, flag, on_piece)
                engine.remember(prompt, result)
            except BaseException:
                conversation.truncate(before)
                self._report_history()
                raise
            conversation.append({"role": "assistant", "content": result.text})
            self._report_history()

    def _infer(
        self,
        engine: Engine,
        ids: Sequence[int],
        config: GenerationConfig | None,
        cancel: CancelFlag,
        on_piece: OnPiece | None = None,
    ) -> GenerationResult:
        def on_token(piece: str, token: int = 0, logprob: float = 0.0) -> bool | None:
            go_on = None
            if piece and on_piece:
                on_piece(piece)
            if piece and self._token_callback:
                go_on = self._token_callback(piece)
            self._set_response(self._response + piece)
            return go_on

        settings = (config or GenerationConfig()).over(self._generation_config)
        self._set_response("")
        self._set_generating(True)
        try:
            result = engine.generate(ids, settings, on_token, cancel)
            self._result = result
            self._set_response(result.text)
        finally:
            self._set_generating(False)
        return result

    def _free(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _set_response(self, response: str) -> None:
        self._response = response
        if self._response_callback:
            self._response_callback(response)

    def _set_generating(self, is_generating: bool) -> None:
        self._is_generating = is_generating
        if self._is_generating_callback:
            self._is_generating_callback(is_generating)

    def _report_ready(self) -> None:
        if self._is_ready_callback:
            self._is_ready_callback(self.is_ready)

    def _report_history(self) -> None:
        if self._message_history_callback:
            self._message_history_callback(self.message_history)

    def _report_progress(self, share: float) -> None:
        if self._progress_callback:
            self._progress_callback(share)


def _validated(config: GenerationConfig | None) -> GenerationConfig:
    if config is None:
        return GenerationConfig()
    from llmodule._engine import native_config

    native_config(config)
    return config
