"""The models that are known by name."""

from __future__ import annotations

import pytest

from llmodule import models
from llmodule.models import Preset
from llmodule.sources._hub import Hub
from llmodule.sources._locate import locate
from llmodule.sources._package import PackageFile, Packages


def test_names_are_those_that_they_are_found_by() -> None:
    assert all(name == preset.name for name, preset in models.PRESETS.items())
    assert models.DEFAULT in models.PRESETS.values()
    constants = [value for value in vars(models).values() if isinstance(value, Preset)]
    assert len({preset.name for preset in constants}) == len(models.PRESETS)


@pytest.mark.parametrize("preset", models.PRESETS.values(), ids=models.PRESETS)
def test_every_preset_is_complete(preset: Preset) -> None:
    assert preset.licence
    assert preset.description
    assert preset.download_bytes > 50_000_000
    at = locate(preset, name="")
    if isinstance(at.place, Packages):
        assert PackageFile.parse(at.path).member.endswith(".gguf")
        return
    pytest.importorskip("huggingface_hub")
    assert isinstance(at.place, Hub)
    assert at.path.endswith(".pte")
    assert preset.tokenizer is not None
    tokenizer = locate(preset.tokenizer, name="")
    assert tokenizer.place == at.place  # one repository and revision
    assert tokenizer.path.endswith(("tokenizer.json", "tokenizer.model"))


def test_what_the_families_are_called() -> None:
    assert models.LLAMA3_2_1B_SPINQUANT.source == (
        "hf://software-mansion/react-native-executorch-llama-3.2/1b/xnnpack/llama_3_2_1b_xnnpack_spinquant.pte@v0.9.0"
    )
    families = ("llama-3.2", "qwen3", "qwen2.5", "hammer2.1", "smollm2.1", "phi-4-mini", "lfm2.5")
    assert all(any(name.startswith(family) for name in models.PRESETS) for family in families)
