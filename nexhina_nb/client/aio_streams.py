"""Streams read on an asyncio loop: the same classes as in `sync_streams`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Self

from nexhina_nb.client.pictures import ImageReply
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.responding import RespondReply
from nexhina_nb.client.shell import StreamShell
from nexhina_nb.client.speech import SpeechReply
from nexhina_nb.client.streams import Piece, Result
from nexhina_nb.client.transcripts import TranscriptReply
from nexhina_nb.errors import NexhinaError


class AsyncStream(StreamShell[Piece, Result]):
    """An answer as it comes: ``async for`` gives its pieces. Leaving its ``async with`` closes the
    connection.
    """

    async def read(self) -> Result:
        """Read to the end; the whole reply."""
        async for _ in self:
            pass
        return self.reply

    async def close(self) -> None:
        """Close the connection at once; the gateway stops, and iteration ends."""
        self._closed = True
        self._state.settle()
        await self._source.aclose()

    def __aiter__(self) -> AsyncIterator[Piece]:
        if self._pieces is None:
            self._pieces = self._read()
        return self._pieces

    _pieces: AsyncIterator[Piece] | None = None

    async def __anext__(self) -> Piece:
        return await anext(aiter(self))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def _read(self) -> AsyncIterator[Piece]:
        try:
            while not self._closed:
                try:
                    async with aclosing(self._read_on()) as pieces:
                        async for piece in pieces:
                            yield piece
                    return
                except NexhinaError as error:
                    rest = self._rest(error)
                self._source = await self._run(rest)
            await self._source.aclose()
        finally:
            self._state.settle()

    async def _read_on(self) -> AsyncGenerator[Piece]:
        try:
            async with aclosing(self._arriving()) as pieces:
                async for piece in pieces:
                    yield piece
        except self._transport.errors as error:
            if (torn := self._torn(error)) is not None:
                raise torn from None
        finally:
            await self._source.aclose()
        if not self._closed:
            for piece in self._state.end():
                yield piece

    async def _arriving(self) -> AsyncGenerator[Piece]:
        async for data in self._source.aiter_bytes():
            for piece in self._state.feed(data):
                yield piece
            if self._state.done:
                return


class AsyncChatStream(AsyncStream[str, ChatReply]):
    """A chat's answer as it comes: ``async for`` gives its pieces of text. Leaving its ``async
    with`` closes the connection.
    """


class AsyncRespondStream(AsyncStream[str, RespondReply]):
    """A response as it comes: ``async for`` gives its pieces of text."""


class AsyncImageStream(AsyncStream[ImageReply, ImageReply]):
    """A picture as it is made: ``async for`` gives the unfinished ones, and last the finished
    one.
    """


class AsyncSpeechStream(AsyncStream[bytes, SpeechReply]):
    """Speech as it is spoken: ``async for`` gives the bytes of the sound."""


class AsyncTranscriptStream(AsyncStream[str, TranscriptReply]):
    """A transcript as it is written: ``async for`` gives its pieces of text."""
