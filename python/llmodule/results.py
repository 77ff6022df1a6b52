"""What a generation produced and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from llmodule import _native

FinishReason = Literal["eos", "stop", "length", "context", "interrupt"]


@dataclass(frozen=True)
class GenerationStats:
    """Counts in tokens and times in seconds.

    Attributes:
        load_seconds: Loading the model, its tokenizer and configuration.
        prompt_tokens: Tokens of the prompt, those in the KV cache included.
        cached_tokens: Tokens of the prompt that the KV cache held already.
        generated_tokens: Tokens generated.
        drafted_tokens: Tokens guessed by speculative decoding.
        accepted_tokens: Those of them that the model chose too.
        prefill_seconds: Running the rest of the prompt.
        first_token_seconds: From the call to the first token.
        decode_seconds: From the first token to the end.
        execute_seconds: Inside the runtime's execution of the model.
    """

    load_seconds: float
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    drafted_tokens: int
    accepted_tokens: int
    prefill_seconds: float
    first_token_seconds: float
    decode_seconds: float
    execute_seconds: float

    @property
    def prefill_tokens_per_second(self) -> float:
        """Tokens of the prompt that had to be run, per second; 0 where none had to."""
        count = self.prompt_tokens - self.cached_tokens
        return count / self.prefill_seconds if self.prefill_seconds > 0 else 0.0

    @property
    def decode_tokens_per_second(self) -> float:
        """Tokens behind the first, per second; 0 where there is only one."""
        count = self.generated_tokens - 1
        return count / self.decode_seconds if count > 0 and self.decode_seconds > 0 else 0.0

    def __str__(self) -> str:
        guessed = f", {self.accepted_tokens} of {self.drafted_tokens} guesses right" if self.drafted_tokens else ""
        return (
            f"prompt {self.prompt_tokens} tokens ({self.cached_tokens} cached), "
            f"prefill {self.prefill_tokens_per_second:.0f} tokens/s, first token {self.first_token_seconds:.2f} s, "
            f"{self.generated_tokens} generated, decode {self.decode_tokens_per_second:.1f} tokens/s{guessed}"
        )


@dataclass(frozen=True)
class GenerationResult:
    """One generation.

    Attributes:
        text: The answer, without end token and stop string.
        tokens: The ids generated, those of a stop string included, without the end token.
        logprobs: The log-probability of each token, empty unless GenerationConfig.logprobs is set.
        finish_reason: "eos": the model ended its answer. "stop": a stop string or a callback ended it. "length":
            max_new_tokens was reached. "context": the context is full. "interrupt": it was interrupted.
        stop_string: The stop string that ended it, empty for other reasons.
        stats: What it cost.
    """

    text: str
    tokens: list[int]
    logprobs: list[float]
    finish_reason: FinishReason
    stop_string: str
    stats: GenerationStats


def from_native(result: _native.GenerationResult, *, load_seconds: float) -> GenerationResult:
    """Copies a result of the native core."""
    stats = result.stats
    return GenerationResult(
        text=result.text,
        tokens=list(result.tokens),
        logprobs=list(result.logprobs),
        finish_reason=cast(FinishReason, result.finish_reason),
        stop_string=result.stop_string,
        stats=GenerationStats(
            load_seconds=load_seconds,
            prompt_tokens=stats.prompt_tokens,
            cached_tokens=stats.cached_tokens,
            generated_tokens=stats.generated_tokens,
            drafted_tokens=stats.drafted_tokens,
            accepted_tokens=stats.accepted_tokens,
            prefill_seconds=stats.prefill_seconds,
            first_token_seconds=stats.first_token_seconds,
            decode_seconds=stats.decode_seconds,
            execute_seconds=stats.execute_seconds,
        ),
    )
