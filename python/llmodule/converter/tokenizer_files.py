"""The files that stand beside a converted model: its tokenizer, chat template and end tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmodule.converter.readers.gguf import GgufSource
from llmodule.converter.readers.huggingface import HuggingFaceSource
from llmodule.converter.vocabulary.tokenizer_json import tokenizer_json
from llmodule.converter.vocabulary.vocabulary import TokenType, Vocabulary, read_vocabulary
from llmodule.errors import ResourceError, TokenizerFormatError

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tekken.json")
_COPIED = ("tokenizer_config.json", "generation_config.json", "chat_template.jinja")
_MAX_BYTES = 256 << 20
_END_OF_TURN = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<|end_of_text|>",
    "<|eot|>", "<EOT>", "<eos>", "</s>", "<\uff5cend\u2581of\u2581sentence\uff5c>",
}  # fmt: skip
"""Control tokens with which models end an answer, whether or not the file says so."""

_SAMPLING = {"temp": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p"}


def tokenizer_files(source: GgufSource | HuggingFaceSource) -> dict[str, bytes]:
    """Makes the files that llmodule and transformers expect beside a model.

    From a GGUF file, tokenizer.json, tokenizer_config.json and generation_config.json are rebuilt from its metadata. Of
    a Hugging Face folder, what is there is taken as it is.

    Args:
        source: What open_source returned.

    Returns:
        Content by file name.

    Raises:
        TokenizerFormatError: The vocabulary is damaged or of a kind that is not known.
        ResourceError: The folder has no tokenizer, or a file cannot be read.
    """
    if isinstance(source, HuggingFaceSource):
        return _copied(source.folder)
    vocabulary = read_vocabulary(source.metadata)
    contents = {
        "tokenizer.json": tokenizer_json(vocabulary),
        "tokenizer_config.json": _tokenizer_config(source.metadata, vocabulary),
        "generation_config.json": _generation_config(source.metadata, vocabulary),
    }
    return {name: json.dumps(content, ensure_ascii=False).encode() for name, content in contents.items()}


def _copied(folder: Path) -> dict[str, bytes]:
    tokenizer = next((name for name in _TOKENIZERS if (folder / name).is_file()), None)
    if tokenizer is None:
        raise ResourceError(f"{folder} has no tokenizer: none of {', '.join(_TOKENIZERS)}")
    names = (tokenizer, *(name for name in _COPIED if (folder / name).is_file()))
    return {name: _read(folder / name) for name in names}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ResourceError(f"cannot read {path}: {error.strerror or error}") from error
    if len(content) > _MAX_BYTES:
        raise TokenizerFormatError(f"{path} is larger than {_MAX_BYTES} bytes")
    return content


def _tokenizer_config(metadata: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    # What a file leaves unsaid here is decided in tokenizer.json.
    content = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": vocabulary.token(vocabulary.bos_id),
        "eos_token": vocabulary.token(vocabulary.eos_id),
        "pad_token": vocabulary.token(vocabulary.pad_id),
        "unk_token": vocabulary.token(vocabulary.unknown_id),
        "add_bos_token": vocabulary.add_bos,
        "add_eos_token": vocabulary.add_eos,
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata.get(f"{metadata.get('general.architecture')}.context_length"),
        "chat_template": _chat_template(metadata),
    }
    return {name: value for name, value in content.items() if value is not None}


def _chat_template(metadata: Mapping[str, Any]) -> str | list[dict[str, str]] | None:
    """One template as a text, several as the list of named ones that transformers knows."""
    key = "tokenizer.chat_template"
    named = {"default": metadata.get(key)} | {
        name.removeprefix(f"{key}."): template for name, template in metadata.items() if name.startswith(f"{key}.")
    }
    templates = {name: template for name, template in named.items() if isinstance(template, str)}
    if list(templates) == ["default"]:
        return templates["default"]
    return [{"name": name, "template": template} for name, template in templates.items()] or None


def _generation_config(metadata: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    named = (metadata.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom"))
    known = (
        i
        for i, (token, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types, strict=True))
        if kind == TokenType.CONTROL and token in _END_OF_TURN
    )
    ends = [i for i in (*named, *known) if isinstance(i, int) and 0 <= i < len(vocabulary.tokens)]
    content: dict[str, Any] = {"eos_token_id": list(dict.fromkeys(ends))}
    for name, i in (("bos_token_id", vocabulary.bos_id), ("pad_token_id", vocabulary.pad_id)):
        if i is not None:
            content[name] = i
    for key, name in _SAMPLING.items():
        value = metadata.get(f"general.sampling.{key}")
        if isinstance(value, (int, float)):
            content[name] = value
    return content
