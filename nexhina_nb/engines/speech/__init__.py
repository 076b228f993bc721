"""`local/speak`: text → speech, one piece per sentence, so that hearing starts at once.

The voices are those of espeak-ng, a formant synthesiser: understandable in about a hundred
languages, plainly a machine, quick. OpenAI's voice names stand for thirteen of its voices that
differ in pitch, range and timbre; they do not sound like OpenAI's. Where the program flite is
installed, its four English voices, made of recorded speech, are offered too.

The same text, voice and speed give the same samples.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from nexhina_nb.engines.sound import Sound, silence
from nexhina_nb.engines.speech import espeak, flite
from nexhina_nb.engines.speech.sentences import sentences
from nexhina_nb.engines.speech.tongues import chosen, tongue
from nexhina_nb.engines.speech.voices import TIMBRES, Timbre, check
from nexhina_nb.errors import BadRequest

__all__ = ["SPEEDS", "VOICES", "speak"]

SPEEDS = (0.25, 4.0)
VOICES = tuple(TIMBRES)
_PAUSE = 0.25  # seconds of silence where there is nothing to say


def speak(
    text: str, voice: str = "alloy", speed: float = 1.0, language: str | None = None
) -> Iterator[Sound]:
    """Speech for ``text``, a `Sound` per sentence, pauses included.

    ``voice`` is one of `VOICES`, a language of espeak-ng ("de", "fr-fr") or a voice of flite.
    Without ``language`` a language is guessed from the script and the smallest words of the text;
    a voice that is a language keeps to it, and flite reads everything as English. Raises
    BadRequest, before the first piece, for an unknown voice or language and for a speed outside
    `SPEEDS`; NotOffered where espeak-ng is not installed.
    """
    low, high = SPEEDS
    if not low <= speed <= high:
        raise BadRequest(
            f"speed {speed!r} is out of range", param="speed", hint=f"{low:g} to {high:g}"
        )
    if voice in flite.VOICES and flite.installed():
        return _said(text, lambda sentence: flite.say(sentence, voice, speed))
    known = espeak.languages()
    check(voice, known)
    timbre = TIMBRES.get(voice, Timbre())
    usual = chosen(language, known) if voice in TIMBRES else voice
    usual = usual or tongue(text)
    keep = language is not None or voice not in TIMBRES

    def say(sentence: str) -> Sound:
        spoken = usual if keep else tongue(sentence, usual)
        return espeak.say(sentence, timbre.dialect(spoken), timbre, speed)

    return _said(text, say)


def _said(text: str, say: Callable[[str], Sound]) -> Iterator[Sound]:
    spoken = False
    for sentence in sentences(text):
        if _has_words(sentence):
            spoken = True
            yield say(sentence)
    if not spoken:
        yield silence(_PAUSE, espeak.RATE)


def _has_words(sentence: str) -> bool:
    """Whether anything in it is a letter, a digit or a symbol: marks alone are not read out."""
    return any(unicodedata.category(character)[0] in "LNS" for character in sentence)
