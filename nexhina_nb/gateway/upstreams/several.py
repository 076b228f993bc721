"""One call that holds several prompts, for an upstream that takes them one at a time.

The prompts are asked in their order, and their answers joined to one: choice i of prompt p gets the
index p · n + i (contract 2.4), and the counts are added.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from nexhina_nb.errors import Upstream
from nexhina_nb.gateway.upstreams.base import Answer, Call, read
from nexhina_nb.wire.faults import read_fault
from nexhina_nb.wire.sse import DONE, Decoder, Event, encode

Payload = dict[str, Any]
Send = Callable[[Call], Awaitable[Answer]]


async def send_each(call: Call, bodies: Sequence[Payload], send: Send) -> Answer:
    """The joined answer; an error status of the first prompt is the answer to all."""
    first = await send(replace(call, body=bodies[0]))
    return first if first.status >= 400 else _Joined(first, call, bodies[1:], send)


class _Joined:
    """The answers of several prompts as one; each prompt but the first is asked in its turn."""

    status = 200

    def __init__(self, first: Answer, call: Call, bodies: Sequence[Payload], send: Send) -> None:
        self._now = first
        self._call = call
        self._bodies = bodies
        self._send = send
        self._usage: Payload = {}
        self.headers: Mapping[str, str] = first.headers

    def chunks(self) -> AsyncIterator[bytes]:
        is_stream = self._call.stream and "json" not in self.headers.get("content-type", "")
        return self._stream() if is_stream else self._whole()

    async def aclose(self) -> None:
        self._bodies = ()
        await self._now.aclose()

    async def _whole(self) -> AsyncIterator[bytes]:
        joined: Payload = {}
        async for place, answer in self._answers():
            reply = _object(await read(answer))
            choices = [*joined.get("choices", ()), *self._placed(reply, place)]
            joined = {**reply, **joined, "choices": choices}
        yield orjson.dumps(joined | ({"usage": self._usage} if self._usage else {}))

    async def _stream(self) -> AsyncIterator[bytes]:
        head: Payload = {}
        async for place, answer in self._answers():
            is_over = False
            async for event in _events(answer):
                if is_over := event.done:
                    break
                chunk = _object(event.data)
                if chunk.get("error"):
                    yield encode(event.data)
                    return
                head = {"id": chunk.get("id"), **head}
                if choices := list(self._placed(chunk, place)):
                    yield encode(orjson.dumps({**chunk, **head, "choices": choices}))
            if not is_over:
                return  # it broke off, and so does what is made of it
        if self._usage:
            told = {"object": "text_completion", **head, "choices": [], "usage": self._usage}
            yield encode(orjson.dumps(told))
        yield DONE

    async def _answers(self) -> AsyncIterator[tuple[int, Answer]]:
        yield 0, self._now
        for place, body in enumerate(self._bodies, 1):
            await self._now.aclose()
            self._now = await self._send(replace(self._call, body=body))
            if self._now.status >= 400:
                fault = read_fault(await read(self._now))
                raise Upstream(f"prompt {place}: {fault.message}", code=fault.code)
            yield place, self._now

    def _placed(self, reply: Payload, place: int) -> Iterator[Payload]:
        """The choices of a reply under their new indexes; its counts are added up."""
        if isinstance(usage := reply.get("usage"), dict):
            self._usage = _sum(self._usage, usage)
        start = place * (self._call.body.get("n") or 1)
        for choice in reply.get("choices") or ():
            yield choice | {"index": start + (choice.get("index") or 0)}


async def _events(answer: Answer) -> AsyncIterator[Event]:
    decoder = Decoder()
    async for data in answer.chunks():
        for event in decoder.feed(data):
            if isinstance(event, Event):
                yield event


def _object(content: bytes | str) -> Payload:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Upstream("the upstream's answer is not JSON", code="bad_response_body")
    return value


def _sum(one: Mapping[str, Any], other: Mapping[str, Any]) -> Payload:
    """Two usage objects, added number by number."""
    total = {**one}
    for name, value in other.items():
        before = one.get(name)
        if isinstance(value, Mapping):
            total[name] = _sum(before if isinstance(before, Mapping) else {}, value)
        elif isinstance(value, int):
            total[name] = value + (before if isinstance(before, int) else 0)
        else:
            total.setdefault(name, value)
    return total
