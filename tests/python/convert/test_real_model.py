"""The default model in both profiles: how far they are from its weights in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmodule import _native, models
from llmodule.converter.conversion import convert
from llmodule.errors import DownloadError
from llmodule.evaluation import kl_divergence
from llmodule.sources._locate import locate
from llmodule.sources._task import Task

TEXT = Path(__file__).parents[3] / "LICENSE"
ROWS = 16


@pytest.fixture(scope="module")
def source():
    file = locate(models.SMOLLM2_135M_INSTRUCT, name="model.gguf")
    try:
        return file.place.fetch([(file.path, True)], Task(lambda done, total: None))[0]
    except DownloadError as error:
        pytest.skip(f"no model: {error}")


def rows_of_logits(path, *, rows=1):
    """Those behind the first tokens of a text, run `rows` at a time."""
    model = _native.Model(str(path))
    text = TEXT.read_text(encoding="utf-8")
    tokens = _native.Tokenizer.from_file(str(path.with_name("tokenizer.json"))).encode(text)[:128]
    steps = [model.step(tokens[at : at + rows], position=at, rows=rows) for at in range(0, len(tokens), rows)]
    return np.concatenate(steps)


@pytest.fixture(scope="module")
def reference(source, tmp_path_factory):
    """Of float32 weights, inputs and cache, by our operators."""
    path = tmp_path_factory.mktemp("f32") / "model.pte"
    logits = rows_of_logits(convert(source, path, quant="f32", profile="native", kv_cache="f32"), rows=ROWS)
    path.unlink()
    return logits


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "quant", "kv_cache", "bound"),
    [
        ("native", "mixed", "f16", 0.01),
        ("native", "mixed", "int8", 0.015),
        ("native", "q8", "f16", 0.015),
        ("native", "q4", "f16", 0.15),
        ("portable", "q8", "f32", 0.015),
        ("portable", "q4", "f32", 0.3),
    ],
)
def test_quantised_files_predict_as_float32_does(profile, quant, kv_cache, bound, source, reference, tmp_path):
    path = convert(source, tmp_path / "model.pte", quant=quant, profile=profile, kv_cache=kv_cache)
    divergence = float(np.mean(kl_divergence(reference, rows_of_logits(path, rows=ROWS if profile == "native" else 1))))
    path.unlink()
    assert 0 < divergence < bound


@pytest.mark.model
@pytest.mark.slow
def test_both_profiles_agree_in_float32(source, reference, tmp_path):
    path = convert(source, tmp_path / "model.pte", quant="f32")
    assert np.abs(rows_of_logits(path) - reference).max() < 5e-3
