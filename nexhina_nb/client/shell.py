"""What the two shells have in common: how a client is made and shown, and what a stream tells about
itself.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar, overload

from nexhina_nb.client.exchange import Flow, Request
from nexhina_nb.client.session import open_session
from nexhina_nb.client.streams import OpenStream, Piece, Result
from nexhina_nb.client.transport import Transport, transport
from nexhina_nb.errors import BadInput, ConnectionFailed, NexhinaError, StreamBroken
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
Whole = TypeVar("Whole", covariant=True)
Opened = TypeVar("Opened", covariant=True)


class Shell:
    """A client without its verbs: where it talks to, and by what."""

    kind: ClassVar[str]
    _loop: object = None

    def __init__(
        self,
        base_url: str | None = None,
        api_key: Secret | str | None = None,
        *,
        settings: Settings | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        http_client: Any = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._session = open_session(base_url, api_key, settings, max_retries, tags)
        self._transport = transport(self.kind, self._session, http_client, timeout)

    @property
    def base_url(self) -> str:
        """The address of the gateway."""
        return self._session.target.base_url

    @property
    def is_local(self) -> bool:
        """Whether this is the gateway that runs on this machine, wherever it listens now."""
        return self._session.target.discovered

    @property
    def is_trusted(self) -> bool:
        """Whether its calls tell the gateway which notebook and cell they come from: that of this
        machine, and those of the setting ``trusted_gateways``.
        """
        return self._session.is_trusted

    @property
    def key(self) -> Secret:
        """The key that goes with every call."""
        return self._session.target.key

    @property
    def settings(self) -> Settings:
        """The settings that hold for this client."""
        return self._session.settings

    @property
    def tags(self) -> Mapping[str, str]:
        """What goes with every call, for the gateway's log."""
        return self._session.tags

    def with_tags(self, /, **tags: str) -> Self:
        """A client with more tags on its calls; it shares the connections of this one and need not
        be closed.
        """
        other = copy.copy(self)
        other._session = self._session.tagged(tags)
        other._transport = self._transport.borrowed()
        return other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session!r}>"

    def _keep_to(self, loop: object) -> None:
        # Connections kept open from a loop that has ended fail in ways that nobody understands.
        if self._loop not in (None, loop):
            raise BadInput(
                "this client belongs to another event loop",
                hint="make an AsyncClient inside each asyncio.run",
            )
        self._loop = loop

    def _build(self, request: Request) -> Any:
        if self._transport.http.is_closed:
            raise ConnectionFailed("this client is closed", hint="make a new one")
        return self._transport.build(request, self._session.call_tags())


class StreamShell(Generic[Piece, Result]):
    """A stream without its loop: what has come, and the reply at the end."""

    def __init__(
        self, opened: OpenStream[Piece, Result], transport: Transport, run: Callable[[Any], Any]
    ) -> None:
        self._state, self._source, self._transport = opened.state, opened.source, transport
        self._run = run
        self._closed = False

    @property
    def text(self) -> str:
        """The text (of the first choice) so far, whatever happens."""
        return self._state.text

    @property
    def reply(self) -> Result:
        """The whole reply, once the stream has come to its end; NexhinaError before."""
        return self._state.reply

    @property
    def request_id(self) -> str | None:
        """The id under which the gateway logged the call."""
        return self._state.request_id

    def _torn(self, error: Exception) -> StreamBroken | None:
        """The error for a connection that broke; None if nothing more was needed of it."""
        if self._closed:
            return None
        reason = self._transport.reason(error)
        return None if self._state.finished else self._state.broken(reason)

    def _rest(self, error: NexhinaError) -> Flow[Any]:
        """How to get the rest of a broken answer; raises the error if there is no way."""
        flow = None if self._closed else self._state.again(error)
        if flow is None:
            raise error
        return flow

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self.text)} characters so far>"


class Streaming(Protocol[Whole, Opened]):
    """A verb that gives a whole answer, or with ``stream=True`` an open one."""

    @overload
    def __call__(self, *args: Any, stream: Literal[True], **options: Any) -> Opened: ...
    @overload
    def __call__(self, *args: Any, stream: Literal[False] = ..., **options: Any) -> Whole: ...
    @overload
    def __call__(self, *args: Any, stream: bool, **options: Any) -> Whole | Opened: ...


def like(flow: Callable[..., Any], shown_as: str = "") -> Callable[[F], F]:
    """Gives a method the name, docstring and signature of a flow: Shift-Tab shows it as if it were
    written out.

    The flow's first parameter, the session, becomes ``self``, ``Flow[T]`` becomes ``T``, and an
    open stream the shell's own, which is ``shown_as``.
    """

    def decorate(method: F) -> F:
        signature = inspect.signature(flow)
        _, *rest = signature.parameters.values()
        first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        result = str(signature.return_annotation).removeprefix("Flow[").removesuffix("]")
        result = re.sub(r"OpenStream\[.*\]|VideoStatus", shown_as, result)
        shown = signature.replace(parameters=[first, *rest], return_annotation=result)
        method.__name__ = method.__qualname__ = flow.__name__
        method.__doc__ = flow.__doc__
        method.__signature__ = shown  # type: ignore[attr-defined]
        return method

    return decorate
