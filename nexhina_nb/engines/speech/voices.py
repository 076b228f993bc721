"""The thirteen voice names of OpenAI, each with a timbre of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nexhina_nb.engines.speech import flite
from nexhina_nb.engines.speech.tongues import ENGLISH
from nexhina_nb.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Timbre:
    """A variant of espeak-ng, pitch and range of 0 to 100, and the accent of its English."""

    variant: str = ""
    pitch: int = 50
    range: int = 50
    english: str = ENGLISH

    def dialect(self, language: str) -> str:
        """The language as this voice speaks it."""
        return self.english if language == ENGLISH else language


# None of these variants draws random numbers, which would make each call sound a little different.
TIMBRES = {
    "alloy": Timbre(),
    "ash": Timbre("Denis", 45, 40),
    "ballad": Timbre("edward", 70, 70, "en-gb"),
    "cedar": Timbre("Gene", 30, 45),
    "coral": Timbre("f2", 55, 60),
    "echo": Timbre("ed", 60, 35),
    "fable": Timbre("benjamin", 62, 60, "en-gb-x-rp"),
    "marin": Timbre("f4", 40, 40),
    "nova": Timbre("f3", 62, 65),
    "onyx": Timbre("david", 25, 35),
    "sage": Timbre("belinda", 42, 30, "en-gb"),
    "shimmer": Timbre("Annie", 72, 70),
    "verse": Timbre("Lee", 55, 80, "en-gb"),
}


def check(voice: str, languages: Collection[str]) -> None:
    """Raise BadRequest for a voice that is neither a timbre nor a language of espeak-ng."""
    if voice in TIMBRES or voice in languages:
        return
    if voice in flite.VOICES:
        hint = "this voice needs the program flite: apt-get install flite"
    else:
        offered = [*TIMBRES, *(flite.VOICES if flite.installed() else ())]
        hint = f"one of {', '.join(offered)}, or a language such as de or fr-fr"
    raise BadRequest(f"no voice {voice!r}", code="invalid_value", param="voice", hint=hint)
