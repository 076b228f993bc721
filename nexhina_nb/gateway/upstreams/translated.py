"""An upstream that is asked in the caller's dialect, and in chat where it does not know that one.

Which paths a server knows it says itself, once: with 404, 405 or 501 for the path (not for the
model). What it does not know is remembered for as long as the gateway runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import orjson

from nexhina_nb.errors import Upstream
from nexhina_nb.gateway import dialects
from nexhina_nb.gateway.dialects.base import Dialect, Several, Translator
from nexhina_nb.gateway.taps.base import data_of, payload_of
from nexhina_nb.gateway.taps.chat import ChatTap, as_stream
from nexhina_nb.gateway.upstreams.base import Answer, Call, UpstreamPort, Whole, read
from nexhina_nb.gateway.upstreams.served import EVENTS
from nexhina_nb.gateway.upstreams.several import send_each
from nexhina_nb.wire.faults import read_fault
from nexhina_nb.wire.sse import encode

CHAT = "/chat/completions"
_UNKNOWN_PATH = frozenset({404, 405, 501})


class Translated:
    """Wraps an upstream. ``only_chat``: it is known to speak nothing but chat."""

    def __init__(self, upstream: UpstreamPort, *, only_chat: bool = False) -> None:
        self._upstream = upstream
        self._only_chat = only_chat
        self._unknown: set[str] = set()

    async def send(self, call: Call) -> Answer:
        """Send the call as it is, or what it amounts to in chat."""
        dialect = dialects.of(call.path)
        if dialect is None or call.method != "POST":
            return await self._upstream.send(call)
        if not self._only_chat and call.path not in self._unknown:
            answer = await self._upstream.send(call)
            if answer.status not in _UNKNOWN_PATH:
                return answer
            refused = await _Kept.of(answer)
            # A server without its earlier response may say no more than 404.
            if call.body.get("previous_response_id") or not refused.is_about_the_path:
                return refused
            self._unknown.add(call.path)
        if isinstance(dialect, Several) and len(bodies := dialect.parts(call.body)) > 1:
            return await send_each(call, bodies, self.send)
        body = dialect.request(call.body)
        if call.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        answer = await self._upstream.send(replace(call, path=CHAT, body=body))
        return answer if answer.status >= 400 else _Translation(answer, dialect, call)

    def retire(self) -> None:
        """Keep nothing open between calls from now on."""
        self._upstream.retire()

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._upstream.aclose()


class _Kept(Whole):
    """An answer that has been read to see what it says."""

    @classmethod
    async def of(cls, answer: Answer) -> _Kept:
        try:
            return cls(answer.status, answer.headers, await read(answer))
        finally:
            await answer.aclose()

    @property
    def is_about_the_path(self) -> bool:
        """Whether the path is unknown there, and not the model, or an earlier response."""
        body = _parsed(self.content)
        if isinstance(body, dict) and body.get("type") == "error":
            return False  # who refuses in Anthropic's words has understood them
        fault = read_fault(body)
        return fault.code not in ("model_not_found", "previous_response_not_found") and (
            fault.param in (None, "", "path")
        )


class _Translation:
    """A chat's answer in the words of a dialect."""

    def __init__(self, answer: Answer, dialect: Dialect, call: Call) -> None:
        self._answer = answer
        self._dialect = dialect
        self._call = call
        self.status = answer.status
        self._is_whole = "json" in answer.headers.get("content-type", "")
        self._body: Callable[[], AsyncIterator[bytes]] = (
            self._frames if call.stream else self._whole
        )
        self.headers: Mapping[str, str] = {
            name: value for name, value in answer.headers.items() if name != "content-length"
        } | ({"content-type": EVENTS} if call.stream else {})

    def chunks(self) -> AsyncIterator[bytes]:
        return self._body()

    async def aclose(self) -> None:
        await self._answer.aclose()

    async def _whole(self) -> AsyncIterator[bytes]:
        content = await read(self._answer)
        chat = _parsed(content)
        # What is no reply is passed on: whoever reads it next says what is wrong with it.
        if isinstance(chat, dict) and not chat.get("error"):
            reply = self._dialect.reply(chat, self._call.body, self._call.request_id)
            content = orjson.dumps(reply)
        yield content

    async def _frames(self) -> AsyncIterator[bytes]:
        translator = self._dialect.translator(self._call.body, self._call.request_id)
        # It knows when a chat is complete, also where the server leaves out the end marker.
        tap = ChatTap(self._call.body["model"], wants_usage=True)
        async for data in self._stream():
            for frame in _said(tap.feed(data), translator):
                yield frame
        for frame in _said(tap.finish(), translator):
            yield frame
        # A chat that broke off has no end, and then neither has what is made of it.
        for frame in translator.end() if tap.complete and not tap.failed else ():
            yield frame

    async def _stream(self) -> AsyncIterator[bytes]:
        """The chat's stream; of a server that cannot stream, the one that its reply amounts to."""
        if not self._is_whole:
            async for data in self._answer.chunks():
                yield data
            return
        chat = _parsed(await read(self._answer))
        if not isinstance(chat, dict):
            raise Upstream("the upstream's answer is not JSON", code="bad_response_body")
        yield encode(orjson.dumps(chat)) if chat.get("error") else as_stream(chat)


def _said(frames: Iterable[bytes], translator: Translator) -> Iterator[bytes]:
    for frame in frames:
        if (chunk := payload_of(data_of(frame))) is not None:
            yield from translator.feed(chunk)


def _parsed(content: bytes | str) -> object:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
