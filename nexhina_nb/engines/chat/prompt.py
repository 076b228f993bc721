"""What a skill sees and what it gives: the task with all that came before it, and an answer in two
lengths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexhina_nb.engines.chat.form import Form

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message, as text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence for people, and ``brief``: the bare value for 'only the number' and for JSON. What
    is ``formed`` already has the wished length and lines. ``skill`` is the skill that found it.
    """

    text: str
    brief: str = ""
    formed: bool = False
    skill: str = ""

    @property
    def core(self) -> str:
        """The bare value, or the whole text where there is none."""
        return self.brief or self.text


@dataclass(frozen=True, slots=True)
class Prompt:
    """The task of the last user message, without the wishes about form, which are read into
    ``form``.

    ``pictures`` came with the task; ``shown`` are those or, where it has none, the newest earlier
    ones. ``heard`` is what the task's sounds say.
    """

    task: str
    system: str = ""
    turns: tuple[Turn, ...] = ()
    form: Form = field(default_factory=Form)
    variant: int = 0
    pictures: tuple[Look, ...] = ()
    shown: tuple[Look, ...] = ()
    heard: str = ""

    @property
    def language(self) -> str:
        """The language of the engine's own texts."""
        return self.form.language or "en"

    def phrase(self, *options: str) -> str:
        """One of several wordings: the first is the canonical one, a seed may choose another."""
        return options[self.variant % len(options)]

    def last(self, role: str) -> str:
        """The newest earlier text of a role, or an empty text."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == role), "")


Skill = Callable[[Prompt], Answer | None]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str], Prompt], Answer | None]]


def first_match(rules: Iterable[Rule], prompt: Prompt) -> Answer | None:
    """The answer of the first rule whose pattern is found in the task and that has one."""
    for pattern, make in rules:
        match = pattern.search(prompt.task)
        answer = make(match, prompt) if match else None
        if answer is not None:
            return answer
    return None
