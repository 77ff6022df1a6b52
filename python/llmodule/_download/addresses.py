"""Public and private network addresses."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from llmodule.errors import DownloadError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052; IPv4 addresses in the last 32 bits


def is_public(text: str) -> bool:
    """Tells whether an IPv4 or IPv6 address, or the IPv4 address inside of it, is reached over the Internet.

    Raises:
        ValueError: It is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        address = inner or address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast


def are_public(host: str) -> list[bool]:
    """Tells of every address of `host` whether it is public; an empty list where the host is not known here."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        # A proxy may know the host; without one, connecting will fail.
        return []
    return [is_public(text) for text in found]


class PublicAdapter(HTTPAdapter):
    """Sends no request to a private address, whatever a name server said when it was asked before.

    A proxy is reached wherever it is.
    """

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class _Checked:
    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        peer = self.sock.getpeername()[0]  # type: ignore[attr-defined]
        if not is_public(peer):
            self.close()  # type: ignore[attr-defined]
            raise DownloadError(f"a redirect leads to {self.host}, which is at the private address {peer}")  # type: ignore[attr-defined]


class _Connection(_Checked, HTTPConnection):
    pass


class _TlsConnection(_Checked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
