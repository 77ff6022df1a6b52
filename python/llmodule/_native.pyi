"""
The native core of llmodule: tokenizer, model, sampling and the token loop.
"""

from __future__ import annotations

import collections.abc
import typing

import numpy
import numpy.typing
import typing_extensions

__all__: list[str] = [
    "CancelFlag",
    "GenerationConfig",
    "GenerationResult",
    "GenerationStats",
    "Model",
    "ModelInfo",
    "Session",
    "StreamDecoder",
    "Tokenizer",
    "dequantize",
    "ggml_types",
    "is_q4_in_groups",
    "num_threads",
    "pack",
    "quantize_q4",
    "quantize_q4_1",
    "quantize_q8",
    "quantize_q8_0",
    "recode_q4",
    "set_log_callback",
    "set_num_threads",
]

class Tokenizer:
    """
    Text to token ids and back; threads may share one.
    """
    @staticmethod
    def from_bytes(content: bytes) -> Tokenizer: ...
    @staticmethod
    def from_file(path: str) -> Tokenizer: ...
    def decode(
        self,
        ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        *,
        skip_special_tokens: bool = True,
    ) -> str: ...
    def encode(
        self,
        text: str,
        *,
        add_special_tokens: bool = True,
        parse_special: bool = True,
        allowed_special: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None,
    ) -> list[int]: ...
    def encode_batch(
        self,
        texts: collections.abc.Sequence[str],
        *,
        add_special_tokens: bool = True,
        parse_special: bool = True,
        allowed_special: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None,
        threads: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> list[list[int]]: ...
    def encode_with_offsets(
        self,
        text: str,
        *,
        add_special_tokens: bool = True,
        parse_special: bool = True,
        allowed_special: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None,
    ) -> tuple[list[int], list[tuple[int, int]]]: ...
    def id_to_token(self, id: typing.SupportsInt | typing.SupportsIndex) -> str | None: ...
    def is_special(self, id: typing.SupportsInt | typing.SupportsIndex) -> bool: ...
    def token_to_id(self, token: str) -> int | None: ...
    @property
    def special_tokens(self) -> list[int]: ...
    @property
    def vocab_size(self) -> int: ...

class StreamDecoder:
    """
    Tokens one by one to text in whole characters.
    """
    def __init__(self, tokenizer: Tokenizer, *, skip_special_tokens: bool = True) -> None: ...
    def finish(self) -> str: ...
    def push(self, token: typing.SupportsInt | typing.SupportsIndex) -> str: ...

class ModelInfo:
    """
    What a model says of itself.
    """
    @property
    def bos_id(self) -> int | None: ...
    @property
    def context_length(self) -> int: ...
    @property
    def eos_ids(self) -> list[int]: ...
    @property
    def has_kv_cache(self) -> bool: ...
    @property
    def logits_dtype(self) -> str: ...
    @property
    def logits_rows(self) -> int: ...
    @property
    def max_step_tokens(self) -> int: ...
    @property
    def metadata(self) -> dict[str, str]: ...
    @property
    def rewindable(self) -> bool: ...
    @property
    def vocab_size(self) -> int: ...

class Model:
    """
    A language model in a .pte file.
    """
    def __init__(self, path: str, *, threads: typing.SupportsInt | typing.SupportsIndex = 0) -> None: ...
    def step(
        self,
        tokens: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        *,
        position: typing.SupportsInt | typing.SupportsIndex,
        rows: typing.SupportsInt | typing.SupportsIndex | None = None,
    ) -> numpy.typing.NDArray[numpy.float32]:
        """
        Runs `tokens` from `position` on and returns the last one's logits, float32 [vocab_size], or those of the last `rows`, [rows, vocab_size]. No session may use the model at the same time.
        """
    @property
    def execute_seconds(self) -> float: ...
    @property
    def info(self) -> ModelInfo: ...
    @property
    def working_bytes(self) -> int: ...

class GenerationConfig:
    """
    How tokens are chosen and when to stop.
    """

    ignore_eos: bool
    logprobs: bool
    skip_special_tokens: bool
    def __init__(self, **kwargs) -> None: ...
    def validate(self) -> None: ...
    @property
    def eos_ids(self) -> list[int]: ...
    @eos_ids.setter
    def eos_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None: ...
    @property
    def frequency_penalty(self) -> float: ...
    @frequency_penalty.setter
    def frequency_penalty(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None: ...
    @property
    def logit_bias(self) -> list[tuple[int, float]]: ...
    @logit_bias.setter
    def logit_bias(
        self,
        arg1: collections.abc.Sequence[
            tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex]
        ],
    ) -> None: ...
    @property
    def max_draft_tokens(self) -> int: ...
    @max_draft_tokens.setter
    def max_draft_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def max_new_tokens(self) -> int: ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def min_p(self) -> float: ...
    @min_p.setter
    def min_p(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None: ...
    @property
    def penalty_window(self) -> int: ...
    @penalty_window.setter
    def penalty_window(self, arg1: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def prefill_chunk(self) -> int: ...
    @prefill_chunk.setter
    def prefill_chunk(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def presence_penalty(self) -> float: ...
    @presence_penalty.setter
    def presence_penalty(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None: ...
    @property
    def repetition_penalty(self) -> float: ...
    @repetition_penalty.setter
    def repetition_penalty(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None: ...
    @property
    def seed(self) -> int | None: ...
    @seed.setter
    def seed(self, arg1: typing.SupportsInt | typing.SupportsIndex | None) -> None: ...
    @property
    def stop(self) -> list[str]: ...
    @stop.setter
    def stop(self, arg0: collections.abc.Sequence[str]) -> None: ...
    @property
    def temperature(self) -> float: ...
    @temperature.setter
    def temperature(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None: ...
    @property
    def top_k(self) -> int: ...
    @top_k.setter
    def top_k(self, arg1: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def top_p(self) -> float: ...
    @top_p.setter
    def top_p(self, arg1: typing.SupportsFloat | typing.SupportsIndex) -> None: ...

class CancelFlag:
    """
    Ends one generation from any thread; it can't be reset.
    """
    def __init__(self) -> None: ...
    def cancel(self) -> None: ...
    @property
    def cancelled(self) -> bool: ...

class GenerationStats:
    """
    Counts and seconds of one generation.
    """
    @property
    def accepted_tokens(self) -> int: ...
    @property
    def cached_tokens(self) -> int: ...
    @property
    def decode_seconds(self) -> float: ...
    @property
    def drafted_tokens(self) -> int: ...
    @property
    def execute_seconds(self) -> float: ...
    @property
    def first_token_seconds(self) -> float: ...
    @property
    def generated_tokens(self) -> int: ...
    @property
    def prefill_seconds(self) -> float: ...
    @property
    def prompt_tokens(self) -> int: ...

class GenerationResult:
    """
    What one generation produced and why it ended.
    """
    @property
    def finish_reason(self) -> str: ...
    @property
    def logprobs(self) -> list[float]: ...
    @property
    def seed(self) -> int: ...
    @property
    def stats(self) -> GenerationStats: ...
    @property
    def stop_string(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tokens(self) -> list[int]: ...

class Session:
    """
    A model, its tokenizer and what its KV cache holds.
    """
    def __init__(self, model: Model, tokenizer: Tokenizer, draft_model: Model | None = None) -> None: ...
    def generate(
        self,
        prompt: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        config: GenerationConfig,
        callback: typing.Any,
        cancel: CancelFlag,
    ) -> GenerationResult: ...
    def reset(self) -> None: ...
    @property
    def cached_tokens(self) -> int: ...

def dequantize(
    type_id: typing.SupportsInt | typing.SupportsIndex,
    blocks: typing_extensions.Buffer,
    *,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> numpy.typing.NDArray[numpy.float32]:
    """
    Turns GGUF blocks into float32, bit for bit as ggml does.

    Args:
        type_id: A key of ggml_types().
        blocks: Contiguous bytes, whole blocks.
        threads: How many threads share the work; 0: one per core.

    Returns:
        A new float32 array of one dimension.

    Raises:
        ValueError: An unknown type, or bytes that are not whole blocks.
    """

def ggml_types() -> dict:
    """
    The GGUF tensor types that can be read: {id: (name, values per block, bytes per block)}.
    """

def is_q4_in_groups(type_id: typing.SupportsInt | typing.SupportsIndex) -> bool:
    """
    Tells whether recode_q4() takes blocks of a GGUF type: Q4_0, Q4_1 and Q4_K.
    """

def num_threads() -> int:
    """
    Threads that execute models.
    """

def pack(
    rows: numpy.ndarray,
    *,
    format: typing.SupportsInt | typing.SupportsIndex,
    columns: typing.SupportsInt | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Packs rows of a matrix into the panels of 16 that llmodule's own operators read (csrc/quantize/pack.h).

    Args:
        rows: Contiguous, [outputs, …]: bytes of Q4_1's blocks for format 4, of Q4_0's for 40, of Q8_0's for 8,
            float32 for 32.
        format: 4, 8, 32 or 40.
        columns: How many inputs a row has; except with 32 a multiple of 32.
        threads: How many threads share the work; 0: one per core.

    Returns:
        uint8 [panels, bytes of a panel].

    Raises:
        ValueError: An unknown format, sizes that do not fit, or scales that are not finite.
    """

def quantize_q4(
    weights: numpy.typing.NDArray[numpy.float32],
    *,
    group: typing.SupportsInt | typing.SupportsIndex = 32,
    importance: typing.Annotated[numpy.typing.ArrayLike, numpy.float32] | None = None,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> tuple:
    """
    Quantises a linear layer to 4-bit groups (XNNPACK's qb4w) with offsets, searching those of least squared error.

    Args:
        weights: float32 [outputs, inputs], contiguous, finite.
        group: How many consecutive inputs share a scale: a multiple of 32 that divides the inputs.
        importance: float32 [inputs], 0 or more: the weight of each input's squared error, for example its mean square.
        threads: How many threads share the work; 0: one per core. The result does not depend on it.

    Returns:
        (codes, scales, offsets): uint8 [outputs, inputs / 2], the even input in the low nibble, weight ~ (nibble - 8) *
        scale + offset; the bits of positive bfloat16 scales as uint16 and float32 offsets, [outputs, inputs / group] each.

    Raises:
        TypeError: Arrays of another type or order.
        ValueError: Sizes that do not fit, or numbers that are not finite.
    """

def quantize_q4_1(
    weights: numpy.typing.NDArray[numpy.float32],
    *,
    importance: typing.Annotated[numpy.typing.ArrayLike, numpy.float32] | None = None,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Quantises to blocks of GGUF's Q4_1: 32 4-bit codes with a float16 scale and minimum of least squared error.

    Args:
        weights: float32 [outputs, inputs], contiguous, finite; inputs are a multiple of 32.
        importance: As for quantize_q4.
        threads: As for quantize_q4.

    Returns:
        uint8 [outputs, inputs / 32 * 20].

    Raises:
        TypeError: Arrays of another type or order.
        ValueError: Sizes that do not fit, or numbers that are not finite or beyond float16's range.
    """

def quantize_q8(
    weights: numpy.typing.NDArray[numpy.float32],
    *,
    group: typing.SupportsInt | typing.SupportsIndex | None = None,
    importance: typing.Annotated[numpy.typing.ArrayLike, numpy.float32] | None = None,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> tuple:
    """
    Quantises a matrix to symmetric 8-bit rows (XNNPACK's qc8w) or groups, searching scales of least squared error.

    Args:
        weights: float32 [outputs, inputs], contiguous, finite.
        group: How many consecutive inputs share a scale; None: a whole row.
        importance: As for quantize_q4.
        threads: As for quantize_q4.

    Returns:
        (codes, scales): int8 [outputs, inputs] in [-127, 127] and float32 [outputs, inputs / group], weight ~ code * scale.

    Raises:
        TypeError: Arrays of another type or order.
        ValueError: Sizes that do not fit, or numbers that are not finite.
    """

def quantize_q8_0(
    weights: numpy.typing.NDArray[numpy.float32],
    *,
    importance: typing.Annotated[numpy.typing.ArrayLike, numpy.float32] | None = None,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Quantises to blocks of GGUF's Q8_0: 32 8-bit codes with a float16 scale of least squared error.

    Args:
        weights: As for quantize_q4_1.
        importance: As for quantize_q4.
        threads: As for quantize_q4.

    Returns:
        uint8 [outputs, inputs / 32 * 34].

    Raises:
        TypeError: Arrays of another type or order.
        ValueError: As quantize_q4_1.
    """

def recode_q4(
    type_id: typing.SupportsInt | typing.SupportsIndex,
    blocks: typing_extensions.Buffer,
    *,
    threads: typing.SupportsInt | typing.SupportsIndex = 0,
) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Turns blocks of 4-bit GGUF types into Q4_1's and keeps their codes; Q4_K's scales are rounded to float16.

    Args:
        type_id: One that is_q4_in_groups().
        blocks: Contiguous bytes, whole blocks.
        threads: How many threads share the work; 0: one per core.

    Returns:
        uint8, 20 for every 32 values.

    Raises:
        ValueError: Another type, bytes that are not whole blocks, or scales beyond float16's range.
    """

def set_log_callback(callback: typing.Any) -> None:
    """
    Sends native log lines to ``callback(level, message)``, level as in the logging module; None drops them.
    """

def set_num_threads(count: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Resizes the pool of threads that execute models; 0: one per physical core.
    """
