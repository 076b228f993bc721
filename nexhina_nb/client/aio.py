"""The client for those who ``await``: the same names as `sync`, the same flows of `core`, on an
asyncio loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any, Concatenate, Literal, ParamSpec, Self, TypeVar, overload

from nexhina_nb.client import core
from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.messages import Prompt
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell, StreamShell, like
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.transport import SEND, response, transport

P = ParamSpec("P")
T = TypeVar("T")


def _verb(
    flow: Callable[Concatenate[Session, P], Flow[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    @like(flow)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(flow(self._session, *args, **kwargs))

    return method


class AsyncChatStream(StreamShell):
    """An answer as it comes: ``async for`` gives its pieces of text. Leaving its ``async with``
    closes the connection.
    """

    async def read(self) -> ChatReply:
        """Read to the end; the whole reply."""
        async for _ in self:
            pass
        return self.reply

    async def close(self) -> None:
        """Close the connection at once; the gateway stops, and iteration ends."""
        self._closed = True
        await self._source.aclose()

    def __aiter__(self) -> AsyncIterator[str]:
        if self._pieces is None:
            self._pieces = self._read()
        return self._pieces

    _pieces: AsyncIterator[str] | None = None

    async def __anext__(self) -> str:
        return await anext(aiter(self))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def _read(self) -> AsyncIterator[str]:
        try:
            async for data in self._source.aiter_bytes():
                for piece in self._state.feed(data):
                    yield piece
                if self._state.done:
                    break
            if not self._closed:
                for piece in self._state.end():
                    yield piece
        except self._transport.errors as error:
            if not self._closed:
                raise self._state.broken(self._transport.reason(error)) from None
        finally:
            await self._source.aclose()


class AsyncClient(Shell):
    """`Client` for asyncio: the same arguments, the same verbs with ``await``, and ``async with``
    to close it.

    ``http_client`` may be an `httpx2.AsyncClient` or `httpx.AsyncClient`.
    """

    kind = "AsyncClient"

    embed = _verb(core.embed)
    rerank = _verb(core.rerank)
    models = _verb(core.models)
    usage = _verb(core.usage)
    logs = _verb(core.logs)
    spending = _verb(core.spending)

    @overload
    async def chat(
        self, prompt: Prompt, *, stream: Literal[True], **options: Any
    ) -> AsyncChatStream: ...
    @overload
    async def chat(
        self, prompt: Prompt, *, stream: Literal[False] = ..., **options: Any
    ) -> ChatReply: ...
    @overload
    async def chat(
        self, prompt: Prompt, *, stream: bool, **options: Any
    ) -> ChatReply | AsyncChatStream: ...
    @like(core.chat, "AsyncChatStream")
    async def chat(self, prompt: Prompt, **options: Any) -> ChatReply | AsyncChatStream:
        result = await self._run(core.chat(self._session, prompt, **options))
        return (
            AsyncChatStream(result, self._transport) if isinstance(result, OpenStream) else result
        )

    async def close(self) -> None:
        """Close the connections, unless they belong to the caller's own ``http_client``."""
        if self._transport.owned:
            await self._transport.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        outcome: Response | Failure | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            outcome = await self._perform(step)

    async def _perform(self, step: Request | Sleep) -> Response | Failure | None:
        if isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            return None
        self._keep_to(asyncio.get_running_loop())
        answer = None
        try:
            answer = await self._transport.http.send(self._build(step), **SEND)
            if step.stream and answer.is_success:
                return response(answer, source=answer)
            try:
                return response(answer, await answer.aread())
            finally:
                await answer.aclose()
        except self._transport.errors as error:
            return self._transport.failure(error, step, answered=answer is not None)


def beside(client: Shell, session: Session) -> AsyncClient:
    """A client with connections of its own and the time limits of another: for another loop, or
    for a session with other patience.
    """
    made = AsyncClient.__new__(AsyncClient)
    fresh = transport(AsyncClient.kind, session, None, None)
    made._session, made._transport = session, replace(fresh, timeout=client._transport.timeout)
    return made


async def carry_out(client: AsyncClient, flow: Flow[T]) -> T:
    """Run a flow that is no verb of the client, on its connections."""
    return await client._run(flow)
