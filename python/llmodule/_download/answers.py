"""What the headers of an answer say about the file behind it (RFC 9110)."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping

import requests

from llmodule._download.part import Version
from llmodule._download.remote import Remote
from llmodule.errors import DownloadError

_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{0,400}"')
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_SHA256_ETAG = re.compile(r'"?([0-9a-f]{64})"?')
_SURE_SECONDS = 60


def version_of(remote: Remote, response: requests.Response) -> Version:
    """Returns the version of a file whose whole body follows.

    Raises:
        DownloadError: Its size is not the expected one, or its end could not be told.
    """
    length = response.headers.get("Content-Length", "")
    total = int(length) if re.fullmatch(r"\d{1,18}", length, re.ASCII) else remote.size
    if remote.size not in (None, total):
        raise DownloadError(f"{remote}: the server announces {total} bytes, expected are {remote.size}")
    chunked = response.headers.get("Transfer-Encoding", "").lower() == "chunked"
    if total is None and remote.sha256 is None and not chunked:
        raise DownloadError(
            f"{remote}: the server does not tell the file's length, so that a cut could not be noticed; download the "
            "file by other means and name it"
        )
    return Version(validator_of(response.headers), total)


def validator_of(headers: Mapping[str, str]) -> str | None:
    """Returns the strong validator of an answer: its ETag, or a Last-Modified long before its Date (8.8.2.2)."""
    if "ETag" in headers:
        return headers["ETag"] if _STRONG_ETAG.fullmatch(headers["ETag"]) else None
    try:
        modified, now = (email.utils.parsedate_to_datetime(headers[name]) for name in ("Last-Modified", "Date"))
        sure = (now - modified).total_seconds() >= _SURE_SECONDS
    except (KeyError, ValueError, TypeError):
        return None
    return headers["Last-Modified"] if sure and len(headers["Last-Modified"]) < 64 else None


def is_continuation(response: requests.Response, version: Version, start: int) -> bool:
    """Tells whether a 206 answer brings the same version from byte `start` to its end."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != start:
        return False
    total = None if match[3] == "*" else int(match[3])
    if version.total is not None and (total not in (None, version.total) or int(match[2]) >= version.total):
        return False
    return version.validator in (response.headers.get("ETag"), response.headers.get("Last-Modified"))


def linked_sha256(headers: Mapping[str, str]) -> str | None:
    """Returns the SHA-256 of the file to which an answer redirects; None where it does not tell.

    The Hugging Face hub gives it as X-Linked-ETag for files in its large-file storage.
    """
    match = _SHA256_ETAG.fullmatch(headers.get("X-Linked-ETag", ""))
    return match[1] if match else None
