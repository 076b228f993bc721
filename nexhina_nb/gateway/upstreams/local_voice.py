"""Spoken answers of a chat: the text goes to the speech engine, and its sound into the chunks."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from nexhina_nb import wire
from nexhina_nb.engines import ENGINES, sound
from nexhina_nb.engines.base import Delta
from nexhina_nb.engines.sound import Sound
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.upstreams.chat_chunks import Payload, choice, plain
from nexhina_nb.pricing.tokens import count
from nexhina_nb.pricing.usage import seconds_to_tokens

_EXPIRES = 3600  # seconds; nothing is kept, so a spoken answer can only be referred to by its id
_PIECE = 24_000  # bytes, half a second; a multiple of 3, so that pieces of base64 can be joined


class Voice:
    """Speaks the texts of an answer: first comes the transcript as it is written, then the sound.

    ``tokens`` are those of the sound: 1,000 a minute, begun seconds count (contract 5.8). Text and
    sound together keep to the limit of the answer; what does not fit is not spoken.
    """

    def __init__(self, request: wire.ChatCompletionRequest, frame: Payload) -> None:
        options = request.audio
        assert options is not None, "modalities with audio come with its options"
        if request.stream and options.format != "pcm16":
            raise BadRequest(
                f"'audio.format' cannot be '{options.format}' in a stream",
                param="audio.format",
                hint="ask for 'pcm16', or for the whole answer at once",
            )
        voice = options.voice
        self._voice = voice if isinstance(voice, str) else str(voice.get("id") or "")
        self._format = "pcm" if options.format == "pcm16" else options.format
        self._limit = request.max_completion_tokens or 0
        self._speak = ENGINES["local/speak"].load()
        self._id = f"audio_{frame['id'].removeprefix('chatcmpl-')}"
        self._expires = frame["created"] + _EXPIRES
        self._said: defaultdict[int, list[str]] = defaultdict(list)
        self.tokens = 0

    def written(self, piece: Delta) -> Iterator[Payload]:
        """The choices that a piece becomes."""
        said = self._said[piece.index]
        if piece.content:
            if not said:
                yield self._audio(piece.index, id=f"{self._id}-{piece.index}")
            said.append(piece.content)
            yield self._audio(piece.index, transcript=piece.content)
        elif piece.finish_reason is None or not said:
            yield from plain(piece)
        else:
            yield from self._spoken(piece, "".join(said))

    def _spoken(self, end: Delta, text: str) -> Iterator[Payload]:
        timed = _Timed(most=max(self._limit - count(text), 0) * 60 // 1000)
        try:
            pieces = timed.kept(self._speak(text, self._voice))
        except BadRequest as error:
            raise BadRequest(error.message, param="audio.voice", hint=error.hint) from error
        for data in _evenly(sound.encode(pieces, self._format)):
            yield self._audio(end.index, data=base64.b64encode(data).decode("ascii"))
        self.tokens += seconds_to_tokens(timed.seconds)
        yield self._audio(end.index, expires_at=self._expires)
        yield from plain(replace(end, finish_reason="length", stop=None) if timed.is_cut else end)

    def _audio(self, index: int, **fields: Any) -> Payload:
        return choice(index, {"audio": fields})


@dataclass(slots=True)
class _Timed:
    """Lets ``most`` seconds of sound pass, and tells how many came."""

    most: float
    seconds: float = 0.0
    is_cut: bool = False

    def kept(self, pieces: Iterable[Sound]) -> Iterator[Sound]:
        """The pieces, up to the last second that may be heard."""
        for piece in pieces:
            left = round((self.most - self.seconds) * piece.rate)
            self.is_cut = len(piece.samples) > left
            kept = Sound(piece.samples[:left], piece.rate) if self.is_cut else piece
            self.seconds += kept.seconds
            yield kept
            if self.is_cut:
                return


def _evenly(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one length; the last may be shorter."""
    held = b""
    for piece in pieces:
        held += piece
        while len(held) >= _PIECE:
            yield held[:_PIECE]
            held = held[_PIECE:]
    if held:
        yield held
