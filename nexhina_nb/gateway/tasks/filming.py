"""Videos of the built-in engine: one at a time, in a thread, on this machine's disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.kinds.video import seconds_of, size_of
from nexhina_nb.gateway.upstreams.base import Form
from nexhina_nb.settings import Settings
from nexhina_nb.store.tasks import Task

# The fields of an order that may hold a picture.
PICTURES = ("image", "images", "input_reference")
_SIZE = "1280x720"
_MOST_BYTES = 20 << 20
_DATA_URI = re.compile(r"data:[^,]*;base64,")


class _Unwanted(Exception):
    """Ends the work in the thread."""


class Studio:
    """Where the engine films. Whoever films has the ``turn``: the machine has other work, too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.home / "videos"
        self.turn = asyncio.Semaphore(1)

    def film(self, task_id: str) -> Path:
        """Where the video of an order is, or will be."""
        return self._folder / f"{task_id}.mp4"

    def picture(self, task_id: str) -> Path:
        """The picture that an order begins with, if it has one."""
        return self._folder / f"{task_id}.picture"

    def keep_picture(self, task: Task, body: Mapping[str, Any], form: Form | None) -> None:
        """Put the picture that an order begins with beside where its video will be.

        Raises BadRequest for a picture that cannot be had.
        """
        from nexhina_nb.engines.vision import look  # noqa: PLC0415 - it loads Pillow

        content = self._uploaded(form) or self._named(body)
        if content:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            look(content)  # what is no picture is refused before anything is charged
            self.picture(task.id).write_bytes(content)

    def discard(self, task_id: str) -> None:
        """Delete what there is of an order."""
        for path in (self.film(task_id), self.picture(task_id)):
            path.unlink(missing_ok=True)

    async def make(self, task: Task, engine: str, tell: Callable[[int], None]) -> None:
        """Film an order with an engine; ``tell`` is called in the thread, with percent. Cancelling
        ends the work.

        Raises BadRequest for what cannot be filmed, NotOffered without the extra "local".
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stop = threading.Event()

        def report(share: float) -> None:
            if stop.is_set():
                raise _Unwanted
            tell(min(99, int(100 * share)))

        work = asyncio.create_task(asyncio.to_thread(self._shoot, task, engine, report))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            with suppress(_Unwanted):  # the thread clears up behind itself
                await work
            raise

    def _uploaded(self, form: Form | None) -> bytes:
        for upload in form.files if form else ():
            if upload.name.removesuffix("[]") in PICTURES:
                upload.file.seek(0)
                return upload.file.read(_MOST_BYTES)
        return b""

    def _named(self, body: Mapping[str, Any]) -> bytes:
        for name in PICTURES:
            value = body.get(name)
            value = value[0] if isinstance(value, list) and value else value
            if isinstance(value, str) and value:
                return self._fetched(value, name)
        return b""

    def _fetched(self, value: str, name: str) -> bytes:
        if value.startswith(("http://", "https://")):
            from nexhina_nb.gateway.upstreams.attachments import fetch  # noqa: PLC0415 - httpx2

            allowed = self._settings.allow_private_urls
            return fetch(value, allow_private=allowed, most_bytes=_MOST_BYTES, kinds=("image/",))
        try:
            return base64.b64decode(_DATA_URI.sub("", value, count=1), validate=True)
        except binascii.Error:
            raise BadRequest(f"'{name}' is neither an address nor base64", param=name) from None

    def _shoot(self, task: Task, engine: str, report: Callable[[float], None]) -> None:
        picture = self.picture(task.id)
        film = ENGINES[engine].load()
        film(
            str(task.request.get("prompt") or ""),
            self.film(task.id),
            size=size(task.request),
            seconds=seconds_of(task.request),
            fps=int(task.request.get("fps") or 24),
            seed=int(task.request.get("seed") or 0),
            picture=picture.read_bytes() if picture.is_file() else None,
            report=report,
        )


def size(body: Mapping[str, Any]) -> tuple[int, int]:
    """The pixels that an order asks for. Raises BadRequest."""
    text = size_of(body) or _SIZE
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and text.isascii()):
        raise BadRequest(f"'size' must look like {_SIZE}", param="size", code="invalid_size")
    return int(width), int(height)
