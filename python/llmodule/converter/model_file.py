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
from llmodule.converter.graph.native import decoder as native
from llmodule.converter.graph.plan import Plan
from llmodule.converter.graph.portable import decoder as portable
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import read_hyperparameters
from llmodule.converter.source import TensorSource
from llmodule.converter.weights.checkpoint import Checkpoint

DEFAULT_CONTEXT_LENGTH = 2048
DEFAULT_PROMPT_CHUNK = 512

PROFILES = ("portable", "native")
KV_CACHES = {"portable": ("f32",), "native": ("f16", "f32", "int8")}  # the default of each profile comes first

Progress = Callable[[float], None]


def build_program(
    source: TensorSource,
    *,
    quant: str,
    profile: str = "portable",
    context_length: int | None = None,
    max_prompt_chunk: int = DEFAULT_PROMPT_CHUNK,
    kv_cache: str | None = None,
    source_hash: str = "",
    threads: int = 0,
) -> Program:
    """Plans the .pte of a model; weights are read and quantised when it is written.

    Args:
        source: the model.
        quant: how weights are stored: "q4", "q8", "mixed" or "f32".
        profile: "portable" for operators that ExecuTorch has, "native" for llmodule's own.
        context_length: positions that the KV cache holds; None: DEFAULT_CONTEXT_LENGTH, or what the model was trained
            on if that is less.
        max_prompt_chunk: tokens that one call takes at most; no more than the context has.
        kv_cache: how keys and values are stored, one of the profile's KV_CACHES; None: the first of them.
        source_hash: SHA-256 of what the model was made from, in hexadecimal digits; kept in the file.
        threads: for quantising; 0: one per core.

    Raises:
        ModelFormatError: where the model is damaged, or of a kind that is not known.
        ValueError: where an argument is out of range.
    """
    kv_cache = _known_cache(profile, kv_cache)
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
    plan = Plan(
        checkpoint=checkpoint,
        model=architecture.refine(common, fields),
        architecture=architecture,
        context_length=context_length,
        max_prompt_chunk=min(max_prompt_chunk, context_length),
        scheme=quant,
        kv_cache=kv_cache,
        threads=threads,
    )
    program = Program()
    builder = native.DecoderBuilder if profile == "native" else portable.DecoderBuilder
    builder(program.method("forward"), plan).build()
    checkpoint.check_all_read()
    about: dict[str, Constant] = {
        "model_name": plan.model.name,
        "source_hash": source_hash,
        "quantization": quant,
        "get_profile": profile,
        "get_kv_cache": kv_cache,
    }
    if profile == "native":
        about["get_logits_rows"] = min(native.LOGITS_ROWS, plan.max_prompt_chunk)
    add_constant_methods(program, {**_conventional(plan), **about})
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


def _known_cache(profile: str, kv_cache: str | None) -> str:
    if profile not in PROFILES:
        raise ValueError(f"profile={profile!r} is not known; known are {', '.join(PROFILES)}")
    known = KV_CACHES[profile]
    if kv_cache is not None and kv_cache not in known:
        raise ValueError(f"kv_cache={kv_cache!r} is not known to the {profile} profile; it has {', '.join(known)}")
    return known[0] if kv_cache is None else kv_cache


def _conventional(plan: Plan) -> dict[str, Constant]:
    model = plan.model
    values: dict[str, Constant] = {
        "get_max_seq_len": plan.max_prompt_chunk,
        "get_max_context_len": plan.context_length,
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
