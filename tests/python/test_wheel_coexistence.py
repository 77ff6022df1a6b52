"""llmodule generates in a process that also holds another ExecuTorch, whichever of the two was loaded first."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BUILD_DIR = os.environ.get("LLMODULE_TEST_BUILD_DIR")
LIBRARIES = sorted(Path(BUILD_DIR).glob("third_party/executorch-*/unpacked/executorch/lib/*.so")) if BUILD_DIR else []

GENERATE = """
from llmodule import GenerationConfig, LLMModule
with LLMModule() as llm:
    llm.load(sys.argv[1])
    print(llm.run_inference("The capital of France is", generation_config=GenerationConfig(max_new_tokens=16)))
"""
LOAD_LIBRARIES = """
import ctypes
for library in sys.argv[2:]:
    ctypes.CDLL(library)
"""
IMPORT_PACKAGE = """
from executorch.runtime import Runtime
assert "XnnpackBackend" in Runtime.get().backend_registry.registered_backend_names
"""

pytestmark = pytest.mark.model


def text_of(*steps: str, arguments: list[Path]) -> str:
    program = "\n".join(["import sys", *steps])
    command = [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def alone(model_path: Path) -> str:
    text = text_of(GENERATE, arguments=[model_path])
    assert text.strip()
    return text


@pytest.mark.skipif(not LIBRARIES, reason="no unpacked ExecuTorch libraries: LLMODULE_TEST_BUILD_DIR is not set")
@pytest.mark.parametrize("first", ["libraries", "llmodule"])
def test_generates_beside_the_same_libraries_under_their_own_names(first: str, alone: str, model_path: Path) -> None:
    steps = [LOAD_LIBRARIES, GENERATE] if first == "libraries" else [GENERATE, LOAD_LIBRARIES, GENERATE]
    expected = alone if first == "libraries" else alone * 2
    assert text_of(*steps, arguments=[model_path, *LIBRARIES]) == expected


@pytest.mark.skipif(find_spec("executorch") is None, reason="the executorch package is not installed")
@pytest.mark.parametrize("first", ["executorch", "llmodule"])
def test_generates_beside_the_executorch_package(first: str, alone: str, model_path: Path) -> None:
    steps = [IMPORT_PACKAGE, GENERATE] if first == "executorch" else [GENERATE, IMPORT_PACKAGE, GENERATE]
    expected = alone if first == "executorch" else alone * 2
    assert text_of(*steps, arguments=[model_path]) == expected
