"""What the JSON files beside a model say: tokenizer_config.json, generation_config.json, chat_template.jinja."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmodule.chat_template import ChatTemplate
from llmodule.config import GenerationConfig
from llmodule.errors import LLModuleError, ModelFormatError, ResourceError, TokenizerFormatError
from llmodule.sources import ModelFiles

SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class ModelConfig:
    """The settings that come with a model.

    Attributes:
        chat_template: None where the files hold none.
        eos_token: The end token's text, None where tokenizer_config.json names none.
        eos_ids: The end tokens of generation_config.json.
        sampling: The sampling defaults of generation_config.json.
    """

    chat_template: ChatTemplate | None
    eos_token: str | None
    eos_ids: tuple[int, ...]
    sampling: GenerationConfig

    @classmethod
    def read(cls, files: ModelFiles) -> ModelConfig:
        """Reads the files that are there.

        Raises:
            ResourceError: A file cannot be read.
            TokenizerFormatError: tokenizer_config.json is not what it should be.
            ModelFormatError: generation_config.json is not what it should be.
            ChatTemplateError: The chat template has a syntax error.
        """
        tokenizer = _Fields(files.tokenizer_config, TokenizerFormatError)
        generation = _Fields(files.generation_config, ModelFormatError)
        special_tokens = {name: text for name in SPECIAL_TOKENS if (text := _token_text(tokenizer, name)) is not None}
        templates = _templates(tokenizer)
        if files.chat_template is not None:
            templates["default"] = _read(files.chat_template)
        return cls(
            chat_template=ChatTemplate(templates, special_tokens) if templates else None,
            eos_token=special_tokens.get("eos_token"),
            eos_ids=_eos_ids(generation),
            sampling=_sampling(generation),
        )


class _Fields:
    """The members of a JSON object in a file, with their types checked; empty where there is no file."""

    def __init__(self, path: Path | None, error: type[LLModuleError]) -> None:
        self._path = path
        self._error = error
        self._members: dict[str, Any] = {}
        if path is None:
            return
        try:
            members = json.loads(_read(path))
        except (ValueError, RecursionError) as failure:
            raise error(f"{path} is not JSON: {failure}") from failure
        if not isinstance(members, dict):
            raise error(f"{path} holds a JSON {type(members).__name__}; it must be an object")
        self._members = members

    def get(self, name: str, *types: type) -> Any:
        """Returns a member, None where it is missing or null; bool does not pass for a number."""
        value = self._members.get(name)
        if value is None or (isinstance(value, types) and (bool in types or not isinstance(value, bool))):
            return value
        raise self.wrong(name, value, " or ".join(t.__name__ for t in types))

    def wrong(self, name: str, value: object, expected: str) -> LLModuleError:
        return self._error(f"{self._path}: {name} is {value!r:.100}; it must be {expected}")


def _read(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise ResourceError(f"{path} has {size} bytes; a configuration has at most {MAX_BYTES}")
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ResourceError(f"{path} cannot be read: {error.strerror}") from error


def _token_text(fields: _Fields, name: str) -> str | None:
    # Either the text itself or an object that describes an added token.
    value = fields.get(name, str, dict)
    text = value.get("content") if isinstance(value, dict) else value
    if value is not None and not isinstance(text, str):
        raise fields.wrong(name, value, "text, or an object with text in 'content'")
    return text


def _templates(fields: _Fields) -> dict[str, str]:
    value = fields.get("chat_template", str, list)
    if isinstance(value, str):
        return {"default": value}
    templates: dict[str, str] = {}
    for entry in value or ():
        name, template = (entry.get("name"), entry.get("template")) if isinstance(entry, dict) else (None, None)
        if not (isinstance(name, str) and isinstance(template, str)):
            raise fields.wrong("chat_template", entry, "a list of objects with 'name' and 'template'")
        templates[name] = template
    return templates


def _eos_ids(fields: _Fields) -> tuple[int, ...]:
    value = fields.get("eos_token_id", int, list)
    ids = value if isinstance(value, list) else [] if value is None else [value]
    if not all(type(i) is int and 0 <= i < 2**31 for i in ids):
        raise fields.wrong("eos_token_id", value, "a token id or a list of them")
    return tuple(ids)


def _sampling(fields: _Fields) -> GenerationConfig:
    # Files that hold sampling parameters say do_sample, except old ones; without it they would have no purpose.
    temperature = fields.get("temperature", int, float)
    do_sample = fields.get("do_sample", bool)
    penalty = GenerationConfig(repetition_penalty=fields.get("repetition_penalty", int, float))
    if not (temperature is not None if do_sample is None else do_sample):
        return penalty
    return GenerationConfig(
        temperature=1.0 if temperature is None else temperature,
        top_k=fields.get("top_k", int),
        top_p=fields.get("top_p", int, float),
        min_p=fields.get("min_p", int, float),
    ).over(penalty)
