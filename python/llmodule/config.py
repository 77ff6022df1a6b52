"""How answers are chosen and how a chat is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from llmodule.context import ContextStrategy, MessageCount, SlidingWindow
from llmodule.messages import Message, copy_messages


@dataclass(frozen=True, kw_only=True)
class GenerationConfig:
    """How tokens are chosen and when to stop.

    A field that is None leaves the choice to the next in this order: the call's configuration, the module's, the
    model's generation_config.json, the default named here. Values are checked when they are used; a wrong one is a
    ValueError that names the field.

    Attributes:
        temperature: 0 takes the most likely token (the default); larger values flatten the distribution.
        top_k: Only the k most likely tokens; 0, the default: all.
        top_p: Only the most likely tokens that together reach this probability; 1, the default: all.
        min_p: Only tokens with at least this share of the likeliest token's probability; 0, the default: all.
        repetition_penalty: Divides positive and multiplies negative logits of tokens seen; 1, the default: none.
        presence_penalty: Subtracted once from the logits of tokens seen; 0, the default: none.
        frequency_penalty: Subtracted for every occurrence; 0, the default: none.
        penalty_window: How many of the last tokens count as seen, 64 by default; -1: all.
        logit_bias: (token id, value added to its logit); minus infinity bans a token.
        seed: The same seed gives the same text if the same part of the prompt is in the KV cache: how many tokens run
            at once shows in the last bits of the logits. By default a new one each time.
        max_new_tokens: 0, the default: as many as the context holds.
        stop: The answer ends before the first of these strings.
        eos_ids: End tokens beside those of the model and its configuration files.
        ignore_eos: Goes on behind an end token; for benchmarks.
        skip_special_tokens: Leaves special tokens out of the text; True by default.
        logprobs: Reports each token's log-probability, at the cost of a pass over the logits per token.
        prefill_chunk: Tokens per prefill step. 256 by default; 0: as many as the model takes. An interrupted step
            counts as not run, so this is what an interrupt may throw away of a prompt.
        max_draft_tokens: How many tokens are guessed at most and checked in one step (speculative decoding), where the
            model gives the logits of several tokens, as converted files do. 15 by default; 0: none. Guesses only save
            time: every token is chosen from the model's own logits, which are the same to the last bit.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    penalty_window: int | None = None
    logit_bias: Sequence[tuple[int, float]] | None = None
    seed: int | None = None
    max_new_tokens: int | None = None
    stop: Sequence[str] | None = None
    eos_ids: Sequence[int] | None = None
    ignore_eos: bool | None = None
    skip_special_tokens: bool | None = None
    logprobs: bool | None = None
    prefill_chunk: int | None = None
    max_draft_tokens: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.stop, str):
            raise TypeError(f"stop is the string {self.stop!r}; it must be a sequence of strings")

    def over(self, other: GenerationConfig) -> GenerationConfig:
        """Returns this configuration with its None fields taken from `other`."""
        return replace(other, **self.given())

    def given(self) -> dict[str, Any]:
        """Returns the fields that are not None."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}


@dataclass(frozen=True, kw_only=True)
class ChatConfig:
    """How a chat is kept.

    Attributes:
        initial_message_history: The messages a conversation begins with.
        context_window_length: If given, the model sees the system prompt and this many of the last messages, the new
            one counted. None, the default, leaves the choice to `context_strategy`: a window of so many messages moves
            with every turn, and then the KV cache has to be filled anew each time.
        system_prompt: Put in front of every context; empty, the default, leaves it to the model's chat template.
        context_strategy: Which part of the history the model sees; by default `SlidingWindow()`, all that fits.

    Raises:
        ValueError: context_window_length is below 1 or is given together with context_strategy, or a message is wrong.
        TypeError: A message is no mapping or its content no string.
    """

    initial_message_history: Sequence[Message] = ()
    context_window_length: int | None = None
    system_prompt: str = ""
    context_strategy: ContextStrategy | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial_message_history", tuple(copy_messages(self.initial_message_history)))
        if self.context_window_length is None:
            return
        if self.context_strategy is not None:
            raise ValueError("context_window_length and context_strategy exclude each other; give one of them")
        MessageCount(self.context_window_length)

    @property
    def strategy(self) -> ContextStrategy:
        """The strategy in force."""
        if self.context_window_length is not None:
            return MessageCount(self.context_window_length)
        return self.context_strategy or SlidingWindow()
