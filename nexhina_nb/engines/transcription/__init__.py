"""`local/transcribe`: English speech → text, by pocketsphinx, whose model is in its wheel.

A recogniser of the time before neural networks: about nineteen words in twenty right for a clear
voice reading plain sentences, far less for dialects, noise, music, names, or voices of formant
synthesis such as espeak-ng's. It writes lower case without punctuation, knows English alone, and
can only write down the words of its dictionary of 134,000.

Translation into English is transcription here: there is no other language that it could begin
from. A prompt is not accepted: the language model is fixed, and nothing honest can be done with
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nexhina_nb.engines.sound import HEARD_RATE, Sound, resample
from nexhina_nb.engines.transcription.recogniser import load_decoder, recognise
from nexhina_nb.engines.transcription.segments import Segment, SpokenWord
from nexhina_nb.engines.transcription.utterances import utterances
from nexhina_nb.errors import BadRequest

__all__ = ["Segment", "SpokenWord", "transcribe"]


def transcribe(
    sound: Sound | Iterable[Sound], language: str | None = None, prompt: str | None = None
) -> Iterator[Segment]:
    """What is said, a `Segment` per utterance, each as soon as its end was heard.

    ``sound`` may come in pieces, which are not kept. Silence gives no segment. ``prompt`` is
    ignored. Raises, before the first segment, BadRequest for a ``language`` other than English and
    NotOffered where pocketsphinx is not installed.
    """
    if language and language.lower().replace("_", "-").partition("-")[0] not in ("en", "english"):
        raise BadRequest(
            f"local/transcribe understands English only, not {language!r}",
            code="invalid_value",
            param="language",
            hint="leave language out for English, or ask another model",
        )
    load_decoder()  # an engine that is not there is known before the answer has begun
    return _segments([sound] if isinstance(sound, Sound) else sound)


def _segments(pieces: Iterable[Sound]) -> Iterator[Segment]:
    adapted = ""  # what was learnt of the microphone, from utterance to utterance
    for utterance in utterances(resample(pieces, HEARD_RATE)):
        segment, adapted = recognise(utterance, adapted)
        if segment is not None:
            yield segment
