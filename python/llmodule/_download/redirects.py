"""Where a redirect may lead: not to a weaker scheme, and not from the public Internet into a private network."""

from __future__ import annotations

import os
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from llmodule._download.addresses import are_public
from llmodule._download.remote import is_http, shown
from llmodule.errors import DownloadError

VARIABLE = "LLMODULE_ALLOW_REDIRECTS_TO"


class Redirects:
    """The rules for the redirects of one URL.

    Args:
        url: Where the chain of redirects begins.
        allowed: Names of hosts to which every redirect over http or https may lead; None for those that the
            environment variable LLMODULE_ALLOW_REDIRECTS_TO lists, separated by commas.
    """

    def __init__(self, url: str, allowed: Collection[str] | None) -> None:
        self._url = url
        names = os.environ.get(VARIABLE, "").split(",") if allowed is None else allowed
        self._allowed = {name.strip().lower() for name in names}

    def target(self, url: str, location: str) -> str:
        """Returns the URL to which `url` redirects.

        Raises:
            DownloadError: It must not be followed.
        """
        try:
            target = urljoin(url, location)
        except ValueError:
            target = location
        if not is_http(target):
            raise DownloadError(f"{shown(self._url)} redirects to {shown(target)}, which is no http or https URL")
        host = urlsplit(target).hostname or ""
        if host in self._allowed:
            return target
        way_out = f"pass {host!r} in allow_redirects_to, or in ${VARIABLE}, if that is right"
        if (urlsplit(url).scheme, urlsplit(target).scheme) == ("https", "http"):
            raise DownloadError(f"{shown(self._url)} redirects to {shown(target)}, which is not encrypted; {way_out}")
        if self.must_be_public(target) and not all(are_public(host)):
            raise DownloadError(f"{shown(self._url)} redirects to the private address of {host}; {way_out}")
        return target

    def must_be_public(self, target: str) -> bool:
        """Tells whether a redirect must not lead to a private address: where the chain begins at a public one."""
        begin = are_public(urlsplit(self._url).hostname or "")
        return urlsplit(target).hostname not in self._allowed and (not begin or any(begin))
