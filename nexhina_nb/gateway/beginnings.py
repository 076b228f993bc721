"""The beginning of an answer, looked at before the caller is given any of it.

A status of 200 promises little: the body may be empty, an error, or never come. What has been read
is given back as the beginning of the same answer; the rest passes as it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from nexhina_nb.errors import NexhinaError, Upstream, UpstreamTimeout
from nexhina_nb.gateway import answers
from nexhina_nb.gateway.taps.base import data_of, payload_of
from nexhina_nb.gateway.upstreams.base import Answer, Whole, read
from nexhina_nb.wire.errors import from_body
from nexhina_nb.wire.sse import FrameSplitter

_NOTHING = (b"", b"{}", b"null")


class Begun:
    """An answer of which some pieces have been read already."""

    def __init__(self, answer: Answer, pieces: list[bytes], rest: AsyncIterator[bytes]) -> None:
        self._answer = answer
        self._pieces = pieces
        self._rest = rest
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body: what was read already, then the rest as it comes; to be iterated once."""
        for piece in self._pieces:
            yield piece
        async for piece in self._rest:
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


async def begun(answer: Answer, *, is_stream: bool, plain: str, seconds: float | None) -> Answer:
    """The answer once it is known to be one: ``plain`` says what the kind of call answers.

    An error status and a plain answer are read whole; of a stream what is up to its first event, of
    sound the first piece, for which ``seconds`` are left (None: as long as the upstream's own
    time-outs allow). Raises Upstream (``empty_response``, or what the body says is wrong),
    UpstreamTimeout or StreamBroken; the answer is closed then.
    """
    kind = answer.headers.get("content-type", "")
    is_json = "json" in kind
    try:
        if answer.status >= 400:
            return await _refused(answer)
        if "event-stream" in kind or (not is_json and (is_stream or plain == "sound")):
            async with asyncio.timeout(seconds):
                return await _first(answer, is_stream or "event-stream" in kind)
        content = await read(answer)
    except TimeoutError:
        await answer.aclose()
        raise UpstreamTimeout("the first bytes of the answer did not come in time") from None
    except BaseException:
        await answer.aclose()
        raise
    await answer.aclose()
    _check(content, is_json or plain == "json")
    return Whole(answer.status, answer.headers, content)


async def _refused(answer: Answer) -> Whole:
    try:
        content = await read(answer)
    except NexhinaError:
        content = b""  # its status tells enough
    finally:
        await answer.aclose()
    return Whole(answer.status, answer.headers, content)


async def _first(answer: Answer, has_events: bool) -> Begun:
    rest = aiter(answer.chunks())
    pieces: list[bytes] = []
    frames = FrameSplitter()
    async for piece in rest:
        pieces.append(piece)
        if (piece and not has_events) or _has_event(frames.feed(piece)):
            return Begun(answer, pieces, rest)
    if has_events and _has_event([frames.rest()]):  # only its last blank line is missing
        return Begun(answer, pieces, rest)
    raise _empty()


def _has_event(frames: list[bytes]) -> bool:
    """Whether there is an event among the frames. Raises Upstream if the first one is an error, or
    the end.
    """
    for frame in frames:
        data = data_of(frame)
        if data is None:
            continue
        if data.strip() == b"[DONE]":
            raise _empty()
        payload = payload_of(data) if b'"error"' in data else None
        if payload is not None and (payload.get("error") or payload.get("type") == "error"):
            told = from_body(Upstream.status, payload, {})
            raise Upstream(told.message, code=told.code or "bad_response", body=payload)
        return True
    return False


def _check(content: bytes, is_json: bool) -> None:
    if is_json and content.strip() in _NOTHING:
        raise _empty()
    if is_json and b'"error"' in content:
        answers.parsed(content)


def _empty() -> Upstream:
    return Upstream("the upstream's answer is empty", code="empty_response")
