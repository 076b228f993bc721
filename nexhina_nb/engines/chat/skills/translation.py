"""Translation of a few dozen greetings and words; anything longer gets an honest no."""

from __future__ import annotations

import functools
import re

from nexhina_nb.engines.chat.languages import NAMED, load, name_of, named
from nexhina_nb.engines.chat.numbers import in_words
from nexhina_nb.engines.chat.payload import given, subject, unquote
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match


def answer(prompt: Prompt) -> Answer | None:
    """Looks the phrase up in the phrase book."""
    return first_match(_RULES, prompt) if len(prompt.task) < 20_000 else None


@functools.cache
def _book() -> dict[str, dict[str, str]]:
    """Each phrase in each language, without case, to its row."""
    rows = load("phrases")["rows"]
    return {text.casefold(): row for row in reversed(rows) for text in row.values()}


def _translate(match: re.Match[str], prompt: Prompt) -> Answer | None:
    target = named(match["to"])
    text = unquote((match.groupdict().get("text") or "").strip().rstrip("?.!:"))
    if not text or re.fullmatch(
        r"(?:this|that|it|the following(?: \w+)?|the (?:text|sentence|word)|into|to)", text, re.I
    ):
        text = given(prompt.task) or subject(prompt)
    if not text:
        return None
    row = _book().get(_spelled(text.strip(" .!?,;:\"'“”").casefold()))
    if row and target in row:
        return Answer(row[target])
    return Answer(
        prompt.phrase(
            f"I cannot translate that into {name_of(target)}: I have a phrase book of a few "
            f"dozen words and no more.",
            f"That is not in my phrase book of a few dozen words, so I cannot translate it into "
            f"{name_of(target)}.",
        ),
        "unknown",
    )


def _spelled(text: str) -> str:
    return in_words(int(text)) if text.isascii() and text.isdigit() and len(text) < 4 else text


_FROM = rf"(?: from (?:{NAMED}))?"
_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I | re.S), make)
    for pattern, make in (
        (
            rf"\b(?:übersetze?n?|traduis\w*|tradu(?:ce|zca))\s+(?P<text>.{{0,5000}}?)\s*\b(?:ins|"
            rf"in|auf|en|al|a)\s+(?P<to>{NAMED})e?\b",
            _translate,
        ),
        (
            rf"\btranslat\w+\s+(?P<text>.{{0,5000}}?){_FROM}\s*(?:\b(?:to|into|"
            rf"in)\b)\s+(?P<to>{NAMED})\b",
            _translate,
        ),
        (
            rf"\bhow (?:do|would|can) (?:you|i|we|one) (?:say|"
            rf"write)\s+(?P<text>.{{1,300}}?)\s+in\s+(?P<to>{NAMED})\b",
            _translate,
        ),
        (
            rf"\b(?:what(?:'s| is) the (?P<to>{NAMED}) (?:word|translation|term) (?:for|"
            rf"of))\s+(?P<text>.{{1,300}})$",
            _translate,
        ),
        (rf"\bwhat(?:'s| is)\s+(?P<text>[^?]{{1,80}}?)\s+in\s+(?P<to>{NAMED})\s*\?*$", _translate),
        (
            rf"^(?:please )?(?:say|write)\s+(?P<text>.{{1,300}}?)\s+in\s+(?P<to>{NAMED})\W*$",
            _translate,
        ),
    )
)
