"""The upstream `local`: the built-in engines, speaking the same bytes as any other upstream.

Their answers take the wire's form here, so that what reads, bills and relays an answer need not
know where it came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import orjson

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadRequest, ModelNotFound, StreamBroken
from nexhina_nb.gateway.upstreams import local_chat, local_vectors
from nexhina_nb.gateway.upstreams.base import Answer, Call
from nexhina_nb.wire.sse import DONE, encode

Payload = dict[str, Any]


class LocalUpstream:
    """Answers calls with the built-in engines. ``pace``: seconds between the pieces of a stream."""

    def __init__(self, pace: float = 0.0) -> None:
        self._pace = pace

    async def send(self, call: Call) -> Answer:
        """Compute the answer; a stream's pieces then come one by one.

        Raises ContextLengthExceeded, ModelNotFound, or BadRequest when the engine has another verb.
        """
        model = call.body["model"]
        if (engine := ENGINES.get(model)) is None:
            raise ModelNotFound(f"there is no built-in engine '{model}'", param="model")
        if call.path != _PATHS[engine.endpoint_types[0]]:
            raise BadRequest(f"the model '{model}' does not answer {call.path}", param="model")
        if call.stream:
            chunks = await asyncio.to_thread(list, local_chat.chunks(call.body, call.request_id))
            return LocalAnswer(_frames(chunks, self._pace), "text/event-stream")
        payload = await asyncio.to_thread(_SERVE[call.path], call.body, call.request_id)
        return LocalAnswer(_once(orjson.dumps(payload)), "application/json")

    async def aclose(self) -> None:
        """Nothing is kept open."""


class LocalAnswer:
    """An answer computed on this machine."""

    status = 200

    def __init__(self, body: AsyncIterator[bytes], content_type: str) -> None:
        self._body = body
        self.headers: Mapping[str, str] = {"content-type": content_type}
        self._closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises StreamBroken once closed: half is never taken for whole."""
        async for chunk in self._body:
            if self._closed:
                break
            yield chunk
        if self._closed:
            raise StreamBroken("the answer was closed before it was read")

    async def aclose(self) -> None:
        """Give no more."""
        self._closed = True


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _frames(chunks: Iterable[Payload], pace: float) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield encode(orjson.dumps(chunk))
        # Even without a pace the loop gets its turn, so that one long answer holds up nobody.
        await asyncio.sleep(pace)
    yield DONE


_PATHS = {"openai": "/chat/completions", "embeddings": "/embeddings", "jina-rerank": "/rerank"}
_SERVE: dict[str, Callable[[Mapping[str, Any], str], Payload]] = {
    "/chat/completions": local_chat.complete,
    "/embeddings": local_vectors.embed,
    "/rerank": local_vectors.rerank,
}
