"""Redirects, proxies, certificates and secrets."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmodule import DownloadError
from llmodule._download import Remote, addresses, redirects

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]

pytestmark = pytest.mark.network
CERTIFICATE = Path(__file__).with_name("localhost.pem")
PUBLIC = "http://93.184.215.14/m.pte"  # never reached: a proxy on this machine answers


@pytest.fixture
def proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server as the proxy through which every host is reached."""
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", server.url)
    return server


def test_redirects_are_followed(server: Server, get: Get) -> None:
    server.add("/store/m.pte", b"1")
    server.redirects = {"/m.pte": "/a?signature=1", "/a": f"{server.url}/store/m.pte"}
    assert get(Remote(f"{server.url}/m.pte"))[0].read_bytes() == b"1"


def test_the_body_of_a_redirect_is_not_read(server: Server, get: Get) -> None:
    target = server.add("/m.pte", b"1")
    endless = {"Location": target.url, "Content-Length": str(10**12)}
    server.add("/a", b"", errors=deque([(302, endless)]))
    assert get(Remote(f"{server.url}/a"), policy={"attempts": 1})[0].read_bytes() == b"1"


def test_loops_end(server: Server, get: Get) -> None:
    server.redirects = {"/a": "/b", "/b": "/a"}
    with pytest.raises(DownloadError, match="/a redirects more than 10 times"):
        get(Remote(f"{server.url}/a"))
    assert len(server.requests) == 11


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/m", "http://[", "http://h:99999/", "javascript:1"]
)
def test_other_schemes_are_refused(server: Server, get: Get, location: str) -> None:
    server.redirects = {"/m.pte": location}
    with pytest.raises(DownloadError, match=r"/m\.pte redirects to .*, which is no http or https URL"):
        get(Remote(f"{server.url}/m.pte"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "2130706433",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "224.0.0.1",
    ],
)
def test_from_the_internet_into_a_private_network(proxy: Server, get: Get, host: str) -> None:
    proxy.redirects = {"/m.pte": f"http://{host}/latest/meta-data"}
    with pytest.raises(DownloadError, match=r"14/m\.pte redirects to the private address of .*allow_redirects_to"):
        get(Remote(PUBLIC))
    assert len(proxy.requests) == 1


def test_a_private_address_after_a_public_one(proxy: Server, get: Get) -> None:
    proxy.redirects = {"/m.pte": "http://93.184.215.15/b", "/b": "http://10.0.0.1/c"}
    with pytest.raises(DownloadError, match=r"private address of 10\.0\.0\.1"):
        get(Remote(PUBLIC))


def test_a_private_address_that_is_allowed(proxy: Server, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy.add("/c", b"1")
    proxy.redirects = {"/m.pte": "http://10.0.0.1/c"}
    assert get(Remote(PUBLIC), allow_redirects_to=["10.0.0.1"])[0].read_bytes() == b"1"
    monkeypatch.setenv(redirects.VARIABLE, "other.example, 10.0.0.1")
    rules = redirects.Redirects(PUBLIC, None)
    assert rules.target(PUBLIC, "http://10.0.0.1/c") == "http://10.0.0.1/c"
    with pytest.raises(DownloadError, match="private"):
        rules.target(PUBLIC, "http://10.0.0.2/c")


def test_a_name_with_a_private_address_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"public.example": ["93.184.215.14"], "mixed.example": ["93.184.215.14", "10.0.0.1"]}
    monkeypatch.setattr(
        addresses.socket, "getaddrinfo", lambda host, *_, **__: [(0, 0, 0, "", (text, 0)) for text in known[host]]
    )
    with pytest.raises(DownloadError, match=r"private address of mixed\.example"):
        redirects.Redirects("https://public.example/a", ()).target("https://public.example/a", "https://mixed.example/")
    # One public address is enough for the first host to count as public.
    with pytest.raises(DownloadError, match=r"private address of mixed\.example"):
        redirects.Redirects("https://mixed.example/a", ()).target("https://mixed.example/a", "https://mixed.example/")


def test_a_name_server_that_changes_its_mind(
    server: Server, tls_server: Server, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is asked before, it gives a public address, and then a private one to connect to."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    monkeypatch.setattr(redirects, "are_public", lambda host: [True])
    for target in (server, tls_server):
        target.add("/secret", b"1")
        server.redirects = {"/m.pte": f"{target.url}/secret"}
        with pytest.raises(DownloadError, match=r"which is at the private address 127\.0\.0\.1"):
            get(Remote(f"{server.url}/m.pte"))
    assert {path for path, _ in server.requests + tls_server.requests} == {"/m.pte"}


def test_https_does_not_become_http(
    tls_server: Server, server: Server, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    target = server.add("/m.pte", b"1")
    tls_server.redirects = {"/m.pte": target.url}
    tls_server.add("/direct", b"2")
    with pytest.raises(DownloadError, match=r"which is not encrypted; pass '127.0.0.1' in allow_redirects_to"):
        get(Remote(f"{tls_server.url}/m.pte"))
    assert server.requests == []
    assert get(Remote(f"{tls_server.url}/m.pte"), allow_redirects_to=["127.0.0.1"])[0].read_bytes() == b"1"
    assert get(Remote(f"{tls_server.url}/direct"))[0].read_bytes() == b"2"


def test_a_certificate_that_nobody_vouches_for(tls_server: Server, get: Get) -> None:
    tls_server.add("/m.pte", b"1")
    with pytest.raises(DownloadError, match=r"certificate cannot be trusted.*REQUESTS_CA_BUNDLE") as caught:
        get(Remote(f"{tls_server.url}/m.pte"))
    assert "given up" not in str(caught.value)  # not tried again
    assert tls_server.requests == []


def test_certificates_that_are_not_there(
    tls_server: Server, get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(DownloadError, match=r"/m\.pte: .*none\.pem$"):
        get(tls_server.add("/m.pte", b"1"))


def test_a_cut_of_an_encrypted_body(tls_server: Server, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    body = bytes(2_000_000)
    file = tls_server.add("/m.pte", body, cuts=deque([500_000, 500_000]))
    assert get(file)[0].read_bytes() == body
    assert tls_server.sent["/m.pte"] == len(body)


def test_no_tls_at_all(server: Server, get: Get) -> None:
    with pytest.raises(DownloadError, match=r"SSLError.*given up"):
        get(Remote(server.url.replace("http", "https") + "/m.pte"), policy={"attempts": 2})


def test_headers_stay_at_home(server: Server, get: Get) -> None:
    with_headers = {"authorization": "Bearer secret", "x-key": "secret"}
    other = server.url.replace("127.0.0.1", "localhost")
    server.add("/store", b"1")
    server.redirects = {"/m.pte": "/same", "/same": f"{other}/back", "/back": f"{server.url}/store"}
    get(Remote(f"{server.url}/m.pte", headers=with_headers))
    sent = {path: {name for name in with_headers if name in headers} for path, headers in server.requests}
    assert sent == {"/m.pte": set(with_headers), "/same": set(with_headers), "/back": set(), "/store": set()}


def test_a_netrc_file_does_not_replace_a_header(
    server: Server, get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(netrc))
    file = server.add("/m.pte", b"1")
    get(Remote(file.url, headers={"Authorization": "Bearer token"}))
    assert server.requests[0][1]["authorization"] == "Bearer token"


def test_secrets_are_in_no_message(server: Server, get: Get, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    base = server.url.replace("://", "://user:pa55word@")
    files = {
        "/500": (500, {}), "/403": (403, {}), "/302": (302, {"Location": "ftp://u:pa55word@h/?pa55word"}),
    }  # fmt: skip
    for path, error in files.items():
        server.add(path, b"1", errors=deque([error] * 9))
    urls = [f"{base}{path}?token=pa55word#pa55word" for path in files]
    urls += ["http://user:pa55word@127.0.0.1:9/m?pa55word", "https" + base[4:] + "/m?pa55word"]
    for url in urls:
        remote = Remote(url, headers={"X-Key": "pa55word"})
        with pytest.raises(DownloadError) as caught:
            get(remote, policy={"attempts": 2})
        text = "".join(traceback.format_exception(caught.value)) + repr(remote) + str(remote)
        assert "pa55word" not in text
    bad = Remote(f"{server.url}/403", headers={"X-Key": "pa55word\n"})
    with pytest.raises(
        DownloadError, match=r"the request is not valid \(.*check the address and the headers"
    ) as caught:
        get(bad)
    assert "pa55word" not in "".join(traceback.format_exception(caught.value))
    assert server.requests[0][1]["authorization"].startswith("Basic ")
    assert caplog.records
    assert "pa55word" not in caplog.text
    assert not any(b"pa55word" in path.read_bytes() for path in cache.rglob("*") if path.is_file())


@pytest.mark.parametrize("url", ["ftp://host/m", "m.pte", "http://", "http://h:x/", "http://[", "file:///m"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="is not an http or https URL with a host"):
        Remote(url)


def test_remotes_that_are_none() -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Remote("http://h/", sha256="0" * 63)
    with pytest.raises(ValueError, match="size -1"):
        Remote("http://h/", size=-1)
