"""Converted files with the official ExecuTorch 1.5.1 runtime and its own operators, where they are installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llmodule import _native

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "data" / "convert").glob("*.json"))
CHUNK = 16
QUANTS = ("q4", "mixed", "q8")

# It runs in a process of its own, so that the official runtime and torch stay out of this one.
PROGRAM = """
import json, sys, torch
from executorch.extension.pybindings import portable_lib
import executorch.extension.llm.custom_ops.custom_ops, executorch.kernels.quantized

answers = []
for request in json.load(sys.stdin):
    module = portable_lib._load_for_executorch(
        request["path"], program_verification=portable_lib.Verification.InternalConsistency
    )
    logits = []
    for tokens, position in request["steps"]:
        output = module.run_method("forward", (torch.tensor([tokens]), torch.tensor([position])))
        logits.append(output[0][0].tolist())
    answers.append([logits, module.run_method("get_max_context_len", ())])
json.dump(answers, open(sys.argv[1], "w"))
"""


def is_installed():
    if importlib.util.find_spec("executorch") is None or importlib.util.find_spec("torch") is None:
        return False
    return importlib.metadata.version("executorch") == "1.5.1"


needs_official_runtime = pytest.mark.skipif(
    not is_installed(), reason="the packages executorch 1.5.1 and torch are not installed"
)


def answers(paths, models, tmp_path):
    """Of the official runtime: for each file the logits behind the model's tokens, and the context length."""
    requests = [
        {"path": str(path), "steps": [(model.tokens[at : at + CHUNK], at) for at in range(0, len(model.tokens), CHUNK)]}
        for path, model in zip(paths, models, strict=True)
    ]
    output = tmp_path / "answers.json"
    command = [sys.executable, "-c", PROGRAM, str(output)]
    result = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return [(np.array(logits[-1]), context) for logits, context in json.loads(output.read_text())]


@pytest.mark.slow
@needs_official_runtime
def test_the_official_runtime_verifies_the_files_and_gives_the_same_answers(tiny_model, convert_tiny, tmp_path):
    models = [tiny_model(name) for name in NAMES]
    paths = [
        convert_tiny(model.source, quant="f32").rename(tmp_path / f"{name}.pte")
        for name, model in zip(NAMES, models, strict=True)
    ]
    for model, (logits, context) in zip(models, answers(paths, models, tmp_path), strict=True):
        assert np.abs(logits - model.logits[len(model.tokens)]).max() < 1e-4
        assert context == [64]


@pytest.mark.slow
@needs_official_runtime
def test_the_official_runtime_runs_quantised_files_as_ours_does(tiny_model, convert_tiny, tmp_path):
    models = [tiny_model(name) for name in ("llama", "qwen2", "gemma2") for _ in QUANTS]
    paths = [
        convert_tiny(model.source, quant=quant).rename(tmp_path / f"{number}.pte")
        for number, (model, quant) in enumerate(zip(models, QUANTS * 3, strict=True))
    ]
    for model, path, (logits, _) in zip(models, paths, answers(paths, models, tmp_path), strict=True):
        ours = _native.Model(str(path), threads=1)
        for at in range(0, len(model.tokens), CHUNK):
            wanted = ours.step(model.tokens[at : at + CHUNK], position=at)
        # Inputs rounded to 8 bits may fall to the other side where the two add in another order.
        assert np.sqrt(np.mean((logits - wanted) ** 2)) < 0.05 * np.std(wanted)
