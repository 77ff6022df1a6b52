"""Repositories of the Hugging Face Hub, through huggingface_hub: its cache, its tokens, its settings."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from llmodule._download.cache import sha256_of
from llmodule.cache._models import Outside
from llmodule.errors import DownloadError, LLModuleError, ResourceError
from llmodule.sources._places import File, Place, Web
from llmodule.sources._task import Task

_PUBLIC = "https://huggingface.co"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FORM = re.compile(rf"(?P<repo>{_NAME}/{_NAME})(?:/(?P<path>[^@]+))?(?:@(?P<revision>[\w./-]+))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INSTALL = "pip install 'llmodule[hub]'"


@dataclass(frozen=True)
class Listed:
    """A file of a repository; its SHA-256 is known only if it is large."""

    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class Listing:
    """The files of a revision by their paths, and the commit that it stands for."""

    commit: str
    files: Mapping[str, Listed]


@dataclass(frozen=True)
class Hub(Place):
    """A revision of a repository."""

    repo: str
    revision: str

    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        listing = self._listing(task)
        for path, required in files:
            if required and path not in listing.files:
                raise ResourceError(f"{self.show('')} has no file {path}")
        there = [path for path, _ in files if path in listing.files]
        found = {path: local for path in there if (local := self._cached_file(path, listing, task))}
        total = sum(listing.files[path].size for path in there)
        done = sum(listing.files[path].size for path in found)
        count = task.counter(f"{self.show('')} {there}")
        count(done, total)

        def after(before: int) -> Callable[[int], None]:
            return lambda part: count(before + part, total)

        for path in there:
            if path not in found:
                found[path] = self._download(path, listing, task, after(done))
                done += listing.files[path].size
                count(done, total)
        if len({_snapshot(local, path) for path, local in found.items()}) > 1:
            raise DownloadError(f"{self.show('')} changed while it was downloaded; try again")
        return [found.get(path) for path, _ in files]

    def show(self, path: str) -> str:
        revision = "" if self.revision == "main" else f"@{self.revision}"
        return f"hf://{self.repo}{'/' + path if path else ''}{revision}"

    def names(self, path: str, task: Task) -> list[str] | None:
        files = self._listing(task).files
        return None if path in files else sorted(name for name in files if not path or name.startswith(f"{path}/"))

    def beside(self, path: str, names: Sequence[str], task: Task) -> str:
        # Repositories keep one tokenizer for the models in all folders below it.
        files = [str(folder / name) for folder in PurePosixPath(path).parents for name in names]
        there = self._listing(task).files
        return next((file for file in files if file in there), files[0])

    def _listing(self, task: Task) -> Listing:
        listing = task.listings.get(self)
        if not isinstance(listing, Listing):
            task.listings[self] = listing = self._ask()
        return listing

    def _ask(self) -> Listing:
        import huggingface_hub

        try:
            with self._failures():
                api = huggingface_hub.HfApi(endpoint=_endpoint())
                info = api.model_info(self.repo, revision=self.revision, files_metadata=True)
        except DownloadError as error:
            cause = error.__cause__
            final = (huggingface_hub.errors.RepositoryNotFoundError, huggingface_hub.errors.RevisionNotFoundError)
            if not isinstance(cause, final) and (local := self._cached()):
                return local
            raise
        files = {}
        for sibling in info.siblings or []:
            name, size, sha256 = sibling.rfilename, sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else None
            sound = isinstance(size, int) and size >= 0 and (sha256 is None or _SHA256.fullmatch(str(sha256)))
            if not (sound and isinstance(name, str) and _is_safe(name)):
                raise DownloadError(f"{self.show('')} lists the file {name!r} of {size!r} bytes, which is not taken")
            files[name] = Listed(size, sha256)
        if not _COMMIT.fullmatch(str(info.sha)):
            raise DownloadError(f"{self.show('')} names the commit {info.sha!r}, which is none")
        return Listing(str(info.sha), files)

    def _cached(self) -> Listing | None:
        """Returns the listing of what is in the cache, for work without a network."""
        from huggingface_hub import CacheNotFound, scan_cache_dir

        try:
            repositories = scan_cache_dir().repos
        except CacheNotFound:
            return None
        for repository in repositories:
            if (repository.repo_type, repository.repo_id) == ("model", self.repo):
                for revision in repository.revisions:
                    if self.revision in (*revision.refs, revision.commit_hash):
                        files = {
                            file.file_path.relative_to(revision.snapshot_path).as_posix(): Listed(file.size_on_disk)
                            for file in revision.files
                        }
                        return Listing(revision.commit_hash, files)
        return None

    def _cached_file(self, path: str, listing: Listing, task: Task) -> Path | None:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(self.repo, path, revision=listing.commit)
        if not isinstance(cached, str):
            return None
        local, listed = Path(cached), listing.files[path]
        if local.stat().st_size != listed.size or local in task.damaged:
            return None
        blob = local.resolve().name  # of large files, their SHA-256
        digest = listed.sha256 or (blob if _SHA256.fullmatch(blob) else sha256_of(local, check=task.check))
        task.outside[local] = Outside(str(local), listed.size, digest)
        return local

    def _download(self, path: str, listing: Listing, task: Task, count: Callable[[int], None]) -> Path:
        from huggingface_hub import hf_hub_download, try_to_load_from_cache

        listed = listing.files[path]
        damaged = try_to_load_from_cache(self.repo, path, revision=listing.commit) is not None
        with self._failures():
            local = Path(
                hf_hub_download(
                    self.repo,
                    path,
                    revision=self.revision,
                    endpoint=_endpoint(),
                    force_download=damaged,
                    **_with_progress(hf_hub_download, count),
                )
            )
        size, digest = local.stat().st_size, sha256_of(local, check=task.check)
        if size != listed.size or digest != (listed.sha256 or digest):
            # Otherwise huggingface_hub takes it for whole the next time.
            local.resolve().unlink()
            local.unlink(missing_ok=True)
            raise DownloadError(
                f"{self.show(path)} arrived with {size} bytes and the SHA-256 {digest}; announced were {listed.size} "
                f"and {listed.sha256 or 'none'}; try again"
            )
        task.outside[local] = Outside(str(local), size, digest)
        return local

    @contextmanager
    def _failures(self) -> Iterator[None]:
        from huggingface_hub import errors

        name = self.show("")
        try:
            yield
        except LLModuleError:
            raise
        except errors.GatedRepoError as error:
            raise DownloadError(
                f"{name} is given only to those who accepted its conditions: do so on its page, then log in with "
                "`hf auth login` or set HF_TOKEN"
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise DownloadError(
                f"{name} is no repository, or a private one: then log in with `hf auth login` or set HF_TOKEN"
            ) from error
        except errors.RevisionNotFoundError as error:
            raise DownloadError(f"the repository {self.repo} has no revision {self.revision}") from error
        except errors.OfflineModeIsEnabled as error:
            raise DownloadError(f"{name} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it") from error
        except OSError as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            reason = f"the server answers {status}" if status else error.strerror or type(error).__name__
            raise DownloadError(f"{name} cannot be fetched: {reason}") from error
        except Exception as error:  # of the HTTP library, which depends on the version
            raise DownloadError(
                f"{name} cannot be fetched: {type(error).__name__}; check the network and HF_ENDPOINT"
            ) from error


def parse(text: str) -> File | None:
    """Reads ORG/REPO[/PATH][@REVISION]; None if `text` is not of that form.

    Raises:
        ResourceError: It needs huggingface_hub, which is not installed.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    repo, path, revision = match["repo"], (match["path"] or "").strip("/"), match["revision"] or "main"
    sound = "--" not in repo and ".." not in repo and len(repo) <= 96 and (not path or _is_safe(path))
    if not sound or ".." in revision:
        return None
    if importlib.util.find_spec("huggingface_hub"):
        return File(Hub(repo, revision), path)
    if PurePosixPath(path).suffix:
        # A single public file needs no account and no listing.
        return File(Web(), f"{_endpoint() or _PUBLIC}/{repo}/resolve/{revision}/{path}")
    raise ResourceError(f"{text} is a repository of the Hugging Face Hub, which needs huggingface_hub: {_INSTALL}")


def _endpoint() -> str | None:
    # huggingface_hub reads the variable once, when it is imported.
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return path.isprintable() and "\\" not in path and not any(part in ("", ".", "..") for part in parts)


def _snapshot(local: Path, path: str) -> Path:
    return local.parents[path.count("/")]


def _with_progress(download: Callable[..., Any], count: Callable[[int], None]) -> dict[str, Any]:
    # Older versions of huggingface_hub tell nothing of a file on its way.
    if "tqdm_class" not in inspect.signature(download).parameters:
        return {}
    from tqdm import tqdm

    class Counter(tqdm):  # type: ignore[type-arg]
        """Counts instead of drawing."""

        def __init__(self, *_: Any, **options: Any) -> None:
            super().__init__(disable=True)
            self._there = int(options.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self._there += int(n or 0)
            count(self._there)

    return {"tqdm_class": Counter}
