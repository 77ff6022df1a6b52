"""What the installed wheel carries: relocatable binaries, its own names only, licences, and a light import."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import llmodule

PACKAGE = Path(llmodule.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[2]
OWN = re.compile(r"libllmodule_\w+\.so")
SYSTEM = re.compile(r"(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s)\.so\.\d+|ld-linux[-\w]*\.so\.\d+")
ORIGIN = re.compile(r"\$ORIGIN(/\.\.)*(/\w+)*")
MODULES_OF_OTHERS = ("executorch", "gguf", "onnxruntime", "sentencepiece", "tokenizers", "torch", "transformers")

pytestmark = pytest.mark.skipif(
    PACKAGE.is_relative_to(REPOSITORY / "python"), reason="llmodule is installed in editable mode, not from a wheel"
)


def elf_files() -> list[Path]:
    files = (path for path in PACKAGE.rglob("*") if path.is_file())
    return sorted(path for path in files if path.open("rb").read(4) == b"\x7fELF")


def dynamic_entries(path: Path, tag: str) -> list[str]:
    """The strings of the dynamic section's entries of one kind: needed, soname, rpath or runpath."""
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dynamic")
        return [getattr(entry, tag) for entry in section.iter_tags(f"DT_{tag.upper()}")]


def is_carried() -> bool:
    """Whether the wheel carries ExecuTorch, rather than link the installed package."""
    return (PACKAGE / "lib").is_dir()


elf = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF files")
each_binary = pytest.mark.parametrize("path", elf_files(), ids=lambda path: str(path.relative_to(PACKAGE)))


@elf
def test_carries_the_extension_the_benchmark_and_executorch() -> None:
    names = {path.relative_to(PACKAGE).as_posix() for path in elf_files()}
    expected = {f"_native{sysconfig.get_config_var('EXT_SUFFIX')}", "bin/llmodule-bench"}
    if is_carried():
        parts = ("", "_backend_xnnpack", "_kernels_optimized", "_kernels_quantized", "_threadpool")
        expected |= {f"lib/libllmodule_executorch{part}.so" for part in parts}
    assert names == expected


@elf
@each_binary
def test_run_paths_are_relative_to_the_binary(path: Path) -> None:
    assert dynamic_entries(path, "rpath") == []
    (runpath,) = dynamic_entries(path, "runpath")
    for entry in runpath.split(":"):
        assert ORIGIN.fullmatch(entry)
        folder = Path(entry.replace("$ORIGIN", str(path.parent))).resolve()
        assert folder == PACKAGE / "lib" if is_carried() else folder.is_relative_to(PACKAGE.parent)


@elf
@each_binary
def test_needs_only_its_own_and_system_libraries(path: Path) -> None:
    own = OWN if is_carried() else re.compile(r"libexecutorch\w*\.so")
    needed = dynamic_entries(path, "needed")
    assert any(own.fullmatch(name) for name in needed) or path.name == "libllmodule_executorch.so"
    assert [name for name in needed if not own.fullmatch(name) and not SYSTEM.fullmatch(name)] == []


@elf
@each_binary
def test_sonames_are_its_own(path: Path) -> None:
    expected = [path.name] if path.parent.name == "lib" else []
    assert dynamic_entries(path, "soname") == expected
    assert all(OWN.fullmatch(name) for name in expected)


@elf
@each_binary
def test_holds_no_path_of_the_build_machine(path: Path) -> None:
    content = path.read_bytes()
    places = {str(REPOSITORY), sys.prefix, sys.base_prefix, str(Path.home()), "/tmp/pip-"}
    assert [place for place in places - {"/", "/usr"} if place.encode() in content] == []


@elf
@each_binary
def test_is_stripped(path: Path) -> None:
    with path.open("rb") as file:
        assert ELFFile(file).get_section_by_name(".debug_info") is None
        assert ELFFile(file).get_section_by_name(".symtab") is None


def test_carries_the_licence_of_every_library() -> None:
    carried = {Path(str(file)).name: file for file in distribution("llmodule").files or [] if "licenses" in file.parts}
    assert {path.name for path in (REPOSITORY / "licenses").iterdir()} | {"LICENSE"} == set(carried)
    listed = set(re.findall(r"\]\((?:\.\./)?([\w.-]+)\)", carried["README.md"].read_text()))
    assert listed == set(carried) - {"README.md"}


def test_carries_types_and_no_tests() -> None:
    files = {str(file) for file in distribution("llmodule").files or []}
    assert {"llmodule/py.typed", "llmodule/_native.pyi"} <= files
    assert [file for file in files if Path(file).name.startswith("test") or "/tests/" in file] == []


def test_version_is_the_same_everywhere() -> None:
    command = [Path(sysconfig.get_path("scripts"), "llmodule"), "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    declared = re.search(r"project\(llmodule VERSION ([\d.]+)", (REPOSITORY / "CMakeLists.txt").read_text())
    assert declared is not None
    assert llmodule.__version__ == distribution("llmodule").version == declared[1]
    assert declared[1] in shown


def test_import_loads_no_model_library_of_anything_else() -> None:
    program = "import sys; from llmodule import LLMModule, _native; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "llmodule._native" in modules
    assert [name for name in MODULES_OF_OTHERS if name in modules] == []
