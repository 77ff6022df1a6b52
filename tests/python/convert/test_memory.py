"""What a conversion needs of memory, measured from outside."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
MB = 1e6

# ru_maxrss would do, if it did not begin with what the parent had when it forked.
CONVERT = """
import re, sys
from llmodule.converter.conversion import convert
convert(sys.argv[1], sys.argv[2], profile=sys.argv[3])
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024)
"""


@pytest.fixture(scope="module")
def large_model(tmp_path_factory):
    """125 million parameters in float16, 250 MB."""
    spec = importlib.util.spec_from_file_location("synthetic_model", BENCHMARKS / "synthetic_model.py")
    synthetic = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(synthetic)
    path = tmp_path_factory.mktemp("large") / "model.gguf"
    synthetic.write_model(path, synthetic.Shape(1024, 4096, 6, 16, 4, 32768), "F16")
    yield path
    path.unlink()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak of a process's memory")
@pytest.mark.parametrize("profile", ["portable", "native"])
def test_memory_stays_within_half_more_than_the_output_and_300_mb(profile, large_model, tmp_path):
    output = tmp_path / "model.pte"
    command = [sys.executable, "-c", CONVERT, str(large_model), str(output), profile]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert 30 * MB < peak < 1.5 * output.stat().st_size + 300 * MB
    # Less than the weights in float32 would take, or even the source and the output.
    assert peak < large_model.stat().st_size + output.stat().st_size
