"""Links in requests: fetched within bounds, never from a private network unless allowed."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.upstreams import guard
from nexhina_nb.gateway.upstreams.attachments import MOST_LINKS, Limits, bring, download, fetch

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
IN_LINE = "data:image/png;base64," + base64.b64encode(PIXEL).decode()


@dataclass
class Site:
    """A server on this machine, and what it was asked for: (Host header, path)."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)


class _Pages(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append((self.headers["host"], self.path))
        name, _, rest = self.path[1:].partition("/")
        getattr(self, f"_{name.partition('.')[0]}")(rest)

    def log_message(self, *args: Any) -> None:
        pass

    def _send(self, status: int = 200, body: bytes = PIXEL, **headers: str) -> None:
        self.send_response(status)
        for key, value in ({"content_type": "image/png"} | headers).items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _pixel(self, rest: str) -> None:
        self._send()

    def _parameters(self, rest: str) -> None:
        self._send(content_type="IMAGE/PNG; charset=binary")

    def _text(self, rest: str) -> None:
        self._send(content_type="text/html")

    def _gone(self, rest: str) -> None:
        self._send(404)

    def _packed(self, rest: str) -> None:
        self._send(content_encoding="gzip")

    def _hop(self, rest: str) -> None:
        left = int(rest)
        self._send(302, location=f"/hop/{left - 1}" if left > 1 else "/pixel.png")

    def _away(self, rest: str) -> None:
        self._send(302, location=rest)

    def _file(self, rest: str) -> None:
        self._send(302, location="file:///etc/hostname")

    def _slow(self, rest: str) -> None:
        time.sleep(1)


@contextmanager
def _serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()
    pages = type("Pages", (_Pages,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), pages)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # who hangs up is no news
    if tls:
        tls.sni_callback = lambda _, name, __: site.names.append(name)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with _serving() as running:
        yield running


def _refused(url: str, **options: Any) -> BadRequest:
    with pytest.raises(BadRequest) as refused:
        fetch(url, **({"allow_private": True, "param": "here"} | options))
    assert (refused.value.code, refused.value.param) == ("invalid_image_url", "here")
    return refused.value


def test_a_link_gives_its_bytes(site: Site) -> None:
    assert fetch(f"{site.url}/pixel.png", allow_private=True) == PIXEL
    assert fetch(f"{site.url}/parameters", allow_private=True) == PIXEL


def test_the_server_is_asked_under_its_name(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    assert fetch(f"http://localhost:{port}/pixel.png?a=1", allow_private=True) == PIXEL
    assert site.asked[-1] == (f"localhost:{port}", "/pixel.png?a=1")


def test_certificates_are_asked_for_and_checked_under_the_name() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path(__file__).with_name("sick_server.pem"))
    with _serving(tls) as site:
        port = site.url.rpartition(":")[2]
        _refused(f"https://localhost:{port}/pixel.png")
        assert site.names == ["localhost"]
        assert site.asked == []


def test_up_to_three_redirects(site: Site) -> None:
    assert fetch(f"{site.url}/hop/3", allow_private=True) == PIXEL
    assert "redirects" in _refused(f"{site.url}/hop/4").message


@pytest.mark.parametrize(
    "path", ["text", "gone", "packed", "file", "away/http://", "away/ftp://a/b"]
)
def test_what_is_no_picture_is_refused(site: Site, path: str) -> None:
    _refused(f"{site.url}/{path}")


def test_sizes_and_times_are_bounded(site: Site) -> None:
    assert fetch(f"{site.url}/pixel", allow_private=True, most_bytes=len(PIXEL)) == PIXEL
    assert "bytes" in _refused(f"{site.url}/pixel", most_bytes=len(PIXEL) - 1).message
    limits = Limits(most_seconds=0.1, allow_private=True)
    with pytest.raises(BadRequest, match="longer than"):
        asyncio.run(download(f"{site.url}/slow", limits))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/", "http://[::1]:1/a", "https://127.0.0.1:1/a", "http://0.0.0.0:1/",
        "http://nosuchname.invalid/a", "http://", "http:///a", "http://a b/", "http://[::/",
        "ftp://example.com/a", "file:///etc/hostname", "picture.png", "", "http://a:99999999/",
        "http://example.com/" + "a" * 9000, "http://\u2028/", "http://xn--/",
        "http://127.0.0.1:65536/a",
    ],
)  # fmt: skip
def test_links_that_lead_nowhere(url: str) -> None:
    _refused(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_private_addresses_are_refused_whatever_they_are_called(site: Site, host: str) -> None:
    before = len(site.asked)
    refusal = _refused(f"http://{host}:{site.url.rpartition(':')[2]}/pixel", allow_private=False)
    assert len(site.asked) == before
    unknown = _refused("http://nosuchname.invalid/a", allow_private=False)
    assert (refusal.message, refusal.hint) == (unknown.message, unknown.hint)
    assert "127" not in refusal.message


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2002:a00:1::", "2001:0:a00:1::1", "fec0::1", "example.com", "",
    ],
)  # fmt: skip
def test_no_private_address_is_public(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111"])
def test_public_addresses_are(address: str) -> None:
    assert guard.is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_no_notation_makes_a_private_address_public(address: Any) -> None:
    number = int(address)
    high, low = number >> 16, number & 0xFFFF
    for text in (
        str(address),
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        f"2002:{high:x}:{low:x}::",
    ):
        assert not guard.is_public(text)


def test_data_uris_are_decoded_strictly() -> None:
    assert fetch(IN_LINE) == PIXEL
    assert fetch(IN_LINE.replace("data:", "DATA:").replace(";base64", "; base64")) == PIXEL
    for broken in (
        "data:image/png,abc", "data:image/png;base64,", "data:image/png;base64,abc",
        "data:image/png;base64,ab$=", "data:text/plain;base64,YWJj", "data:;base64,YWJj",
        "data:image/png;base64", IN_LINE + "\n", "data:",
    ):  # fmt: skip
        _refused(broken)
    _refused(IN_LINE, most_bytes=10)
    assert fetch("data:video/mp4;base64,YWJj", kinds=("image/", "video/")) == b"abc"


def _body(*parts: Any) -> dict[str, Any]:
    text = {"type": "text", "text": "Look"}
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": [text, *parts]}]
    return {"model": "local/chat", "messages": messages, "unknown": {"kept": True}}


def test_a_request_gets_its_pictures(site: Site) -> None:
    link = f"{site.url}/pixel.png"
    bare = {"type": "image_url", "image_url": link}
    full = {"type": "image_url", "image_url": {"url": link, "detail": "low"}}
    body = _body(bare, full, {"type": "image_url", "image_url": IN_LINE})
    asked = len(site.asked)
    brought = bring(body, allow_private=True)
    assert brought == _body(
        {"type": "image_url", "image_url": IN_LINE},
        {"type": "image_url", "image_url": {"url": IN_LINE, "detail": "low"}},
        {"type": "image_url", "image_url": IN_LINE},
    )
    assert len(site.asked) == asked + 1, "one picture is fetched once"
    assert body["messages"][1]["content"][1]["image_url"] == link, "the caller's body is untouched"


def test_a_request_says_which_link_is_wrong(site: Site) -> None:
    good = {"type": "image_url", "image_url": f"{site.url}/pixel.png"}
    with pytest.raises(BadRequest) as refused:
        bring(
            _body(good, {"type": "image_url", "image_url": {"url": f"{site.url}/text"}}),
            allow_private=True,
        )
    assert (refused.value.code, refused.value.param) == (
        "invalid_image_url",
        "messages.1.content.2.image_url",
    )
    with pytest.raises(BadRequest, match="public network"):
        bring(_body(good))


def test_a_request_links_to_few_pictures(site: Site) -> None:
    many = [
        {"type": "image_url", "image_url": f"{site.url}/pixel/{n}"} for n in range(MOST_LINKS + 1)
    ]
    with pytest.raises(BadRequest, match="more than"):
        bring(_body(*many), allow_private=True)


@pytest.mark.parametrize(
    "messages", [[], None, [None, 3, {"content": 3}, {"content": [None, {"type": "image_url"}]}]]
)
def test_odd_requests_pass(messages: Any) -> None:
    assert bring({"messages": messages})["messages"] == messages
