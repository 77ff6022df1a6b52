"""The engines of the arena: how each is installed into an environment of its own, and gets the same weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WORKERS = Path(__file__).parent / "workers"
ROOT = Path(__file__).parents[2]

_DEQUANTIZE = """
import sys
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
source, folder = Path(sys.argv[1]), sys.argv[2]
model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
model.config.__dict__.pop("quantization_config", None)
model.hf_quantizer, model.is_quantized = None, False
model.save_pretrained(folder)
AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(folder)
"""
_REQUANTIZE = """
import sys
import llama_cpp
settings = llama_cpp.llama_model_quantize_default_params()
settings.ftype, settings.allow_requantize = getattr(llama_cpp, "LLAMA_FTYPE_MOSTLY_" + sys.argv[3]), True
sys.exit(llama_cpp.llama_model_quantize(sys.argv[1].encode(), sys.argv[2].encode(), settings))
"""
_CONVERT = """
import sys
import llmodule
llmodule.convert(sys.argv[1], sys.argv[2], profile=sys.argv[3], quant=sys.argv[4])
"""


@dataclass(frozen=True)
class Arena:
    """Where environments and converted models are kept.

    Attributes:
        folder: Made anew where it is missing; what is there is used again.
        source: The GGUF file that all models are made of.
    """

    folder: Path
    source: Path

    def python(self, name: str, *requirements: str) -> Path:
        """The interpreter of an environment with these packages."""
        folder = self.folder / "environments" / name
        python = folder / "bin" / "python"
        done = folder / "installed"
        if not done.exists():
            print(f"installing {' '.join(requirements)}", flush=True)
            venv.create(folder, with_pip=True)
            run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
            done.touch()
        return python

    def made(self, name: str, make: Callable[[Path], object]) -> Path:
        """The file or folder `name`, made once."""
        path = self.folder / "models" / self.source.stem / name
        if not path.exists():
            print(f"making {path.name}", flush=True)
            part = path.with_name("part-" + path.name)
            part.parent.mkdir(parents=True, exist_ok=True)
            make(part)
            part.rename(path)
        return path


@dataclass(frozen=True)
class Peer:
    """An engine with its model, ready to run.

    Attributes:
        name: What the tables call it.
        python: Its interpreter.
        worker: The script that runs it.
        model: File or folder.
        packages: The packages whose versions count.
    """

    name: str
    python: Path
    worker: Path
    model: Path
    packages: tuple[str, ...]

    def versions(self) -> str:
        """The packages' versions."""
        code = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
        return run(self.python, "-c", code, *self.packages)


def run(*command: str | Path) -> str:
    """Runs a command, whose output is shown only if it fails."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def llmodule(arena: Arena, profile: str, quant: str = "mixed") -> Peer:
    """This project, built from this checkout."""
    python = arena.python("llmodule", str(ROOT))

    def make(folder: Path) -> None:
        folder.mkdir()
        run(python, "-c", _CONVERT, arena.source, folder / "model.pte", profile, quant)

    model = arena.made(f"llmodule-{profile}-{quant}", make) / "model.pte"
    return Peer(f"llmodule {profile} {quant}", python, WORKERS / "llmodule_worker.py", model, ("llmodule",))


def llamacpp(arena: Arena, quantization: str) -> Peer:
    """llama.cpp, compiled here for this machine."""
    python = arena.python("llamacpp", "llama-cpp-python")
    model = _requantized(arena, quantization)
    packages = ("llama-cpp-python",)
    return Peer(f"llama.cpp {quantization}", python, WORKERS / "llamacpp_worker.py", model, packages)


def openvino(arena: Arena) -> Peer:
    """OpenVINO GenAI, which reads llama.cpp's Q4_0."""
    python = arena.python("openvino", "openvino-genai")
    packages = ("openvino-genai",)
    return Peer("OpenVINO GenAI", python, WORKERS / "openvino_worker.py", _requantized(arena, "Q4_0"), packages)


def onnxruntime(arena: Arena) -> Peer:
    """ONNX Runtime GenAI, its own builder's 4 bits in blocks of 32 with 8-bit activations."""
    python = arena.python("onnxruntime", "onnxruntime-genai", "onnx", "onnx-ir", "onnxruntime")

    def make(folder: Path) -> None:
        builder = arena.python(
            "onnxruntime-builder", "torch", "transformers", "gguf", "accelerate", "sentencepiece", "protobuf",
            "onnxruntime-genai", "onnx", "onnx-ir",
        )  # fmt: skip
        weights = arena.made("huggingface", lambda part: run(builder, "-c", _DEQUANTIZE, arena.source, part))
        options = ("int4_block_size=32", "int4_accuracy_level=4", "hf_token=false")
        command = ("-m", "onnxruntime_genai.models.builder", "-i", weights, "-o", folder, "-p", "int4", "-e", "cpu")
        run(builder, *command, "--extra_options", *options)

    model = arena.made("onnxruntime", make)
    if "vocab_size" not in json.loads((model / "genai_config.json").read_text())["model"]:
        sys.exit(f"{model} is not what this arena expects; delete it")
    packages = ("onnxruntime-genai", "onnxruntime")
    return Peer("ONNX Runtime GenAI", python, WORKERS / "onnxruntime_worker.py", model, packages)


def _requantized(arena: Arena, name: str) -> Path:
    python = arena.python("llamacpp", "llama-cpp-python")
    return arena.made(f"{name}.gguf", lambda part: run(python, "-c", _REQUANTIZE, arena.source, part, name))


PEERS: dict[str, Callable[[Arena], Peer]] = {
    "llmodule": lambda arena: llmodule(arena, "native"),
    "llmodule-q4": lambda arena: llmodule(arena, "native", "q4"),
    "llmodule-portable": lambda arena: llmodule(arena, "portable"),
    "llamacpp": lambda arena: llamacpp(arena, "Q4_0"),
    "llamacpp-q4_1": lambda arena: llamacpp(arena, "Q4_1"),
    "openvino": openvino,
    "onnxruntime": onnxruntime,
}
