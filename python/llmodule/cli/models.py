"""Shows, fetches, checks and removes the models in the cache."""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import asdict
from typing import Any

from llmodule import models
from llmodule.cli._model import Bar, source_of
from llmodule.cli._output import complain, told_on_stderr, write

HELP = "list, download, check and remove models"
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommands."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def action(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.", allow_abbrev=False)
        added.set_defaults(run_action=run)
        return added

    listing = action("list", _list, "show the models in the cache, the last used first")
    listing.add_argument("--presets", action="store_true", help="show the models that are known by name instead")
    listing.add_argument("--json", action="store_true", help="print a JSON array")
    download = action("download", _download, "fetch a model, and convert it if it has to be, without running it")
    download.add_argument("model", metavar="MODEL", help="any source that chat takes")
    download.add_argument("--tokenizer", metavar="SOURCE", help="tokenizer file, by default beside the model")
    download.add_argument("--tokenizer-config", metavar="SOURCE", help="its JSON, by default beside the tokenizer")
    download.add_argument("--json", action="store_true", help="print a JSON object of the local files")
    remove = action("remove", _remove, "delete models from the cache")
    remove.add_argument("models", metavar="MODEL", nargs="+", help="an id or a name, as list shows them")
    verify = action("verify", _verify, "read every byte and compare; what is damaged is fetched anew by the next load")
    verify.add_argument("model", metavar="MODEL", nargs="?", help="an id or a name; by default everything")
    verify.add_argument("--json", action="store_true", help="print a JSON array of what is damaged")
    path = action("path", _path, "show where the cache is, or the .pte of a model")
    path.add_argument("model", metavar="MODEL", nargs="?", help="an id or a name")
    prune = action("prune", _prune, "delete the longest unused models until the cache is small enough")
    prune.add_argument("--max-size", required=True, type=_bytes, metavar="SIZE", help="such as 20GB, 500MB or 0")
    prune.add_argument("--json", action="store_true", help="print a JSON array of what was deleted")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    code: int = options.run_action(options)
    return code


def _list(options: argparse.Namespace) -> int:
    from llmodule.cache import CachedModel, list_models

    if options.presets:
        return _list_presets(as_json=options.json)
    found = list_models()
    if options.json:
        return _print_json([_fields(model) for model in found])

    def row(model: CachedModel) -> tuple[str, ...]:
        origin = (model.converted_from or "").rpartition("/")[2]
        return model.id, size_text(model.size), _local_time(model.last_used), model.name, origin

    _print_table(("ID", "SIZE", "LAST USED", "NAME", "CONVERTED FROM"), [row(model) for model in found])
    return 0


def _list_presets(*, as_json: bool) -> int:
    if as_json:
        return _print_json([asdict(preset) for preset in models.PRESETS.values()])
    _print_table(
        ("NAME", "DOWNLOAD", "LICENCE", "WHAT IT IS"),
        [(p.name, size_text(p.download_bytes), p.licence, p.description) for p in models.PRESETS.values()],
    )
    return 0


def _download(options: argparse.Namespace) -> int:
    from llmodule.sources import download

    with Bar() as bar, told_on_stderr():
        files = download(
            source_of(options.model),
            tokenizer=options.tokenizer,
            tokenizer_config=options.tokenizer_config,
            progress=bar.show,
        )
    if options.json:
        names = ("model", "tokenizer", "tokenizer_config", "generation_config", "chat_template")
        return _print_json({name: str(path) for name in names if (path := getattr(files, name)) is not None})
    write(f"{files.model}\n")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from llmodule import cache

    found = [cache.find(name) for name in options.models]  # a wrong name is told before anything is deleted
    for model in dict.fromkeys(found):
        write(f"removed {model.id}, {size_text(cache.remove(model.id))}\n")
        if model.outside_size:
            complain(f"{size_text(model.outside_size)} of it stay in the Hugging Face cache; see `hf cache`")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from llmodule import cache

    with Bar("verifying") as bar:
        damages = cache.verify(options.model, progress=bar.show)
    if options.json:
        _print_json([{**asdict(damage), "file": str(damage.file)} for damage in damages])
    else:
        for damage in damages:
            write(f"damaged: {damage.file}, of {damage.model}\n")
        write("the next load fetches anew what is damaged\n" if damages else "everything is whole\n")
    return 1 if damages else 0


def _path(options: argparse.Namespace) -> int:
    from llmodule import cache

    if options.model is None:
        write(f"{cache.cache_folder()}\n")
        return 0
    model = cache.find(options.model)
    if model.model is None:
        raise ValueError(f"{model.id} is no model that was loaded; it lies in {cache.cache_folder() / model.id}")
    write(f"{model.model}\n")
    return 0


def _prune(options: argparse.Namespace) -> int:
    from llmodule import cache

    with told_on_stderr():
        removed = cache.prune(options.max_size)
    if options.json:
        return _print_json([_fields(model) for model in removed])
    for model in removed:
        write(f"removed {model.id}, {size_text(model.size)}\n")
    return 0


def _fields(model: Any) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "size": model.size,
        "outside_size": model.outside_size,
        "last_used": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(model.last_used)),
        "model": None if model.model is None else str(model.model),
        "converted_from": model.converted_from,
    }


def _print_json(value: Any) -> int:
    write(json.dumps(value, indent=2) + "\n")
    return 0


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", text.strip(), re.IGNORECASE | re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 20GB, 500MB or 0")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def size_text(count: int) -> str:
    """Writes a number of bytes for people, in decimal units."""
    if count < 1000:
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5 or unit == "TB":
            break
    return f"{size:.3g} {unit}" if size < 99.95 else f"{size:.0f} {unit}"


def _local_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
