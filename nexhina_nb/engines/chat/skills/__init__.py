"""What the engine can do: one module a noun, each with ``answer(prompt)``, asked in this order.

Narrow skills come before wide ones: whoever names a day or a unit is not asking for a plain sum.
"""

from __future__ import annotations

from dataclasses import replace

from nexhina_nb.engines.chat.context import read
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Skill
from nexhina_nb.engines.chat.skills import (
    arithmetic,
    chance,
    classification,
    code,
    comparisons,
    dates,
    echo,
    equations,
    extracts,
    identity,
    lists,
    memory,
    number_facts,
    numerals,
    reading,
    sequences,
    statistics,
    summaries,
    tables,
    text_counts,
    text_edits,
    translation,
    units,
    word_problems,
)

SKILLS: tuple[Skill, ...] = (
    translation.answer,
    echo.answer,
    identity.answer,
    memory.answer,
    code.answer,
    tables.answer,
    summaries.answer,
    classification.answer,
    chance.answer,
    sequences.answer,
    extracts.answer,
    dates.answer,
    word_problems.answer,
    units.answer,
    equations.answer,
    number_facts.answer,
    numerals.answer,
    statistics.answer,
    lists.answer,
    text_counts.answer,
    text_edits.answer,
    comparisons.answer,
    arithmetic.answer,
    reading.answer,
    memory.note,
)


def solve(prompt: Prompt) -> Answer:
    """The first answer that a skill has; else the honest last word."""
    return _from_context(prompt) or _first(prompt) or identity.last_word(prompt)


def _from_context(prompt: Prompt) -> Answer | None:
    """A question with a formal context goes to reading first, and to the others without the
    context.
    """
    reading_ = read(prompt)
    if not reading_.labelled or not reading_.question:
        return None
    alone = replace(prompt, task=reading_.question, turns=())
    return reading.search(reading_, prompt) or _first(alone) or reading.absent(prompt)


def _first(prompt: Prompt) -> Answer | None:
    for skill in SKILLS:
        answer = skill(prompt)
        if answer is not None:
            return answer
    return None
