"""Conversion as users see it: a model in, a .pte and the files beside it out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llmodule.converter.emit.blob import Payload
from llmodule.converter.model_file import DEFAULT_PROMPT_CHUNK, Progress, build_program, write_file, write_model
from llmodule.converter.tensors import open_source
from llmodule.converter.tokenizer_files import tokenizer_files
from llmodule.converter.weights.scheme import DEFAULT_SCHEME
from llmodule.errors import ResourceError


def convert(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    quant: str = DEFAULT_SCHEME,
    profile: str = "portable",
    context_length: int | None = None,
    max_prompt_chunk: int = DEFAULT_PROMPT_CHUNK,
    kv_cache: str | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Makes a .pte of a model, and writes its tokenizer's files beside it.

    Each file is written under another name and moved when it is whole; files of the same names are replaced.

    Args:
        source: A GGUF file, any part of a split one, or a folder with config.json and safetensors.
        output: The .pte.
        quant: "q4": weights of 4 bits in groups of 32; "q8": of 8 bits; "mixed": what the source has quantised in 4
            or 8 bits as it has, of the rest embedding and output layer in 8 bits and all other weights in 4; "f32":
            float32, for tests.
        profile: "portable": a file for every ExecuTorch 1.5 with XNNPACK, on phones too; "native": a faster one for
            llmodule, whose own operators it needs.
        context_length: Tokens that fit into the KV cache, whose memory grows with it; by default 2048, or what the
            model was trained on if that is less.
        max_prompt_chunk: Tokens of a prompt that are taken at once.
        kv_cache: How keys and values are stored. The native profile has "f16", its default, "f32", and "int8", which
            takes about half of the memory of "f16"; the portable profile has "f32".
        threads: Threads that quantise; 0: one per core.
        progress: Called with the share that is written, from 0 to 1.

    Returns:
        Where the .pte is.

    Raises:
        ValueError: An argument is out of range.
        ModelFormatError: The model is damaged, or of a kind that is not known.
        TokenizerFormatError: Its vocabulary is.
        ResourceError: Something can't be read or written.
    """
    output = Path(output)
    with open_source(Path(source)) as model, ThreadPoolExecutor(max_workers=1) as beside_it:
        source_hash = beside_it.submit(_sha256, model.paths)
        beside = tokenizer_files(model)
        program = build_program(
            model,
            quant=quant,
            profile=profile,
            context_length=context_length,
            max_prompt_chunk=max_prompt_chunk,
            kv_cache=kv_cache,
            source_hash=source_hash.result(),
            threads=threads,
        )
        try:
            write_model(program, output, progress=progress)
            for name, content in beside.items():
                write_file(_whole(content), output.with_name(name))
        except OSError as error:
            raise ResourceError(f"{output} can't be written: {error.strerror or error}") from error
    return output


def _whole(content: bytes) -> Payload:
    return Payload(len(content), lambda: (content,))


def _sha256(paths: Iterable[Path]) -> str:
    """Of the files' contents, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
