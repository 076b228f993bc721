"""Streams read by blocking code: a class for each verb that streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Self

from nexhina_nb.client.pictures import ImageReply
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.responding import RespondReply
from nexhina_nb.client.shell import StreamShell
from nexhina_nb.client.speech import SpeechReply
from nexhina_nb.client.streams import Piece, Result
from nexhina_nb.client.transcripts import TranscriptReply
from nexhina_nb.client.transport import hang_up
from nexhina_nb.errors import NexhinaError


class Stream(StreamShell[Piece, Result]):
    """An answer as it comes: iterate over its pieces. Leaving its ``with`` block closes the
    connection.
    """

    def read(self) -> Result:
        """Read to the end; the whole reply."""
        for _ in self:
            pass
        return self.reply

    def close(self) -> None:
        """Close the connection at once, from any thread; the gateway stops, and iteration ends."""
        self._closed = True
        self._state.settle()
        if self._reader in (None, threading.get_ident()):
            self._source.close()
        else:
            hang_up(self._source)

    def __iter__(self) -> Iterator[Piece]:
        if self._pieces is None:
            self._pieces = self._read()
        return self._pieces

    _pieces: Iterator[Piece] | None = None
    _reader: int | None = None

    def __next__(self) -> Piece:
        return next(iter(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _read(self) -> Iterator[Piece]:
        self._reader = threading.get_ident()
        try:
            while not self._closed:
                try:
                    yield from self._read_on()
                    return
                except NexhinaError as error:
                    rest = self._rest(error)
                self._source = self._run(rest)
            self._source.close()
        finally:
            self._state.settle()

    def _read_on(self) -> Iterator[Piece]:
        try:
            yield from self._arriving()
        except self._transport.errors as error:
            if (torn := self._torn(error)) is not None:
                raise torn from None
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        finally:
            self._source.close()
        if not self._closed:
            yield from self._state.end()

    def _arriving(self) -> Iterator[Piece]:
        for data in self._source.iter_bytes():
            yield from self._state.feed(data)
            if self._state.done:
                return


class ChatStream(Stream[str, ChatReply]):
    """A chat's answer as it comes: iterate over its pieces of text. Leaving its ``with`` block
    closes the connection.
    """


class RespondStream(Stream[str, RespondReply]):
    """A response as it comes: iterate over its pieces of text."""


class ImageStream(Stream[ImageReply, ImageReply]):
    """A picture as it is made: iterate over the unfinished ones; the finished one comes last."""


class SpeechStream(Stream[bytes, SpeechReply]):
    """Speech as it is spoken: iterate over the bytes of the sound."""


class TranscriptStream(Stream[str, TranscriptReply]):
    """A transcript as it is written: iterate over its pieces of text."""
