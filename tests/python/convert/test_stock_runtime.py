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

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "data" / "convert").glob("*.json"))
CHUNK = 16

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


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="the packages executorch 1.5.1 and torch are not installed")
def test_the_official_runtime_verifies_the_files_and_gives_the_same_answers(tiny_model, convert_tiny, tmp_path):
    models = [tiny_model(name) for name in NAMES]
    requests = []
    for name, model in zip(NAMES, models, strict=True):
        path = convert_tiny(model.source, quant="f32").rename(tmp_path / f"{name}.pte")
        steps = [(model.tokens[at : at + CHUNK], at) for at in range(0, len(model.tokens), CHUNK)]
        requests.append({"path": str(path), "steps": steps})
    answers = tmp_path / "answers.json"
    command = [sys.executable, "-c", PROGRAM, str(answers)]
    result = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    for model, (logits, context) in zip(models, json.loads(answers.read_text()), strict=True):
        assert np.abs(np.array(logits[-1]) - model.logits[len(model.tokens)]).max() < 1e-4
        assert context == [64]
