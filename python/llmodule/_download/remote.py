"""One file of an HTTP server, and how its address is told without what is secret in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Remote:
    """One file of an HTTP server.

    Attributes:
        url: An http or https URL.
        required: False if the server may lack the file.
        sha256: The file's SHA-256 in lower-case hexadecimal digits, where known.
        size: The file's size in bytes, where known.
        headers: Sent to the URL's own scheme, host and port only, and not after a redirect elsewhere.

    Raises:
        ValueError: A value is not of that form.
    """

    url: str = field(repr=False)
    required: bool = True
    sha256: str | None = None
    size: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        if not is_http(self.url):
            raise ValueError(f"{shown(self.url)} is not an http or https URL with a host")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"the SHA-256 {self.sha256!r} is not of 64 lower-case hexadecimal digits")
        if self.size is not None and self.size < 0:
            raise ValueError(f"the size {self.size} is negative")

    def __str__(self) -> str:
        return shown(self.url)


def is_http(url: str) -> bool:
    """Tells whether `url` is an http or https URL that names a host, and a port if any, in due form."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str | None, int]:
    """Returns the scheme, host and port of an http or https URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def shown(url: str) -> str:
    """Returns `url` without user, password, query and fragment, any of which may hold credentials."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
