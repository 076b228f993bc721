"""Video jobs on an asyncio loop: the same names as in `sync_jobs`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self

from nexhina_nb.client import films
from nexhina_nb.client.core import videos as flows
from nexhina_nb.client.films import VideoStatus
from nexhina_nb.client.jobs import JobShell
from nexhina_nb.client.replies import Bundle
from nexhina_nb.client.saving import check_suffix, growing
from nexhina_nb.client.watching import watcher

# What draws a job cannot wait for its film.
_HOW_TO_SEE = "`await job.video` fetches it, and then it is shown"


class AsyncVideoJob(JobShell):
    """A video that a gateway is making: ``await job.wait()``, then ``await job.save(path)``.

    It shows itself as a player once the film was fetched: ``await job.video``.
    """

    async def refresh(self) -> Self:
        """Look how far it is."""
        self._seen(await self._run(flows.video_job(self._session, self.id)))
        return self

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the same as in sync_jobs; the flow keeps it
        *,
        progress: bool = True,
        report: Callable[[VideoStatus], object] | None = None,
    ) -> Self:
        """Wait until it is made, ``timeout`` seconds at most. ``progress`` shows how far it is, in
        a notebook or a terminal; a ``report`` of your own is told of every look instead.

        Raises what made it fail, and TimedOut. One who is cancelled ends the waiting only: the
        gateway goes on.
        """
        watch = self._watching(report or (watcher() if progress else None))
        await self._run(flows.wait(self._session, self.id, timeout, watch))
        return self

    async def save(self, path: str | Path) -> Path:
        """Write the film to a file (mp4) while it comes; its path."""
        place = check_suffix(path, ".mp4")
        with growing(place) as write:
            async with aclosing(self._content()) as pieces:
                async for data in pieces:
                    write(data)
        return place

    @property
    def video(self) -> Coroutine[Any, Any, bytes]:
        """The film (mp4), fetched once: ``await job.video``."""
        return self._fetched()

    async def _fetched(self) -> bytes:
        if self._film is None:
            async with aclosing(self._content()) as pieces:
                self._film = b"".join([data async for data in pieces])
        return self._film

    async def remix(self, prompt: str) -> AsyncVideoJob:
        """A new job that changes the film as the prompt says."""
        status = await self._run(flows.remix(self._session, self.id, prompt))
        return AsyncVideoJob(status, self._session, self._transport, self._run)

    async def delete(self) -> None:
        """Delete it in the gateway, made or not."""
        await self._run(flows.delete_video(self._session, self.id))

    async def _content(self) -> AsyncGenerator[bytes]:
        if not self.done:
            await self.refresh()
        self._check_made()
        response = await self._run(flows.content(self._session, self.id))
        async with aclosing(response.source) as source:
            try:
                async for data in source.aiter_bytes():
                    yield data
            except self._transport.errors as error:
                raise self._broken(error) from None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        return films.bundle(self.latest, self._film, _HOW_TO_SEE if self._is_unseen else "")

    @property
    def _is_unseen(self) -> bool:
        return self.status == "completed" and self._film is None
