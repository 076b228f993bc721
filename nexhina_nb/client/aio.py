"""The client for those who ``await``: the same names as `sync`, the same flows of `core`, on an
asyncio loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from typing import Any, Concatenate, ParamSpec, Self, TypeAlias, TypeVar

from nexhina_nb.client import core
from nexhina_nb.client.aio_jobs import AsyncVideoJob
from nexhina_nb.client.aio_streams import (
    AsyncChatStream,
    AsyncImageStream,
    AsyncRespondStream,
    AsyncSpeechStream,
    AsyncStream,
    AsyncTranscriptStream,
)
from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.films import VideoStatus
from nexhina_nb.client.intake import Intake
from nexhina_nb.client.pictures import ImageReply
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.responding import RespondReply
from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell, Streaming, like
from nexhina_nb.client.speech import SpeechReply
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.transcripts import TranscriptReply
from nexhina_nb.client.transport import SEND, for_large_answers, response
from nexhina_nb.errors import NexhinaError

__all__ = ["AsyncChatStream", "AsyncClient", "beside", "carry_out"]

P = ParamSpec("P")
T = TypeVar("T")
Awaited: TypeAlias = Coroutine[Any, Any, T]


def _verb(
    flow: Callable[Concatenate[Session, P], Flow[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    @like(flow)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(flow(self._session, *args, **kwargs))

    return method


def _streaming(flow: Callable[..., Flow[Any]], kind: type[AsyncStream[Any, Any]]) -> Any:
    @like(flow, kind.__name__)
    async def method(self: AsyncClient, /, *args: Any, **kwargs: Any) -> Any:
        result = await self._run(flow(self._session, *args, **kwargs))
        return (
            kind(result, self._transport, self._run) if isinstance(result, OpenStream) else result
        )

    return method


def _job(
    flow: Callable[Concatenate[Session, P], Flow[VideoStatus]],
) -> Callable[Concatenate[AsyncClient, P], Awaited[AsyncVideoJob]]:
    @like(flow, AsyncVideoJob.__name__)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncVideoJob:
        status = await self._run(flow(self._session, *args, **kwargs))
        return AsyncVideoJob(status, self._session, self._transport, self._run)

    return method


async def _body_of(answer: Any) -> bytes:
    body: bytes = await answer.aread()
    return body


class AsyncClient(Shell):
    """`Client` for asyncio: the same arguments, the same verbs with ``await``, and ``async with``
    to close it.

    ``http_client`` may be an `httpx2.AsyncClient` or `httpx.AsyncClient`.
    """

    kind = "AsyncClient"
    _whole: Callable[[Any], Awaitable[bytes]] = staticmethod(_body_of)

    chat: Streaming[Awaited[ChatReply], Awaited[AsyncChatStream]] = _streaming(
        core.chat, AsyncChatStream
    )
    respond: Streaming[Awaited[RespondReply], Awaited[AsyncRespondStream]] = _streaming(
        core.respond, AsyncRespondStream
    )
    response: Streaming[Awaited[RespondReply], Awaited[AsyncRespondStream]] = _streaming(
        core.response, AsyncRespondStream
    )
    cancel_response = _verb(core.cancel_response)
    delete_response = _verb(core.delete_response)
    input_items = _verb(core.input_items)
    embed = _verb(core.embed)
    rerank = _verb(core.rerank)
    moderate = _verb(core.moderate)
    image: Streaming[Awaited[ImageReply], Awaited[AsyncImageStream]] = _streaming(
        core.image, AsyncImageStream
    )
    speak: Streaming[Awaited[SpeechReply], Awaited[AsyncSpeechStream]] = _streaming(
        core.speak, AsyncSpeechStream
    )
    transcribe: Streaming[Awaited[TranscriptReply], Awaited[AsyncTranscriptStream]] = _streaming(
        core.transcribe, AsyncTranscriptStream
    )
    translate = _verb(core.translate)
    video = _job(core.video)
    video_job = _job(core.video_job)
    models = _verb(core.models)
    usage = _verb(core.usage)
    logs = _verb(core.logs)
    spending = _verb(core.spending)
    redeem = _verb(core.redeem)

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
        with closing(flow):  # also one that is cancelled, for the budgets in it
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
        answer = None
        try:
            self._keep_to(asyncio.get_running_loop())
            answer = await self._transport.http.send(self._build(step), **SEND)
            if step.stream and answer.is_success:
                return response(answer, source=answer)
            try:
                return response(answer, await self._whole(answer))
            finally:
                await answer.aclose()
        except NexhinaError as error:
            return Failure(error, sent=False, hopeless=True)
        except self._transport.errors as error:
            return self._transport.failure(error, step, answered=answer is not None)


def beside(client: Shell, session: Session) -> AsyncClient:
    """A client with connections of its own and the time limits of another: for another loop, or
    for a session with other patience. It is for many large answers at once.
    """
    made = AsyncClient.__new__(AsyncClient)
    made._session = session
    made._transport = for_large_answers(session, client._transport.timeout)
    made._whole = Intake().whole
    return made


async def carry_out(client: AsyncClient, flow: Flow[T]) -> T:
    """Run a flow that is no verb of the client, on its connections."""
    return await client._run(flow)
