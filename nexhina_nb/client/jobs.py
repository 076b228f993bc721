"""A video job without its loop: what is known of it, and how it looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nexhina_nb.client import players
from nexhina_nb.client.cost import Cost
from nexhina_nb.client.exchange import Response
from nexhina_nb.client.films import VideoStatus
from nexhina_nb.client.session import Session
from nexhina_nb.client.transport import Transport
from nexhina_nb.errors import APIError, ConnectionFailed, NexhinaError
from nexhina_nb.wire import VideoGenerationResponse

TOO_LARGE = "too large to be shown here; .save(path) keeps it"


class JobShell:
    """A video that a gateway is making; what it says of itself is what the gateway said last."""

    def __init__(
        self,
        latest: VideoStatus,
        session: Session,
        transport: Transport,
        run: Callable[[Any], Any],
    ) -> None:
        self._latest, self._session = latest, session
        self._transport, self._run = transport, run
        self._film: bytes | None = None

    @property
    def id(self) -> str:
        """By which ``client.video_job(id)`` finds it again."""
        return self._latest.id

    @property
    def status(self) -> str:
        """queued, in_progress, completed or failed."""
        return self._latest.status

    @property
    def progress(self) -> int:
        """From 0 to 100."""
        return self._latest.progress

    @property
    def done(self) -> bool:
        """Whether it is no longer being made."""
        return self._latest.done

    @property
    def error(self) -> APIError | None:
        """Why it failed; None unless it did."""
        return self._latest.error

    @property
    def model(self) -> str:
        """The model that makes it."""
        return self._latest.model

    @property
    def cost(self) -> Cost:
        """What it costs, as far as the gateway has said."""
        return self._latest.cost

    @property
    def usage(self) -> None:
        """Videos are not counted in tokens."""

    @property
    def request_id(self) -> str | None:
        """The id of the latest call about it."""
        return self._latest.request_id

    @property
    def raw(self) -> VideoGenerationResponse:
        """What the gateway said last."""
        return self._latest.raw

    @property
    def latest(self) -> VideoStatus:
        """All of that as one value."""
        return self._latest

    def _seen(self, status: VideoStatus) -> None:
        # What a call cost is told with its answer; a look at it costs nothing.
        self._latest = status.with_cost(self._latest.cost)

    def _watching(
        self, report: Callable[[VideoStatus], object] | None
    ) -> Callable[[VideoStatus], None]:
        def watch(status: VideoStatus) -> None:
            self._seen(status)
            if report is not None:
                report(self._latest)

        return watch

    def _check_made(self) -> None:
        if self.error is not None:
            raise self.error
        if not self.done:
            raise NexhinaError(f"{self._latest}", hint="wait() until it is made")

    def _broken(self, error: Exception) -> ConnectionFailed:
        return ConnectionFailed(self._transport.reason(error), hint="ask for it again")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}, {self.status}, {self.progress} %, {self.model}>"


def is_too_large(response: Response) -> bool:
    """Whether a film is more than a notebook should hold."""
    length = response.headers.get("content-length", "")
    return length.isdigit() and int(length) > players.LARGEST
