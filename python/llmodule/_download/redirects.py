"""Where a redirect may lead: not to a weaker scheme, and not from the public Internet into a private network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

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
        target = urljoin(url, location)
        if not is_http(target):
            raise DownloadError(f"{shown(self._url)} redirects to {shown(target)}, which is no http or https URL")
        host = urlsplit(target).hostname or ""
        if host in self._allowed:
            return target
        way_out = f"pass {host!r} in allow_redirects_to, or in ${VARIABLE}, if that is right"
        if (urlsplit(url).scheme, urlsplit(target).scheme) == ("https", "http"):
            raise DownloadError(f"{shown(self._url)} redirects to {shown(target)}, which is not encrypted; {way_out}")
        if _has_private(host) and not _is_private(urlsplit(self._url).hostname or ""):
            raise DownloadError(f"{shown(self._url)} redirects to the private address of {host}; {way_out}")
        return target


def _addresses(host: str) -> list[bool]:
    """Tells of every address of `host` whether it is private; none where the host is not known here."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        # A proxy may know the host; without one, connecting will fail.
        return []
    return [not _is_public(ipaddress.ip_address(str(text).partition("%")[0])) for text in found]


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast


def _has_private(host: str) -> bool:
    return any(_addresses(host))


def _is_private(host: str) -> bool:
    addresses = _addresses(host)
    return bool(addresses) and all(addresses)
