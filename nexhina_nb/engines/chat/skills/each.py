"""Does to each entry of a list what the task says: labels, edits, counts, translates, computes."""

from __future__ import annotations

import re
from dataclasses import replace

from nexhina_nb.engines.chat import shape
from nexhina_nb.engines.chat.material import Work, items_of, split
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Skill
from nexhina_nb.engines.chat.skills import (
    arithmetic,
    classification,
    dates,
    number_facts,
    numerals,
    summaries,
    text_counts,
    text_edits,
    translation,
    units,
    word_problems,
)

_THINGS = (
    r"(?:items?|entries|entry|lines?|letters?|tickets?|messages?|sentences?|reviews?|texts?|"
    r"names?|values?|phrases?|questions?|sums?|comments?|e?-?mails?|elements?|numbers?|dates?|"
    r"temperatures?|distances?|tweets?|headlines?|problems?|expressions?|calculations?|exercises?|"
    r"equations?|words?)"
)
_EACH = re.compile(
    rf"\b(?:(?:for|of|in|on)\s+)?(?:each|every)(?: one)?(?: of)?(?: (?:these|those|them|the))?"
    rf"(?: following)?(?: {_THINGS})?\b(?: below| above)?",
    re.I,
)
_THESE = re.compile(
    rf"\b(?:all (?:of )?)?(?:these|those|the following|them|the)(?: following)?(?: {_THINGS})?\b"
    rf"(?: below| above)?(?=\s|[:.?]|$)",
    re.I,
)
_EACH_LETTER = re.compile(r"\b(?:each|every) (?:word|character|digit)s?\b", re.I)
_CLASSIFY = re.compile(r"\b(?:classif\w+|categori[sz]e|label|tag|assign|sentiment)\b", re.I)
_GROUP = re.compile(r"\b(?:group|cluster|bucket)\b", re.I)
_SHARED = re.compile(
    r"^(?:please |now |can you |could you )*(?:translat|convert|uppercase|lowercase|capitali[sz]e|"
    r"answer|solve|compute|calculate|evaluate|work out|spell|title[- ]?case|put)\b|translate|"
    r"\b(?:day of the week|weekday|(?:what|which) day)\b|\bübersetz|\btradui|\btraduc",
    re.I,
)
_SOLVES = re.compile(r"\b(?:answer|solve|compute|calculate|evaluate|work out)\b", re.I)
_SUMS = re.compile(r"\b(?:sum|total|average|mean|median|altogether|how many|together)\b", re.I)

_TRANSLATES = re.compile(r"\btranslat\w+ (?:these|the following|the)\b", re.I)
_ONE_LINE = re.compile(r"([^:\n]{8,200}):\s*([^:\n]{3,2000})$")
_WHICH = re.compile(
    rf"^(?:which|how many)(?: (?:one|ones))?(?: of (?:these|those|the following|them|the))?"
    rf"(?: {_THINGS})? (?:are|is) (?:an? )?(?P<what>[\w -]{{3,40}}?)(?: {_THINGS})?\s*[?:]+\s*$",
    re.I,
)

_UNKNOWN = "I do not know"
_EDITS: tuple[Skill, ...] = (translation.answer, summaries.answer, text_edits.answer)
_FACTS: tuple[Skill, ...] = (
    classification.answer,
    text_counts.answer,
    dates.answer,
    units.answer,
    number_facts.answer,
    numerals.answer,
)
_JUDGES: tuple[Skill, ...] = (number_facts.answer, text_counts.answer, classification.answer)
_SUM_SKILLS: tuple[Skill, ...] = (
    dates.answer,
    word_problems.answer,
    units.answer,
    number_facts.answer,
    arithmetic.answer,
)


def answer(prompt: Prompt) -> Answer | None:
    """One line an entry; None where the order is not about the entries one by one."""
    work = split(prompt.task) or _inline(prompt.task) or _asked(prompt.task)
    if work is None or len(work.items) > 500:
        return None
    which = _WHICH.match(work.order)
    judged = _which(work, which["what"].strip(), prompt) if which else None
    if judged:
        return judged
    if _GROUP.search(work.order):
        return _groups(work, prompt)
    if not _one_by_one(work.order):
        return None
    if _SOLVES.search(work.order):
        return _solved(work, prompt)
    order = _bare_order(work.order)
    edited = [_first(_EDITS, prompt, f"{order}: {item}") for item in work.items]
    if any(row and row.brief != "unknown" for row in edited):
        return _lines(work, [_formed(row, prompt) for row in edited])
    found = [_first(_FACTS, prompt, f"{order}: {item}") for item in work.items]
    if not any(found):
        return None
    return _pairs(work, [row.core if row else _UNKNOWN for row in found])


def _inline(task: str) -> Work | None:
    """'Translate these words into French: hello, goodbye' has its entries in one line."""
    match = _ONE_LINE.match(task)
    if match is None or not (_EACH.search(match[1]) or _TRANSLATES.search(match[1])):
        return None
    parts = [part.strip(" \"'.") for part in re.split(r",|;", match[2]) if part.strip(" .")]
    if len(parts) < 2 or any(len(part.split()) > 4 for part in parts):
        return None
    return Work(match[1], tuple(parts), ("",) * len(parts))


def _asked(task: str) -> Work | None:
    """A list of questions is its own order."""
    items = items_of(task)
    if not items or not all(item.endswith(("?", "？", "=")) for item in items):
        return None
    marks = tuple(line.split()[0] for line in task.splitlines() if line.strip())
    return Work("Answer each", items, marks)


def _one_by_one(order: str) -> bool:
    if _EACH.search(_EACH_LETTER.sub(" ", order)) or _EACH.search(order):
        return True
    if _CLASSIFY.search(order):
        return True
    return bool(_SHARED.search(order)) and not _SUMS.search(order)


def _bare_order(order: str) -> str:
    """'Count the words of each of these:' becomes 'Count the words', to be asked of one entry."""
    text = order.strip().rstrip(":：.? ")
    if _EACH.search(text) and not _EACH_LETTER.search(text):
        text = _EACH.sub(" ", text)
    else:
        text = _THESE.sub(" ", text, count=1)
    return " ".join(text.split())


def _first(skills: tuple[Skill, ...], prompt: Prompt, task: str) -> Answer | None:
    alone = replace(prompt, task=task, turns=())
    return next((found for skill in skills if (found := skill(alone)) is not None), None)


def _formed(answer: Answer | None, prompt: Prompt) -> str:
    if answer is None or answer.brief == "unknown":
        return _UNKNOWN
    wish = replace(prompt.form, shape="", start="", end="")
    return shape.apply(wish, answer).removeprefix("- ")


def _solved(work: Work, prompt: Prompt) -> Answer | None:
    found = [_first(_SUM_SKILLS, prompt, item) for item in work.items]
    if not any(found):
        return None
    return _lines(work, [_formed(row, prompt) for row in found])


def _lines(work: Work, texts: list[str]) -> Answer:
    shown = "\n".join(f"{work.bullet(at)} {text}" for at, text in enumerate(texts))
    return Answer(shown, formed=True)


def _pairs(work: Work, texts: list[str]) -> Answer:
    told = [f"{item.rstrip('.')}: {text}" for item, text in zip(work.items, texts, strict=True)]
    return _lines(work, told)


def _which(work: Work, what: str, prompt: Prompt) -> Answer | None:
    """'Which of these are prime?' asks of each entry whether it is."""
    article = "an" if what[0] in "aeiou" else "a"
    told: list[str] = []
    for item in work.items:
        one = what.removesuffix("s")
        asked = (
            f"Is {item} {what}?",
            f"Is {item} a {one}?",
            f"Is {item} {article} {what}?",
            f"Is this {what}: {item}",
        )
        found = (_first(_JUDGES, prompt, task) for task in asked)
        told.append(next((row.brief for row in found if row and row.brief in ("yes", "no")), ""))
    if not all(told):
        return None
    kept = [at for at, word in enumerate(told) if word == "yes"]
    if re.match(r"how many", work.order, re.I):
        return Answer(f"{len(kept)} of the {len(told)}.", str(len(kept)))
    shown = "\n".join(f"{work.bullet(at)} {work.items[at]}" for at in kept)
    return Answer(shown or "None of them.", ", ".join(work.items[at] for at in kept) or "none")


def _groups(work: Work, prompt: Prompt) -> Answer | None:
    """The entries under the label of each."""
    order = re.sub(r"\band\b", "or", work.order)
    if len(classification.labels_in(order)) < 2:
        return Answer("Name the groups, and I will sort the entries into them.", "unknown")
    found: dict[str, list[str]] = {}
    for item in work.items:
        named = classification.label(item, order)
        found.setdefault(named, []).append(item)
    blocks = (
        "\n".join((f"{name}:", *(f"- {item}" for item in row))) for name, row in found.items()
    )
    return Answer("\n\n".join(blocks), formed=True)
