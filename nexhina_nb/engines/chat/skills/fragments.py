"""Texts that break off: gone on with by chance, and labelled as that."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.context import is_question
from nexhina_nb.engines.chat.continuation import babble
from nexhina_nb.engines.chat.languages import detect
from nexhina_nb.engines.chat.payload import unquote
from nexhina_nb.engines.chat.prompt import Answer, Prompt

LABEL = "(Babble, drawn by chance from the words of Python's manual:)"
_ASKED = re.compile(
    r"^(?:please )?(?:continue|complete|finish|go on with|extend)\b[^:\n]{0,60}"
    r"\b(?:text|sentence|story|phrase|paragraph|passage|line|beginning)\b[^:\n]{0,30}:\s*(.+)$",
    re.I | re.S,
)
_TOLD = re.compile(r"^(?:once upon a time|there (?:once )?was|it was|long ago|one day)\b", re.I)
_ENDED = re.compile(r"[.!?:;\"'”’)\]}>`|]\s*$")
_LONGEST = 2_000
# No English sentence ends with these; pronouns and adverbs such as "it" and "on" may end one.
_HANGING_WORDS = (
    "a an the of to and or but with from into than is are was were be am my your our their because "
    "if when while as every no"
)
_HANGING = frozenset(_HANGING_WORDS.split())


def answer(prompt: Prompt) -> Answer | None:
    """Goes on with a text that the task names, or that the whole task is."""
    asked = _ASKED.match(prompt.task[:_LONGEST])
    text = unquote(asked[1]) if asked else prompt.task
    if not asked and not _breaks_off(text):
        return None
    return Answer(f"{LABEL}{_spaced(babble(text, str(prompt.variant)))}", formed=True)


def _breaks_off(text: str) -> bool:
    """Whether a text is the beginning of a sentence: it asks for nothing and lacks its end."""
    parts = text.split()
    if not 2 < len(parts) <= 60 or _ENDED.search(text) or is_question(text):
        return False
    if _TOLD.match(text):
        return True
    last = parts[-1].lower()
    english = detect(text) in ("", "en")
    return english and (last.rstrip(",…") in _HANGING or last.endswith((",", "…")))


def _spaced(said: str) -> str:
    return said if said.startswith(" ") else f" {said}"
