"""The upstream `openai` itself: its settings, and what stays when the transport is taken away."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Mapping

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.errors import BadRequest, ConfigError, StreamBroken
from nexhina_nb.gateway.upstreams import coding
from nexhina_nb.gateway.upstreams.base import Call, read
from nexhina_nb.gateway.upstreams.headers import forwarded, refuse_breaks
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.openai import OpenAIUpstream, open_transport
from nexhina_nb.gateway.upstreams.pool import Pool, render
from nexhina_nb.gateway.upstreams.proxied import Proxied
from nexhina_nb.gateway.upstreams.target import parse
from nexhina_nb.secret import Secret
from tests.gateway.sick_scenes import SCENES
from tests.gateway.sick_server import SickServer


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\n", "sk-a\r\nX: y", "\u201csk-a\u201d", "sk-\0"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        OpenAIUpstream("https://a.example/v1", Secret(key))

    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("key", [None, Secret("")])
def test_without_a_key_no_authorization_is_sent(key: Secret | None) -> None:
    async def work(base_url: str) -> None:
        upstream = OpenAIUpstream(base_url, key)
        await read(await upstream.send(Call("/plain", {})))
        await upstream.aclose()

    with SickServer(SCENES) as server:
        asyncio.run(work(server.url))

    assert "authorization" not in server.received[0].headers
    assert server.received[0].target == "/v1/plain"


def test_a_body_that_is_no_json_is_refused_before_anything_is_sent() -> None:
    async def work() -> None:
        upstream = OpenAIUpstream("https://a.invalid/v1")
        with pytest.raises(BadRequest):
            await upstream.send(Call("/chat", {"x": object()}))
        await upstream.aclose()

    asyncio.run(work())


def test_a_proxy_in_the_environment_takes_the_slow_road(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        for url, kind in (
            ("https://a.example/v1", Proxied),
            ("https://b.example/v1", Pool),
            ("https://127.0.0.1/v1", Pool),
        ):
            transport = open_transport(parse(url), Timeouts(), Limits())
            assert isinstance(transport, kind)
            await transport.aclose()

    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "b.example")
    asyncio.run(work())


@pytest.mark.parametrize("proxy", ["socks4://u:sk-secret@p:1", "http://u:sk-secret@p:x"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigError) as caught:
        OpenAIUpstream("https://a.example/v1")

    assert "sk-secret" not in str(caught.value)


# Requests as they are written.


@given(
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=4),
    st.binary(max_size=50),
)
def test_nothing_that_is_rendered_has_more_lines_than_were_meant(
    path: str, headers: dict[str, str], body: bytes
) -> None:
    try:
        request = render(parse("http://a.example/v1"), path, forwarded(headers), body)
    except BadRequest:
        return
    head, _, rest = request.partition(b"\r\n\r\n")
    kept = forwarded(headers)

    assert rest == body
    assert len(head.split(b"\n")) == len(head.split(b"\r")) == len(kept) + 3
    assert head.split(b"\r\n")[0].count(b" ") == 2
    assert head.lower().count(b"content-length:") == 1


def test_framing_and_credentials_of_the_caller_are_not_forwarded() -> None:
    assert forwarded({"X-Trace": "1", "Upgrade": "h2c", "Transfer-Encoding": "chunked"}) == {
        "x-trace": "1"
    }


def test_latin_1_passes_and_what_is_beyond_does_not() -> None:
    refuse_breaks("/x", {"x-name": "Zoë"})
    with pytest.raises(BadRequest, match="Latin-1"):
        refuse_breaks("/x", {"x-name": "\u017e"})


# Compressed answers.


class Packed:
    """An answer whose body is given in advance."""

    status = 200
    is_closed = False

    def __init__(self, pieces: list[bytes], name: str) -> None:
        self.headers: Mapping[str, str] = {"content-encoding": name, "content-length": "9"}
        self._pieces = pieces

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        self.is_closed = True


def unpack(data: bytes, name: str = "gzip", size: int = 1 << 30) -> list[bytes]:
    async def work() -> list[bytes]:
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        answer = await coding.opened(Packed(pieces, name))
        return [piece async for piece in answer.chunks()]

    return asyncio.run(work())


@settings(max_examples=50)
@given(st.binary(max_size=2000), st.integers(1, 500), st.integers(1, 400))
def test_any_packed_body_comes_out_as_it_was(data: bytes, size: int, repeat: int) -> None:
    assert b"".join(unpack(gzip.compress(data * repeat), "gzip", size)) == data * repeat
    assert b"".join(unpack(zlib.compress(data * repeat), "deflate", size)) == data * repeat


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=200), st.integers(1, 30))
def test_any_cut_of_a_packed_body_is_known_to_be_cut(data: bytes, cut: int) -> None:
    packed = gzip.compress(data)
    with pytest.raises(StreamBroken):
        unpack(packed[: max(1, len(packed) - cut)])


def test_a_body_that_unpacks_to_a_thousand_times_its_size_comes_in_small_pieces() -> None:
    pieces = unpack(gzip.compress(bytes(10_000_000), 1))

    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= 65_536


def test_closing_a_packed_answer_closes_what_it_is_packed_in() -> None:
    async def work() -> None:
        packed = Packed([b"x"], "gzip")
        await (await coding.opened(packed)).aclose()
        assert packed.is_closed

    asyncio.run(work())


def test_an_empty_body_needs_no_unpacking() -> None:
    assert unpack(b"") == []
