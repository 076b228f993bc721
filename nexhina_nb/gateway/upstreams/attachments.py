"""Brings what a request only links to, so that the built-in engines need no network.

Links are fetched on behalf of the caller: `guard` says where that may lead, and size, time, kind
and the number of redirects are bounded. What goes wrong is a BadRequest that tells the caller
nothing about the network that this gateway stands in.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.upstreams.guard import resolve

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 20 * 2**20
MOST_SECONDS = 10.0
MOST_REDIRECTS = 3
MOST_LINKS = 16  # in one request, so that a call cannot make the gateway call hundreds of servers
_LONGEST_LINK = 8_192
_LAST_PORT = 65_535
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_IMAGES = ("image/",)
_HINT = "send a link that anybody can open, or the content itself as a data URI"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download must keep to; ``kinds`` are beginnings of the allowed media types."""

    most_bytes: int = MOST_BYTES
    most_seconds: float = MOST_SECONDS
    kinds: tuple[str, ...] = _IMAGES
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What a link led to."""

    kind: str
    data: bytes

    def as_data_uri(self) -> str:
        """The content in the form that a request can carry."""
        return f"data:{self.kind};base64,{base64.b64encode(self.data).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class _Link:
    """A part of a message that only links to its picture; ``param`` is how errors call it."""

    message: int
    part: Mapping[str, Any]
    url: str
    param: str


def bring(body: Mapping[str, Any], *, allow_private: bool = False) -> dict[str, Any]:
    """A chat request with the pictures in place of the links to them; the rest is untouched.

    To be called from a worker thread. Raises BadRequest (code invalid_image_url) with the place of
    the link as ``param``.
    """
    messages = list(body.get("messages") or ())
    links = list(_links(messages))
    places = {link.url: link.param for link in reversed(links)}
    if not links:
        return dict(body)
    if len(places) > MOST_LINKS:
        raise _refusal(f"more than {MOST_LINKS} pictures are linked", links[-1].param)
    found = asyncio.run(_download_all(places, Limits(allow_private=allow_private)))
    for link in links:
        message = messages[link.message]
        content = [
            _with_url(part, found[link.url]) if part is link.part else part
            for part in message["content"]
        ]
        messages[link.message] = {**message, "content": content}
    return {**body, "messages": messages}


def fetch(
    url: str,
    *,
    allow_private: bool = False,
    most_bytes: int = MOST_BYTES,
    kinds: tuple[str, ...] = _IMAGES,
    param: str | None = None,
) -> bytes:
    """The bytes behind an http(s) link or inside a data URI; to be called from a worker thread.

    Raises BadRequest (code invalid_image_url) with ``param``.
    """
    limits = Limits(most_bytes, kinds=kinds, allow_private=allow_private)
    if url[:5].lower() == "data:":
        return _decoded(url, limits, param).data
    return asyncio.run(download(url, limits, param)).data


async def _download_all(places: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """The data URI of each link."""
    found = await asyncio.gather(*(download(url, limits, at) for url, at in places.items()))
    return {url: one.as_data_uri() for url, one in zip(places, found, strict=True)}


async def download(url: str, limits: Limits, param: str | None = None) -> Content:
    """What an http(s) link leads to. Raises BadRequest (code invalid_image_url) with ``param``."""
    import httpx2  # noqa: PLC0415 - a fifth of a second that a gateway without links saves

    try:
        async with (
            asyncio.timeout(limits.most_seconds),
            # No proxy of the environment: it would resolve the name again, and unguarded.
            httpx2.AsyncClient(trust_env=False, timeout=limits.most_seconds) as client,
        ):
            return await _followed(client, url, limits)
    except TimeoutError as error:
        raise _refusal(f"it took longer than {limits.most_seconds:g} seconds", param) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        raise _refusal("the server could not be reached", param) from error
    except BadRequest as error:
        raise _refusal(error.message, param) from error


async def _followed(client: httpx2.AsyncClient, url: str, limits: Limits) -> Content:
    for _ in range(MOST_REDIRECTS + 1):
        request = await _guarded(client, url, limits.allow_private)
        response = await client.send(request, stream=True)
        try:
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return await _read(response, limits)
            url = urljoin(url, response.headers["location"])
        finally:
            await response.aclose()
    raise BadRequest(f"it redirects more than {MOST_REDIRECTS} times")


async def _guarded(client: httpx2.AsyncClient, url: str, allow_private: bool) -> httpx2.Request:
    """The request for a link, bound to the address that was judged.

    Host header and the name in the TLS handshake stay those of the link, so certificates are
    checked against the name.
    """
    if len(url) > _LONGEST_LINK or not url.lower().startswith(("http://", "https://")):
        raise BadRequest("it is no http or https link")
    request = client.build_request("GET", url, headers=_HEADERS)
    host = request.url.raw_host.decode("ascii")
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    if port > _LAST_PORT:
        raise BadRequest("it names a port that cannot be")
    address = await resolve(host, port, allow_private=allow_private)
    # The Host header is in the request already: a change of its URL does not touch it.
    request.url = request.url.copy_with(host=address)
    request.extensions = {**request.extensions, "sni_hostname": host}
    return request


async def _read(response: httpx2.Response, limits: Limits) -> Content:
    if response.status_code != 200:
        raise BadRequest("the server does not give it out")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith(limits.kinds):
        raise BadRequest(f"the server does not send it as {_named(limits.kinds)}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise BadRequest("the server sends it compressed, although it was asked not to")
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > limits.most_bytes:
            raise BadRequest(f"it has more than {limits.most_bytes:,} bytes")
    return Content(kind, bytes(data))


def _decoded(url: str, limits: Limits, param: str | None) -> Content:
    head, comma, text = url.partition(",")
    kind, *options = (part.strip().lower() for part in head[5:].split(";"))
    if not comma or options[-1:] != ["base64"]:
        raise _refusal("it is no data URI with base64", param)
    if not kind.startswith(limits.kinds):
        raise _refusal(f"its data URI is not {_named(limits.kinds)}", param)
    if len(text) * 3 // 4 > limits.most_bytes + 2:
        raise _refusal(f"it has more than {limits.most_bytes:,} bytes", param)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refusal("its base64 is broken", param) from error
    if not data:
        raise _refusal("it is empty", param)
    return Content(kind, data)


def _links(messages: list[Any]) -> Iterator[_Link]:
    for place, message in enumerate(messages):
        content = message.get("content") if isinstance(message, Mapping) else None
        for at, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, Mapping) and part.get("type") == "image_url":
                image = part.get("image_url")
                url = image.get("url") if isinstance(image, Mapping) else image
                if isinstance(url, str) and url[:5].lower() != "data:":
                    yield _Link(place, part, url, f"messages.{place}.content.{at}.image_url")


def _with_url(part: Mapping[str, Any], url: str) -> dict[str, Any]:
    image = part["image_url"]
    return {**part, "image_url": {**image, "url": url} if isinstance(image, Mapping) else url}


def _refusal(reason: str, param: str | None) -> BadRequest:
    return BadRequest(
        f"'{param or 'url'}' cannot be used: {reason}",
        code="invalid_image_url",
        param=param,
        hint=_HINT,
    )


def _named(kinds: tuple[str, ...]) -> str:
    return " or ".join(f"{kind}*" for kind in kinds)


_HEADERS = {
    "accept": "image/*, */*;q=0.1",
    "accept-encoding": "identity",
    "user-agent": "nexhina_nb",
}
