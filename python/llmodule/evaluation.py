"""How well a model predicts a text: perplexity, and how far two models' predictions are apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from llmodule._native import ModelInfo, Tokenizer

Logits = NDArray[np.float32]


class Steps(Protocol):
    """What is needed of a model; `llmodule._native.Model` has it."""

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""

    def step(self, tokens: Sequence[int], *, position: int, rows: int) -> Logits:
        """Runs `tokens` from `position` on and returns the logits of the last `rows`, float32 [rows, vocab_size]."""


@dataclass(frozen=True)
class Perplexity:
    """The perplexity of a model on a text.

    Attributes:
        value: exp of the mean negative log-likelihood per token.
        error: The standard error of `value`, to first order: that of the mean times `value`; NaN for a single token.
        tokens: Tokens that were predicted.
        windows: Windows they were in.
    """

    value: float
    error: float
    tokens: int
    windows: int


def encode_text(tokenizer: Tokenizer, text: str) -> tuple[list[int], int | None]:
    """Encodes a text whose markup, if it has any, is text as well.

    Returns:
        The ids without special tokens, and the BOS token's if the tokenizer puts one first.
    """
    ids = tokenizer.encode(text, add_special_tokens=False, parse_special=False)
    first = tokenizer.encode(text, add_special_tokens=True, parse_special=False)[:1]
    return ids, first[0] if first and first != ids[:1] else None


def split_windows(
    ids: Sequence[int], *, context: int, stride: int | None = None, bos_id: int | None = None
) -> list[list[int]]:
    """Cuts a text into windows of equal length; what is left at the end is not used.

    Args:
        ids: The text's tokens.
        context: Tokens of a window.
        stride: Tokens between the beginnings of two windows; by default `context`.
        bos_id: Takes the place of each window's first token.

    Raises:
        ValueError: The text is shorter than a window, context is below 4, or stride is not from half of context, below
            which tokens would count twice, to context.
    """
    stride = context if stride is None else stride
    if context < 4:
        raise ValueError(f"context is {context}; it must be 4 or more")
    if not context <= 2 * stride <= 2 * context:
        raise ValueError(f"stride is {stride}; it must be from {(context + 1) // 2}, half of context, to {context}")
    if len(ids) < context:
        raise ValueError(f"the text has {len(ids)} tokens; one window needs {context}: give more text or less context")
    first = [] if bos_id is None else [bos_id]
    starts = range(0, len(ids) - context + 1, stride)
    return [[*first, *ids[start + len(first) : start + context]] for start in starts]


def predictions(model: Steps, window: Sequence[int]) -> Iterator[tuple[Logits, int]]:
    """Runs a window and yields, for each token of its second half but the first, the logits before it and its id.

    Args:
        model: Whatever it held before is forgotten.
        window: As from `split_windows`; no longer than the model's context.

    Raises:
        ValueError: A token is not in the model's vocabulary, or the window is too long for it.
        ExecutionError: The runtime failed.
    """
    info = model.info
    half, last = len(window) // 2, len(window) - 1
    chunk = info.max_step_tokens if info.has_kv_cache else half
    for start in range(0, half, chunk):
        model.step(window[start : min(start + chunk, half)], position=start, rows=1)
    rows = min(info.logits_rows, info.max_step_tokens) if info.has_kv_cache else 1
    for position in range(half, last, rows):
        end = min(position + rows, last)
        start = position if info.has_kv_cache else 0
        logits = model.step(window[start:end], position=start, rows=end - position)
        yield from zip(logits, window[position + 1 : end + 1], strict=True)


def perplexity(
    model: Steps, windows: Sequence[Sequence[int]], *, progress: Callable[[float], None] | None = None
) -> Perplexity:
    """Measures how well a model predicts the second half of each window.

    As llama.cpp's llama-perplexity defines it (tools/perplexity), so that figures compare: a window is run from an
    empty cache, its first half is context only, and each token of its second half but the first adds its negative
    log-likelihood in nats. The perplexity is exp of their mean.

    Args:
        model: The model.
        windows: What `split_windows` returned; one at least.
        progress: Called with the share of windows that are done, from 0 to 1.

    Raises:
        ValueError, ExecutionError: As `predictions`.
    """
    losses: list[float] = []
    for done, window in enumerate(windows, start=1):
        losses += [-float(log_softmax(logits)[token]) for logits, token in predictions(model, window)]
        if progress is not None:
            progress(done / len(windows))
    value = math.exp(np.mean(losses))
    error = value * float(np.std(losses, ddof=1)) / math.sqrt(len(losses)) if len(losses) > 1 else math.nan
    return Perplexity(value=value, error=error, tokens=len(losses), windows=len(windows))


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    """Returns the natural logarithms of the probabilities along the last axis, in the shape of `logits`."""
    shifted = logits.astype(np.float64) - np.max(logits, axis=-1, keepdims=True)
    probabilities: NDArray[np.float64] = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return probabilities


def kl_divergence(logits_p: Logits, logits_q: Logits) -> NDArray[np.float64]:
    """Returns the Kullback-Leibler divergence sum(p (log p - log q)) in nats.

    Args:
        logits_p: float32 [..., vocab_size] of the reference; finite.
        logits_q: The same of what is compared with it.

    Returns:
        float64 [...].

    Raises:
        ValueError: The shapes differ.
    """
    if logits_p.shape != logits_q.shape:
        raise ValueError(f"logits_p has shape {logits_p.shape} and logits_q {logits_q.shape}; they must be the same")
    log_p, log_q = log_softmax(logits_p), log_softmax(logits_q)
    divergence: NDArray[np.float64] = np.sum(np.exp(log_p) * (log_p - log_q), axis=-1)
    return divergence
