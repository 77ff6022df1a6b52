"""The JSON files beside a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmodule import (
    ChatTemplateError,
    GenerationConfig,
    LLModuleError,
    ModelFormatError,
    ResourceError,
    TokenizerFormatError,
)
from llmodule._model_config import MAX_BYTES, ModelConfig
from llmodule.sources import ModelFiles


def read(folder: Path, *, tokenizer: Any = None, generation: Any = None, jinja: str | None = None) -> ModelConfig:
    contents = {"tokenizer_config": tokenizer, "generation_config": generation, "chat_template": jinja}
    files: dict[str, Path] = {}
    for name, content in contents.items():
        if content is not None:
            files[name] = folder / name
            files[name].write_text(content if isinstance(content, str) else json.dumps(content))
    return ModelConfig.read(ModelFiles(folder / "model.pte", folder / "tokenizer.json", **files))


def rendered(config: ModelConfig, **values: Any) -> str:
    assert config.chat_template is not None
    return config.chat_template.render([{"role": "user", "content": "hi"}], **values)


def test_no_files(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert (config.chat_template, config.eos_token, config.eos_ids) == (None, None, ())
    assert config.sampling == GenerationConfig()


def test_special_tokens_are_text_or_objects(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        tokenizer={
            "eos_token": {"content": "</s>", "lstrip": False},
            "bos_token": "<s>",
            "pad_token": None,
            "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}",
        },
    )
    assert config.eos_token == "</s>"
    assert rendered(config) == "<s></s>False"


def test_named_templates(tmp_path: Path) -> None:
    templates = [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]
    config = read(tmp_path, tokenizer={"chat_template": templates})
    assert rendered(config) == "d"
    assert rendered(config, tools=[{"name": "f"}]) == "t"


def test_the_jinja_file_goes_before(tmp_path: Path) -> None:
    config = read(tmp_path, tokenizer={"chat_template": "old", "bos_token": "<s>"}, jinja="{{ bos_token }}new")
    assert rendered(config) == "<s>new"


@pytest.mark.parametrize(("value", "ids"), [(2, (2,)), ([1, 2], (1, 2)), (None, ()), ([], ())])
def test_eos_ids(tmp_path: Path, value: Any, ids: tuple[int, ...]) -> None:
    assert read(tmp_path, generation={"eos_token_id": value}).eos_ids == ids


@pytest.mark.parametrize(
    ("generation", "sampling"),
    [
        ({"do_sample": True, "temperature": 0.6, "top_p": 0.9}, {"temperature": 0.6, "top_p": 0.9}),
        ({"do_sample": True, "top_k": 64, "min_p": 0.1}, {"temperature": 1.0, "top_k": 64, "min_p": 0.1}),
        ({"do_sample": False, "temperature": 0.6}, {}),
        ({"temperature": 0.6}, {"temperature": 0.6}),
        ({"top_k": 50, "repetition_penalty": 1.1}, {"repetition_penalty": 1.1}),
    ],
)
def test_sampling_defaults(tmp_path: Path, generation: dict[str, Any], sampling: dict[str, Any]) -> None:
    assert read(tmp_path, generation=generation).sampling == GenerationConfig(**sampling)


@pytest.mark.parametrize(
    ("files", "error", "words"),
    [
        ({"tokenizer": "{"}, TokenizerFormatError, "is not JSON"),
        ({"tokenizer": "[" * 100_000}, TokenizerFormatError, "is not JSON"),
        ({"tokenizer": "[]"}, TokenizerFormatError, "JSON list; it must be an object"),
        ({"tokenizer": {"eos_token": 3}}, TokenizerFormatError, "eos_token is 3; it must be str or dict"),
        ({"tokenizer": {"bos_token": {}}}, TokenizerFormatError, "bos_token"),
        ({"tokenizer": {"chat_template": 1}}, TokenizerFormatError, "chat_template is 1"),
        ({"tokenizer": {"chat_template": [{"name": "default"}]}}, TokenizerFormatError, "'name' and 'template'"),
        ({"tokenizer": {"chat_template": "{% if %}"}}, ChatTemplateError, "cannot be read"),
        ({"generation": {"eos_token_id": "2"}}, ModelFormatError, "eos_token_id is '2'"),
        ({"generation": {"eos_token_id": [-1]}}, ModelFormatError, r"eos_token_id is \[-1\]"),
        ({"generation": {"eos_token_id": True}}, ModelFormatError, "eos_token_id is True"),
        ({"generation": {"do_sample": 1}}, ModelFormatError, "do_sample is 1; it must be bool"),
        ({"generation": {"do_sample": True, "top_k": 1.5}}, ModelFormatError, "top_k is 1.5; it must be int"),
    ],
)
def test_wrong_content_is_named(tmp_path: Path, files: Any, error: type[LLModuleError], words: str) -> None:
    with pytest.raises(error, match=words):
        read(tmp_path, **files)


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "tokenizer_config.json"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ResourceError, match="has 67108865 bytes"):
        ModelConfig.read(ModelFiles(tmp_path, tmp_path, tokenizer_config=huge))
