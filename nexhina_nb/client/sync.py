"""The client for notebooks and scripts: carries out what the flows of `core` ask for, one step
after the other.

It is plain blocking code, so it works in a cell although the kernel's own loop is running, and in
threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Literal, ParamSpec, Self, TypeVar, overload

from nexhina_nb.client import core
from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.messages import Prompt
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell, StreamShell, like
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.transport import SEND, hang_up, response

P = ParamSpec("P")
T = TypeVar("T")


def _verb(flow: Callable[Concatenate[Session, P], Flow[T]]) -> Callable[Concatenate[Client, P], T]:
    @like(flow)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(flow(self._session, *args, **kwargs))

    return method


class ChatStream(StreamShell):
    """An answer as it comes: iterate over its pieces of text. Leaving its ``with`` block closes the
    connection.
    """

    def read(self) -> ChatReply:
        """Read to the end; the whole reply."""
        for _ in self:
            pass
        return self.reply

    def close(self) -> None:
        """Close the connection at once, from any thread; the gateway stops, and iteration ends."""
        self._closed = True
        if self._reader in (None, threading.get_ident()):
            self._source.close()
        else:
            hang_up(self._source)

    def __iter__(self) -> Iterator[str]:
        if self._pieces is None:
            self._pieces = self._read()
        return self._pieces

    _pieces: Iterator[str] | None = None
    _reader: int | None = None

    def __next__(self) -> str:
        return next(iter(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _read(self) -> Iterator[str]:
        self._reader = threading.get_ident()
        try:
            for data in self._source.iter_bytes():
                yield from self._state.feed(data)
                if self._state.done:
                    break
            if not self._closed:
                yield from self._state.end()
        except self._transport.errors as error:
            if not self._closed:
                raise self._state.broken(self._transport.reason(error)) from None
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        finally:
            self._source.close()


class Client(Shell):
    """Talks to one gateway. Use it as a context manager or `close` it; threads may share it.

    Address and key come from the arguments, else from the settings (``NEXHINA_BASE_URL``,
    ``NEXHINA_API_KEY``, ``nexhina.toml``), else, for the key, from the keyring, else from the
    gateway that runs on this machine. A base URL that is a bare host gets ``/v1``. ``timeout`` is
    the longest wait for the next bytes, in seconds; ``http_client`` may be an `httpx2.Client` or
    `httpx.Client`, which stays the caller's to close. ``tags`` go with every call.

    Raises GatewayNotRunning if there is nothing to talk to.
    """

    kind = "Client"

    embed = _verb(core.embed)
    rerank = _verb(core.rerank)
    models = _verb(core.models)
    usage = _verb(core.usage)
    logs = _verb(core.logs)
    spending = _verb(core.spending)

    @overload
    def chat(self, prompt: Prompt, *, stream: Literal[True], **options: Any) -> ChatStream: ...
    @overload
    def chat(
        self, prompt: Prompt, *, stream: Literal[False] = ..., **options: Any
    ) -> ChatReply: ...
    @overload
    def chat(self, prompt: Prompt, *, stream: bool, **options: Any) -> ChatReply | ChatStream: ...
    @like(core.chat)
    def chat(self, prompt: Prompt, **options: Any) -> ChatReply | ChatStream:
        result = self._run(core.chat(self._session, prompt, **options))
        return ChatStream(result, self._transport) if isinstance(result, OpenStream) else result

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
        except self._transport.errors as error:
            return self._transport.failure(error, step, answered=answer is not None)
