"""Video jobs for blocking code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from nexhina_nb.client import films
from nexhina_nb.client.core import videos as flows
from nexhina_nb.client.films import VideoStatus
from nexhina_nb.client.jobs import TOO_LARGE, JobShell, is_too_large
from nexhina_nb.client.replies import Bundle
from nexhina_nb.client.saving import check_suffix, growing
from nexhina_nb.client.watching import watcher
from nexhina_nb.errors import NexhinaError, Stopped


class VideoJob(JobShell):
    """A video that a gateway is making: `wait` for it, then `save` it. It shows itself as a player
    once it is made.
    """

    def refresh(self) -> Self:
        """Look how far it is."""
        self._seen(self._run(flows.video_job(self._session, self.id)))
        return self

    def wait(
        self,
        timeout: float | None = None,
        *,
        progress: bool = True,
        report: Callable[[VideoStatus], object] | None = None,
    ) -> Self:
        """Wait until it is made, ``timeout`` seconds at most. ``progress`` shows how far it is, in
        a notebook or a terminal; a ``report`` of your own is told of every look instead.

        Raises what made it fail, and TimedOut. An interrupt (Stopped) ends the waiting only: the
        gateway goes on.
        """
        watch = self._watching(report or (watcher() if progress else None))
        try:
            self._run(flows.wait(self._session, self.id, timeout, watch))
        except KeyboardInterrupt:
            words = f"stopped waiting; {flows.how_to_come_back(self.id)}"
            raise Stopped(words, partial=self.latest) from None
        return self

    def save(self, path: str | Path) -> Path:
        """Write the film to a file (mp4) while it comes; its path."""
        place = check_suffix(path, ".mp4")
        with growing(place) as write:
            for data in self._content():
                write(data)
        return place

    @property
    def video(self) -> bytes:
        """The film (mp4), fetched once."""
        if self._film is None:
            self._film = b"".join(self._content())
        return self._film

    def remix(self, prompt: str) -> VideoJob:
        """A new job that changes the film as the prompt says."""
        status = self._run(flows.remix(self._session, self.id, prompt))
        return VideoJob(status, self._session, self._transport, self._run)

    def delete(self) -> None:
        """Delete it in the gateway, made or not."""
        self._run(flows.delete_video(self._session, self.id))

    def _content(self, most: Callable[[Any], bool] = lambda response: False) -> Iterator[bytes]:
        if not self.done:
            self.refresh()
        self._check_made()
        response = self._run(flows.content(self._session, self.id))
        with closing(response.source) as source:
            if most(response):
                raise NexhinaError(TOO_LARGE)
            try:
                yield from source.iter_bytes()
            except self._transport.errors as error:
                raise self._broken(error) from None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        if not self.done:
            with suppress(NexhinaError):
                self.refresh()
        if self.status != "completed":
            return films.bundle(self.latest, None)
        try:
            self._film = self._film or b"".join(self._content(is_too_large))
        except NexhinaError as error:
            return films.bundle(self.latest, None, error.message)
        return films.bundle(self.latest, self._film)
