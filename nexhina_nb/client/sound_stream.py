"""Speech and transcripts as they are made (contract 2.8)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.speech import SpeechReply, read_speech
from nexhina_nb.client.streams import EventState
from nexhina_nb.client.target import Target
from nexhina_nb.client.transcripts import TranscriptReply, as_json, read_transcript
from nexhina_nb.wire import Usage


class SpeechState(EventState[bytes, SpeechReply]):
    """What is known of one speech; its pieces are the bytes of the sound, which come as events or
    as they are.
    """

    def __init__(
        self, target: Target, response: Response, *, format: str, model: str, text: str
    ) -> None:
        super().__init__(target, response)
        self._known = {"format": format, "model": model, "text": text}
        self._sound: list[bytes] = []
        self._usage: Usage | None = None
        kind = response.headers.get("content-type", "")
        self._raw = kind.startswith(("audio/", "application/octet-stream"))

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes of the sound."""
        if not self._raw:
            yield from super().feed(data)
        elif data:
            self._sound.append(data)
            yield data

    def end(self) -> Iterator[bytes]:
        """Nothing of a sound that came as it is; after it there is a `reply`."""
        if not self._raw:
            yield from super().end()
        else:
            self._reply = self._whole()

    def _read(self, event: dict[str, Any]) -> Iterator[bytes]:
        kind, audio = event.get("type"), event.get("audio")
        if kind == "speech.audio.done":
            usage = event.get("usage")
            self._usage = Usage.read(usage) if isinstance(usage, dict) else None
            self.done = True
        elif isinstance(audio, str):
            try:
                piece = base64.b64decode(audio, validate=True)
            except (binascii.Error, ValueError):
                raise self.broken("the stream holds something that is no sound") from None
            self._sound.append(piece)
            yield piece

    def _whole(self) -> SpeechReply:
        sound, more = b"".join(self._sound), {"usage": self._usage, "billed": self._billed}
        return read_speech(self._target, self._response, sound, **self._known, **more)  # type: ignore[arg-type]

    def _read_plain(self, answer: dict[str, Any]) -> Iterator[bytes]:
        raise not_an_answer(self._target, self._response, "is no sound")


class TranscriptState(EventState[str, TranscriptReply]):
    """What is known of one transcript; its pieces are text. A server that does not stream may
    answer in any form.
    """

    def __init__(self, target: Target, response: Response, *, model: str) -> None:
        super().__init__(target, response)
        self._model = model
        self._said: list[str] = []
        self._segments: list[Any] = []
        self._last: dict[str, Any] | None = None
        is_text = response.headers.get("content-type", "").startswith(("text/plain", "text/vtt"))
        self._plain = [] if is_text else self._plain
        self._is_text = is_text

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._said) if self._reply is None else self._reply.text

    def _read(self, event: dict[str, Any]) -> Iterator[str]:
        kind, delta = event.get("type"), event.get("delta")
        if kind == "transcript.text.done":
            self._last, self.done = event, True
        elif kind == "transcript.text.segment":
            self._segments.append(event)
        elif isinstance(delta, str) and delta:
            self._said.append(delta)
            yield delta

    def _whole(self) -> TranscriptReply:
        last = self._last or {}
        segments = {"segments": self._segments} if self._segments else {}
        return self._made({"text": self.text, **segments, **last}, self._billed)

    def _made(self, answer: dict[str, Any], billed: str | None = None) -> TranscriptReply:
        known: Any = {"model": self._model, "answer": answer, "billed": billed}
        return read_transcript(self._target, self._response, **known)

    def _end_plain(self, body: bytes) -> Iterator[str]:
        if not self._is_text:
            yield from super()._end_plain(body)
            return
        yield from self._read_plain(as_json(body.decode("utf-8", "replace").strip()))

    def _read_plain(self, answer: dict[str, Any]) -> Iterator[str]:
        self._reply = self._made(answer)
        if self._reply.text:
            yield self._reply.text
