"""llmodule models: what it prints, as text and as JSON, and how it fails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from llmodule import models
from llmodule.cli import main
from llmodule.cli.models import _bytes, size_text

pytest.importorskip("fsspec")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("LLMODULE_CACHE", str(folder))
    return folder


@pytest.fixture
def source(model_folder: Path) -> str:
    """A model that is copied into the cache."""
    return f"local://{model_folder}"


@pytest.fixture
def run(capsys: Any) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["models", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_an_empty_cache(run: Any, cache: Path) -> None:
    assert run("list") == (0, "ID  SIZE  LAST USED  NAME  CONVERTED FROM\n", "")
    assert run("list", "--json") == (0, "[]\n", "")
    assert run("path") == (0, f"{cache}\n", "")
    assert run("verify") == (0, "everything is whole\n", "")
    assert run("prune", "--max-size", "1GB") == (0, "", "")
    assert run("remove", "x") == (1, "", "llmodule: error: the cache has no model 'x'; it holds nothing\n")


def test_from_download_to_removal(run: Any, source: str) -> None:
    code, out, _ = run("download", source)
    assert code == 0
    pte = Path(out.strip())
    assert pte.read_bytes() == b"-"
    _, out, _ = run("list")
    head, row = out.splitlines()
    assert re.fullmatch(r"model-[0-9a-f]{8} +[\d.]+ \w+ +\d{4}-\d\d-\d\d \d\d:\d\d +local://\S+/model", row)
    assert head.index("NAME") == row.index("local://")
    (fields,) = json.loads(run("list", "--json")[1])
    assert fields["model"] == str(pte)
    assert fields["name"] == source
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fields["last_used"])
    assert run("path", source) == (0, f"{pte}\n", "")
    assert run("path", fields["id"]) == (0, f"{pte}\n", "")
    code, out, _ = run("remove", fields["id"])
    assert (code, out) == (0, f"removed {fields['id']}, {size_text(fields['size'])}\n")
    assert not pte.exists()


def test_download_tells_all_files(run: Any, source: str) -> None:
    files = json.loads(run("download", source, "--json")[1])
    assert set(files) == {"model", "tokenizer", "tokenizer_config"}
    assert all(Path(path).is_file() for path in files.values())


def test_damage(run: Any, source: str) -> None:
    pte = Path(run("download", source)[1].strip())
    pte.write_bytes(b"?")
    code, out, _ = run("verify", source)
    assert code == 1
    assert re.search(r"^damaged: .*/model\.pte, of model-\w+\nthe next load fetches anew", out)
    run("download", source)
    assert run("verify", "--json") == (0, "[]\n", "")
    pte.write_bytes(b"!")
    code, out, _ = run("verify", "--json")
    (damage,) = json.loads(out)
    assert (code, damage["file"], damage["removed"]) == (1, str(pte), True)


def test_a_wrong_name_removes_nothing(run: Any, source: str) -> None:
    run("download", source)
    code, out, err = run("remove", source, "other")
    assert (code, out) == (1, "")
    assert re.search(r"has no model 'other'; it holds model-[0-9a-f]{8}\n$", err)
    assert len(json.loads(run("list", "--json")[1])) == 1


def test_pruning(run: Any, source: str) -> None:
    run("download", source)
    (removed,) = json.loads(run("prune", "--max-size", "0", "--json")[1])
    assert removed["name"] == source
    assert run("list", "--json")[1] == "[]\n"


def test_presets(run: Any) -> None:
    _, out, _ = run("list", "--presets")
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(models.PRESETS)
    listed = json.loads(run("list", "--presets", "--json")[1])
    assert [preset["name"] for preset in listed] == list(models.PRESETS)
    code, _, err = run("download", "smollm3-nano")
    assert code == 1
    assert "smollm3-nano is neither a file nor a preset; `llmodule models list --presets` shows these" in err


def test_sizes() -> None:
    texts = {0: "0 B", 999: "999 B", 1000: "1 kB", 92_871_040: "92.9 MB", 999_600_000: "1 GB", 2_470_000_000: "2.47 GB"}
    assert {count: size_text(count) for count in texts} == texts
    assert {_bytes(text) for text in ("1500000000", "1.5GB", "1.5g", "1500 MB")} == {1_500_000_000}
    for text in ("", "GB", "-1GB", "1PB", "1e9", "1,5GB"):
        with pytest.raises(Exception, match="is no size"):
            _bytes(text)


@pytest.mark.parametrize("arguments", [[], ["dance"], ["remove"], ["prune"], ["prune", "--max-size", "much"]])
def test_wrong_usage(run: Any, arguments: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert "usage: llmodule models" in capsys.readouterr().err
