"""What the engine can do: one module a noun, each with ``answer(prompt)``, asked in this order.

Narrow skills come before wide ones: whoever names a day or a unit is not asking for a plain sum.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nexhina_nb.engines.chat.context import read
from nexhina_nb.engines.chat.material import split
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Skill
from nexhina_nb.engines.chat.skills import (
    arithmetic,
    chance,
    classification,
    clock,
    code,
    comparisons,
    dates,
    each,
    echo,
    equations,
    extracts,
    fragments,
    identity,
    lists,
    memory,
    number_facts,
    numerals,
    pictures,
    reading,
    recordings,
    selections,
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

_INSTEAD = re.compile(
    r"(?:and|what about|how about|and what about)(?: (?:for|of|in|with))? "
    r"([\w][\w .,°%$€-]{0,40}?)[?!.]*$",
    re.I,
)
SKILLS: tuple[Skill, ...] = (
    pictures.answer,
    recordings.answer,
    selections.answer,
    each.answer,
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
    clock.answer,
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
    fragments.answer,
    memory.note,
)

# these work on the list that comes with an order; the others hear the order alone, lest a letter
# that happens to say "month" or "three times" be taken for one
_READERS: frozenset[Skill] = frozenset(
    (
        selections.answer,
        each.answer,
        code.answer,
        tables.answer,
        summaries.answer,
        classification.answer,
        extracts.answer,
        statistics.answer,
        lists.answer,
        text_counts.answer,
        text_edits.answer,
        reading.answer,
    )
)
_PROSE = 5  # words an entry; shorter entries are figures, names, or sums, and anybody's matter


def solve(prompt: Prompt) -> Answer:
    """The first answer that a skill has; else the honest last word."""
    return (
        _from_context(prompt)
        or _first(prompt)
        or _once_more(prompt)
        or (pictures.described(prompt) if prompt.pictures else None)
        or identity.last_word(prompt)
    )


def _once_more(prompt: Prompt) -> Answer | None:
    """'And 10 miles?' after 'Convert 5 miles to km': the question before, of the new thing."""
    match, asked = _INSTEAD.match(prompt.task.strip()), prompt.last("user")
    if match is None or not asked or len(asked) > 600:
        return None
    new = match[1]
    unit = re.escape(new.lstrip("0123456789.,- "))
    old = rf"-?\d[\d.,]*(?: {unit})?" if new[0].isdigit() else r"(?<!^)\b[A-Z]\w+"
    task, many = re.subn(old, lambda _: new, asked, count=1)
    if not many or task == asked:
        return None
    before = replace(prompt, task=task, turns=prompt.turns[:-2])
    return _from_context(before) or _first(before)


def _from_context(prompt: Prompt) -> Answer | None:
    """A question with a formal context goes to reading first, and to the others without the
    context.
    """
    reading_ = read(prompt)
    if not reading_.labelled or not reading_.question:
        return None
    alone = replace(prompt, task=reading_.question, turns=())
    found = reading.search(reading_, prompt) or _first(alone) or reading.absent(prompt)
    return found if found.skill else replace(found, skill=name_of(reading.answer))


def _ordered(prompt: Prompt) -> Prompt:
    """The prompt without the entries of a list of prose."""
    work = split(prompt.task)
    if work is None or sum(len(item.split()) for item in work.items) < _PROSE * len(work.items):
        return prompt
    return replace(prompt, task=work.order)


def _first(prompt: Prompt) -> Answer | None:
    ordered = _ordered(prompt)
    for skill in SKILLS:
        answer = skill(prompt if skill in _READERS else ordered)
        if answer is not None:
            return answer if answer.skill else replace(answer, skill=name_of(skill))
    return None


def name_of(skill: Skill) -> str:
    """What a skill is called: the noun of its module."""
    return skill.__module__.rpartition(".")[2].replace("_", " ")
