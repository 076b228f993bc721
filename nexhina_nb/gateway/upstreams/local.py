"""The upstream `local`: the built-in engines, speaking the same bytes as any other upstream.

Their answers take the wire's form in the modules beside this one, a module a family, so that what
reads, bills and relays an answer need not know where it came from.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadRequest, ModelNotFound, StreamBroken
from nexhina_nb.gateway.upstreams.base import Answer, Call
from nexhina_nb.gateway.upstreams.served import Served
from nexhina_nb.settings import Settings

# Path → what answers it: ``module:function`` of this folder, given a call and the settings.
_SERVE = {
    "/chat/completions": "local_chat:serve",
    "/embeddings": "local_vectors:serve_embed",
    "/rerank": "local_vectors:serve_rerank",
    "/moderations": "local_moderation:serve",
    "/images/generations": "local_images:serve_generation",
    "/images/edits": "local_images:serve_edit",
    "/audio/speech": "local_audio:serve_speech",
    "/audio/transcriptions": "local_audio:serve_transcription",
    "/audio/translations": "local_audio:serve_translation",
    "/videos": "local_video:serve",
    "/video/generations": "local_video:serve",
}
# Endpoint type of an engine (contract 2.3) → the paths that it answers.
_PATHS = {
    "openai": ("/chat/completions",),
    "embeddings": ("/embeddings",),
    "jina-rerank": ("/rerank",),
    "moderations": ("/moderations",),
    "image-generation": ("/images/generations", "/images/edits"),
    "audio-speech": ("/audio/speech",),
    "audio-transcription": ("/audio/transcriptions", "/audio/translations"),
    "openai-video": ("/videos", "/video/generations"),
}


class LocalUpstream:
    """Answers calls with the built-in engines."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # What computes for long may not take all threads, which every other call needs too.
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def send(self, call: Call) -> Answer:
        """Compute the answer, or the first piece of it; the others come as they are computed.

        Raises ContextLengthExceeded, ModelNotFound, BadRequest when the engine has another verb,
        or NotOffered when something of the extra "local" is not installed.
        """
        model = call.body["model"]
        if (engine := ENGINES.get(model)) is None:
            raise ModelNotFound(f"there is no built-in engine '{model}'", param="model")
        paths = [path for kind in engine.endpoint_types for path in _PATHS.get(kind, ())]
        if call.path not in paths:
            raise BadRequest(f"the model '{model}' does not answer {call.path}", param="model")
        served = await asyncio.to_thread(_function(call.path), call, self._settings)
        return LocalAnswer(served, self._turns)

    def retire(self) -> None:
        """Nothing is kept open."""

    async def aclose(self) -> None:
        """Nothing is kept open."""


class LocalAnswer:
    """An answer computed on this machine."""

    status = 200

    def __init__(self, served: Served, turns: asyncio.Semaphore) -> None:
        self._served = served
        self._turns = turns
        self._lock = threading.Lock()
        self._closed = False
        self._busy = False
        self.headers: Mapping[str, str] = {"content-type": served.content_type}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises StreamBroken once closed: half is never taken for whole."""
        while not self._closed:
            piece = await self._next()
            if piece is None:
                return
            yield piece
            # Even without a pace the loop gets its turn, so that a long answer holds up nobody.
            await asyncio.sleep(self._served.pace)
        raise StreamBroken("the answer was closed before it was read")

    async def aclose(self) -> None:
        """Give no more, and end the work behind it, at the latest when its next piece is done."""
        with self._lock:
            self._closed, is_idle = True, not self._busy
        if is_idle:
            await asyncio.to_thread(self._served.close)

    async def _next(self) -> bytes | None:
        if self._served.is_ready:
            return next(self._served.pieces, None)
        async with self._turns:
            return await asyncio.to_thread(self._computed)

    def _computed(self) -> bytes | None:
        with self._lock:
            if self._closed:
                return b""
            self._busy = True
        # Whoever waits may have left: then it is this thread that ends the work.
        try:
            return next(self._served.pieces, None)
        finally:
            with self._lock:
                self._busy, is_over = False, self._closed
            if is_over:
                self._served.close()


def _function(path: str) -> Callable[[Call, Settings], Served]:
    module, _, name = _SERVE[path].partition(":")
    found = importlib.import_module(f"{__package__}.{module}")
    function: Callable[[Call, Settings], Served] = getattr(found, name)
    return function
