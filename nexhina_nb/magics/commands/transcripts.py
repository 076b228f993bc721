"""A transcript as a display: the text alone, subtitles, or a list of its parts with their times."""

from __future__ import annotations

from typing import Any

from nexhina_nb.client import TranscriptReply, tables
from nexhina_nb.client.replies import printable
from nexhina_nb.magics.display import Bundle, Data
from nexhina_nb.wire import TranscriptionResponse

TIMED = ("srt", "vtt", "segments")
NO_TIMES = "the model told no times"
SILENCE = "(no speech was heard)"


def data_of(text: str) -> Data:
    """The display of a text in the making."""
    return {"text/plain": printable(text)}


def bundle(reply: TranscriptReply, form: str, **facts: Any) -> Bundle:
    """The display of a whole transcript; what changes from run to run goes into the metadata."""
    _, metadata = reply._repr_mimebundle_()
    metadata["nexhina"] |= facts
    if not reply.text:
        return {"text/plain": SILENCE}, metadata
    return _data(reply, form), metadata


def lacks_times(reply: TranscriptReply, form: str) -> bool:
    """Whether a form is wanted for which the model has told no times."""
    told = reply.words if form == "words" else reply.segments
    return form != "text" and bool(reply.text) and not told


def _data(reply: TranscriptReply, form: str) -> Data:
    if form == "text" or lacks_times(reply, form):
        return unfinished(reply.model, reply.text)._repr_mimebundle_()[0]
    if form == "words":
        rows = [(word.start, word.end, word.word) for word in reply.words]
        return tables.mimebundle(["start", "end", "word"], rows)
    if form == "segments":
        rows = [(part.start, part.end, part.text) for part in reply.segments]
        return tables.mimebundle(["start", "end", "text"], rows)
    return data_of(getattr(reply, form))


def unfinished(model: str, text: str) -> TranscriptReply:
    """A text of which nothing else is known, as a reply like others."""
    return TranscriptReply(TranscriptionResponse.read({"text": text}), model)
