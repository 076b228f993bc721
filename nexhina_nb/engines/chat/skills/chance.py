"""Chance that can be repeated: numbers, coins, dice, picks, decided by the seed and the task."""

from __future__ import annotations

import random
import re

from nexhina_nb.engines.chat.items import parse
from nexhina_nb.engines.chat.numbers import find_numbers, with_digits
from nexhina_nb.engines.chat.payload import given
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match


def answer(prompt: Prompt) -> Answer | None:
    """Draws what the task asks for; the same seed and task draw the same."""
    return first_match(_RULES, prompt) if len(prompt.task) < 2_000 else None


def _chance(prompt: Prompt) -> random.Random:
    return random.Random(f"{prompt.variant}:{prompt.task}")


def _number(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = [
        int(value) for value in find_numbers(with_digits(prompt.task)) if value.denominator == 1
    ]
    low, high = sorted(found[-2:]) if len(found) >= 2 else (1, found[0] if found else 100)
    if high - low > 10**12:
        return None
    return Answer(str(_chance(prompt).randint(low, max(low, high))))


def _coin(match: re.Match[str], prompt: Prompt) -> Answer:
    return Answer(_chance(prompt).choice(("heads", "tails")))


def _die(match: re.Match[str], prompt: Prompt) -> Answer:
    sides = re.search(r"(\d{1,3})[- ]sided|\bd(\d{1,3})\b", prompt.task)
    return Answer(
        str(
            _chance(prompt).randint(
                1, max(2, int(next(filter(None, sides.groups())))) if sides else 6
            )
        )
    )


def _pick(match: re.Match[str], prompt: Prompt) -> Answer | None:
    values = parse(given(prompt.task) or match.group(match.lastindex or 0)).values
    return Answer(_chance(prompt).choice(values)) if len(values) > 1 else None


def _shuffle(match: re.Match[str], prompt: Prompt) -> Answer | None:
    items = parse(given(prompt.task))
    values = list(items.values)
    _chance(prompt).shuffle(values)
    return Answer(items.write(values)) if len(values) > 1 else None


_RULES: tuple[Rule, ...] = (
    (
        re.compile(
            r"\brandom (?:whole )?(?:number|integer)\b|\b(?:pick|choose|"
            r"think of) a(?: random)? number\b",
            re.I,
        ),
        _number,
    ),
    (re.compile(r"\b(?:flip|toss) (?:a |the )?coin\b|\bheads or tails\b", re.I), _coin),
    (re.compile(r"\broll (?:a |the |one )?(?:\d+[- ]sided )?(?:dice|die|d\d)\b", re.I), _die),
    (
        re.compile(
            r"\b(?:pick|choose|select)\b.{0,20}\b(?:one|random(?:ly)?|item|"
            r"name)\b.{0,30}?\b(?:of|from|between)\b:?\s*(.{3,500})",
            re.I,
        ),
        _pick,
    ),
    (re.compile(r"\b(?:shuffle|random order|randomi[sz]e)\b", re.I), _shuffle),
)
