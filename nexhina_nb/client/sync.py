"""The client for notebooks and scripts: carries out what the flows of `core` ask for, one step
after the other.

It is plain blocking code, so it works in a cell although the kernel's own loop is running, and in
threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from nexhina_nb.client import core
from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.films import VideoStatus
from nexhina_nb.client.pictures import ImageReply
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.responding import RespondReply
from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell, Streaming, like
from nexhina_nb.client.speech import SpeechReply
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.sync_jobs import VideoJob
from nexhina_nb.client.sync_streams import (
    ChatStream,
    ImageStream,
    RespondStream,
    SpeechStream,
    Stream,
    TranscriptStream,
)
from nexhina_nb.client.transcripts import TranscriptReply
from nexhina_nb.client.transport import SEND, response
from nexhina_nb.errors import NexhinaError

__all__ = ["ChatStream", "Client"]

P = ParamSpec("P")
T = TypeVar("T")


def _verb(flow: Callable[Concatenate[Session, P], Flow[T]]) -> Callable[Concatenate[Client, P], T]:
    @like(flow)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(flow(self._session, *args, **kwargs))

    return method


def _streaming(flow: Callable[..., Flow[Any]], kind: type[Stream[Any, Any]]) -> Any:
    @like(flow, kind.__name__)
    def method(self: Client, /, *args: Any, **kwargs: Any) -> Any:
        result = self._run(flow(self._session, *args, **kwargs))
        return (
            kind(result, self._transport, self._run) if isinstance(result, OpenStream) else result
        )

    return method


def _job(
    flow: Callable[Concatenate[Session, P], Flow[VideoStatus]],
) -> Callable[Concatenate[Client, P], VideoJob]:
    @like(flow, VideoJob.__name__)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> VideoJob:
        status = self._run(flow(self._session, *args, **kwargs))
        return VideoJob(status, self._session, self._transport, self._run)

    return method


class Client(Shell):
    """Talks to one gateway. Use it as a context manager or `close` it; threads may share it.

    Address and key come from the arguments, else from the settings (``NEXHINA_BASE_URL``,
    ``NEXHINA_API_KEY``, ``nexhina.toml``), else, for the key, from the keyring, else from the
    gateway that runs on this machine. A base URL that is a bare host gets ``/v1``. ``timeout`` is
    the longest wait for the next bytes, in seconds; ``http_client`` may be an `httpx2.Client` or
    `httpx.Client`, which stays the caller's to close. ``tags`` go with every call; to a
    trusted gateway (`is_trusted`) a call made in a notebook also tells which notebook and cell.

    Raises GatewayNotRunning if there is nothing to talk to.
    """

    kind = "Client"

    chat: Streaming[ChatReply, ChatStream] = _streaming(core.chat, ChatStream)
    respond: Streaming[RespondReply, RespondStream] = _streaming(core.respond, RespondStream)
    response: Streaming[RespondReply, RespondStream] = _streaming(core.response, RespondStream)
    cancel_response = _verb(core.cancel_response)
    delete_response = _verb(core.delete_response)
    input_items = _verb(core.input_items)
    embed = _verb(core.embed)
    rerank = _verb(core.rerank)
    moderate = _verb(core.moderate)
    image: Streaming[ImageReply, ImageStream] = _streaming(core.image, ImageStream)
    speak: Streaming[SpeechReply, SpeechStream] = _streaming(core.speak, SpeechStream)
    transcribe: Streaming[TranscriptReply, TranscriptStream] = _streaming(
        core.transcribe, TranscriptStream
    )
    translate = _verb(core.translate)
    video = _job(core.video)
    video_job = _job(core.video_job)
    models = _verb(core.models)
    usage = _verb(core.usage)
    logs = _verb(core.logs)
    spending = _verb(core.spending)
    redeem = _verb(core.redeem)

    def close(self) -> None:
        """Close the connections, unless they belong to the caller's own ``http_client``."""
        if self._transport.owned:
            self._transport.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        outcome: Response | Failure | None = None
        with closing(flow):  # also one that is interrupted, for the budgets in it
            while True:
                try:
                    step = flow.send(outcome)
                except StopIteration as end:
                    result: T = end.value
                    return result
                try:
                    outcome = self._perform(step)
                except KeyboardInterrupt:
                    # By now the connection is closed. A fresh one leaves the frames of the HTTP
                    # library, and the headers in their variables, out of what a notebook shows.
                    raise KeyboardInterrupt from None

    def _perform(self, step: Request | Sleep) -> Response | Failure | None:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        answer = None
        try:
            answer = self._transport.http.send(self._build(step), **SEND)
            if step.stream and answer.is_success:
                return response(answer, source=answer)
            try:
                return response(answer, answer.read())
            finally:
                answer.close()
        except NexhinaError as error:
            return Failure(error, sent=False, hopeless=True)
        except self._transport.errors as error:
            return self._transport.failure(error, step, answered=answer is not None)
