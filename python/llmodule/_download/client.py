"""GET over HTTP: redirects followed by hand, secrets kept to their origin and out of messages."""

from __future__ import annotations

import contextlib
import http.client
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar

import requests
import urllib3

from llmodule._download.addresses import PublicAdapter
from llmodule._download.answers import linked_sha256
from llmodule._download.redirects import Redirects
from llmodule._download.remote import Remote, origin
from llmodule._download.retry import Policy, TransientError, retry_after
from llmodule.errors import DownloadError

T = TypeVar("T")
THREAD_NAME = "llmodule-download"
_REDIRECTS = 10
_NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException)
_CREDENTIALS = {401: "it wants credentials", 403: "it does not accept these credentials, or none"}


class Client:
    """Asks for one file.

    Args:
        remote: The file.
        policy: The time limits.
        allow_redirects_to: See `Redirects`.

    Attributes:
        sha256: The SHA-256 of the file, as far as known: the remote's, or the one that its own server gives.
    """

    def __init__(self, remote: Remote, policy: Policy, allow_redirects_to: Collection[str] | None) -> None:
        self._remote = remote
        self._policy = policy
        self._redirects = Redirects(remote.url, allow_redirects_to)
        self.sha256 = remote.sha256

    @contextlib.contextmanager
    def get(self, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """Opens a response whose status is 200, 206, 404, 410 or 416; its body is not read yet.

        Args:
            headers: Those of this request, beside the remote's own.

        Raises:
            TransientError: The server cannot be reached, or is overloaded.
            DownloadError: It cannot be trusted, refuses, or redirects where it must not.
        """
        with _Session() as session, contextlib.ExitStack() as stack:
            url, at_home = self._remote.url, True
            for _ in range(_REDIRECTS + 1):
                at_home = at_home and origin(url) == origin(self._remote.url)
                own = self._remote.headers if at_home else {}
                response = self._send(session, url, {**own, "Accept-Encoding": "identity", **headers})
                stack.callback(response.close)
                if not response.is_redirect:
                    self._judge(response)
                    yield response
                    return
                if at_home:
                    self.sha256 = self.sha256 or linked_sha256(response.headers)
                url = self._redirects.target(url, response.headers["Location"])
                response.close()
                if self._redirects.must_be_public(url):
                    for scheme in ("http://", "https://"):
                        session.mount(scheme, PublicAdapter())
            raise DownloadError(f"{self._remote} redirects more than {_REDIRECTS} times")

    def _send(self, session: requests.Session, url: str, headers: Mapping[str, str]) -> requests.Response:
        authorized = any(name.lower() == "authorization" for name in headers)
        timeout = (self._policy.connect_seconds, self._policy.read_seconds)

        def send() -> requests.Response:
            return session.get(
                url, headers=dict(headers), timeout=timeout, stream=True, allow_redirects=False,
                # Without this a netrc file would replace the header.
                auth=(lambda request: request) if authorized else None,
            )  # fmt: skip

        return plainly(str(self._remote), send)

    def _judge(self, response: requests.Response) -> None:
        status = response.status_code
        text = f"{self._remote}: the server answers {status} {response.reason}"
        if status in (408, 425, 429) or 500 <= status < 600:
            raise TransientError(text, wait=retry_after(response.headers))
        if status in _CREDENTIALS:
            text += f"; {_CREDENTIALS[status]}"
        if status not in (200, 206, 404, 410, 416):
            raise DownloadError(text)
        if status in (200, 206) and response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DownloadError(f"{self._remote}: the server encodes the file, though it was asked not to")


def plainly(where: str, call: Callable[[], T]) -> T:
    """Returns what `call` returns, and turns what requests and urllib3 raise into errors of ours.

    Their texts hold whole URLs, and may hold headers. Ours are raised behind their handling, so that no traceback shows
    them either.

    Args:
        where: Begins the message.
        call: Uses the network.

    Raises:
        TransientError: The network failed.
        DownloadError: The server cannot be trusted, or the request is not valid.
    """
    fault: Exception
    try:
        return call()
    except (*_NETWORK_ERRORS, OSError, ValueError) as error:
        kind = type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            fault = DownloadError(
                f"{where}: the server's certificate cannot be trusted; if it is that of your own network, name its "
                "authority's file in $REQUESTS_CA_BUNDLE"
            )
        elif isinstance(error, ValueError):  # so are all errors about the request itself
            fault = DownloadError(f"{where}: the request is not valid ({kind}); check the address and the headers")
        elif not isinstance(error, _NETWORK_ERRORS):  # a file of certificates that is not there
            fault = DownloadError(f"{where}: {error}")
        else:
            fault = TransientError(f"{where}: {kind}; check the address and the network")
    raise fault


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Finds none: requests would read the redirect's body, of whatever size, even when it is not to follow it."""


class _NotOurs(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not threading.current_thread().name.startswith(THREAD_NAME)


# urllib3 logs whole URLs at level DEBUG; other users of it keep their lines.
logging.getLogger("urllib3.connectionpool").addFilter(_NotOurs())
