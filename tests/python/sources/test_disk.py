"""Local sources and the search for files beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmodule import ResourceError
from llmodule.sources import ModelFiles, fetch_model


def fetch(*sources: Any) -> ModelFiles:
    seen: list[float] = []
    files = fetch_model(*sources, progress=seen.append)
    assert seen == [1.0]
    return files


def test_a_folder_is_enough(model_folder: Path) -> None:
    (model_folder / "generation_config.json").write_text("{}")
    files = fetch(model_folder)
    assert files == ModelFiles(
        model=model_folder / "model.pte",
        tokenizer=model_folder / "tokenizer.json",
        tokenizer_config=model_folder / "tokenizer_config.json",
        generation_config=model_folder / "generation_config.json",
        chat_template=None,
    )
    assert fetch(str(model_folder / "model.pte")) == files
    assert fetch((model_folder / "model.pte").as_uri()) == files


def test_a_file_name_with_a_space_and_a_percent_sign(model_folder: Path) -> None:
    renamed = (model_folder / "model.pte").rename(model_folder / "a b%20c.pte")
    assert fetch(renamed.as_uri()).model == renamed


def test_the_home_directory(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(model_folder))
    assert fetch("~/model.pte").model == model_folder / "model.pte"


def test_configuration_lies_beside_the_tokenizer(model_folder: Path, tmp_path: Path) -> None:
    model = (model_folder / "model.pte").rename(tmp_path / "model.pte")
    (model_folder / "chat_template.jinja").write_text("text")
    files = fetch(model, model_folder / "tokenizer.json")
    assert files.tokenizer_config == model_folder / "tokenizer_config.json"
    assert files.chat_template == model_folder / "chat_template.jinja"


def test_tokenizer_model_is_taken_where_there_is_no_json(model_folder: Path) -> None:
    other = (model_folder / "tokenizer.json").rename(model_folder / "tokenizer.model")
    assert fetch(model_folder).tokenizer == other


def test_the_tokenizer_configuration_may_be_missing_unless_it_is_named(model_folder: Path) -> None:
    config = model_folder / "tokenizer_config.json"
    config.unlink()
    assert fetch(model_folder).tokenizer_config is None
    with pytest.raises(ResourceError, match=r"tokenizer_config\.json does not exist"):
        fetch(model_folder, model_folder / "tokenizer.json", config)


def test_what_is_missing_is_named(model_folder: Path) -> None:
    (model_folder / "tokenizer.json").unlink()
    with pytest.raises(ResourceError, match=r"tokenizer\.json does not exist"):
        fetch(model_folder)
    with pytest.raises(ResourceError, match=r"nothing\.pte does not exist"):
        fetch(model_folder / "nothing.pte")
    (model_folder / "model.pte").unlink()
    with pytest.raises(ResourceError, match=r"exactly one \.pte file, and holds none"):
        fetch(model_folder)
    for name in ("a.pte", "b.pte"):
        (model_folder / name).touch()
    with pytest.raises(ResourceError, match=r"holds a\.pte, b\.pte"):
        fetch(model_folder)


def test_a_file_url_of_another_machine() -> None:
    with pytest.raises(ValueError, match="names the host 'elsewhere'"):
        fetch("file://elsewhere/x.pte")


@pytest.mark.parametrize("source", [3, None, ["model.pte"]])
def test_other_types_are_misuse(source: Any) -> None:
    with pytest.raises(TypeError):
        fetch(source)
