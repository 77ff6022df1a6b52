"""From a source's tensors to a .pte on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from llmodule.converter.architectures import find_architecture
from llmodule.converter.emit.blob import Payload
from llmodule.converter.emit.metadata import Constant, add_constant_methods
from llmodule.converter.emit.program import Program
from llmodule.converter.emit.pte import pte_payload
from llmodule.converter.graph.decoder import DecoderBuilder, Limits
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters, read_hyperparameters
from llmodule.converter.source import TensorSource
from llmodule.converter.weights.checkpoint import Checkpoint

DEFAULT_CONTEXT_LENGTH = 2048
DEFAULT_PROMPT_CHUNK = 512

Progress = Callable[[float], None]


def build_program(
    source: TensorSource,
    *,
    quant: str,
    context_length: int | None = None,
    max_prompt_chunk: int = DEFAULT_PROMPT_CHUNK,
    source_hash: str = "",
    threads: int = 0,
) -> Program:
    """Plans the .pte of a model; weights are read and quantised when it is written.

    Args:
        source: the model.
        quant: how weights are stored: "q4", "q8", "mixed" or "f32".
        context_length: positions that the KV cache holds; None: DEFAULT_CONTEXT_LENGTH, or what the model was trained
            on if that is less.
        max_prompt_chunk: tokens that one call takes at most; no more than the context has.
        source_hash: SHA-256 of what the model was made from, in hexadecimal digits; kept in the file.
        threads: for quantising; 0: one per core.

    Raises:
        ModelFormatError: where the model is damaged, or of a kind that is not known.
        ValueError: where an argument is out of range.
    """
    architecture = find_architecture(source.architecture)
    defaults = architecture.config_defaults if source.layout == "huggingface" else {}
    fields = Fields(source.layout, source.architecture, {**defaults, **source.metadata})
    trained = fields.integer("context_length", "max_position_embeddings")
    if context_length is None:
        context_length = min(DEFAULT_CONTEXT_LENGTH, trained)
    if not 1 <= context_length <= trained:
        raise ValueError(f"context_length={context_length} is not between 1 and the model's own, {trained}")
    if max_prompt_chunk < 1:
        raise ValueError(f"max_prompt_chunk={max_prompt_chunk} must be at least 1")

    checkpoint = Checkpoint(source, architecture)
    common = read_hyperparameters(
        fields, source, vocabulary_size=checkpoint.vocabulary_size(), context_length=context_length
    )
    model = architecture.refine(common, fields)
    limits = Limits(context_length, min(max_prompt_chunk, context_length))
    program = Program()
    DecoderBuilder(
        program.method("forward"),
        checkpoint,
        model,
        architecture,
        limits=limits,
        scheme=quant,
        threads=threads,
    ).build()
    checkpoint.check_all_read()
    about = {"model_name": model.name, "source_hash": source_hash, "quantization": quant}
    add_constant_methods(program, {**_conventional(model, limits), **about})
    return program


def write_file(payload: Payload, output: Path, *, progress: Progress | None = None) -> None:
    """Writes `payload` to `output` by way of a temporary file beside it, so that `output` is whole or absent.

    Args:
        payload: the content.
        output: where it goes; replaced if it exists.
        progress: is given the part that is done, from 0 to 1.
    """
    temporary = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            written = 0
            for chunk in payload.chunks():
                file.write(chunk)
                written += len(chunk)
                if progress is not None:
                    progress(written / payload.size)
        temporary.replace(output)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_model(program: Program, output: Path, *, progress: Progress | None = None) -> None:
    """Writes the .pte of a planned program; see write_file()."""
    write_file(pte_payload(program), output, progress=progress)


def _conventional(model: Hyperparameters, limits: Limits) -> dict[str, Constant]:
    values: dict[str, Constant] = {
        "get_max_seq_len": limits.max_prompt_chunk,
        "get_max_context_len": limits.context_length,
        "get_vocab_size": model.vocabulary_size,
        "get_n_layers": len(model.layers),
        "use_kv_cache": True,
        "use_sdpa_with_kv_cache": True,
        "enable_dynamic_shape": True,
    }
    if model.bos_id is not None:
        values["get_bos_id"] = model.bos_id
    if model.eos_ids:
        values["get_eos_ids"] = model.eos_ids
    return values
