"""What a recording says: the words that were recognised in the sounds of the task."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.prompt import Answer, Prompt

_ASKED = re.compile(
    r"\btranscri(?:be|pt|ption)\b|\bwrite (?:down|out) what\b|"
    r"\bwhat (?:is|was|did|does|do|are)\b.{0,30}"
    r"\b(?:said|saying|say|spoken|hear|recording|audio)\b",
    re.I,
)


def answer(prompt: Prompt) -> Answer | None:
    """The recognised words, where the task asks for them."""
    if not prompt.heard or not _ASKED.search(prompt.task[:300]):
        return None
    return Answer(f"I understood: {prompt.heard}", prompt.heard)
