"""Extractive summaries: the sentences that carry the text's most frequent words, in their order;
nothing is invented.
"""

from __future__ import annotations

import re
from collections import Counter

from nexhina_nb.engines.chat.material import items_of, order_of, split
from nexhina_nb.engines.chat.numbers import find_numbers, with_digits
from nexhina_nb.engines.chat.payload import given
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills.extracts import keywords
from nexhina_nb.engines.chat.words import sentences, stems

_ASK = re.compile(
    r"\b(?:summari[sz]e|summary|tl;?dr|sum (?:it|this|that) up|condense|shorten|main (?:points?|"
    r"idea)|key (?:points?|takeaways|ideas|facts)|"
    r"gist|in a nutshell|recap|fasse\b.{0,200}\bzusammen|zusammenfass\w+|résume\w*|resum\w+)|总结|"
    r"摘要|要約",
    re.I,
)
_TITLE = re.compile(r"\b(?:title|headline|heading|subject line)\b(?! case)", re.I)
_TITLE_ASK = re.compile(r"\b(?:give|write|suggest|create|find|make|propose|generate|what)\b", re.I)
_UNIT = re.compile(
    r"\b(\d{1,3}|a single)\s*-?\s*(?:\w+ )?(sentences?|words?|bullet points?|bullets|points|"
    r"takeaways|facts|ideas|lines)",
    re.I,
)
_MOST_SENTENCES = 2_000


def answer(prompt: Prompt) -> Answer | None:
    """Sums up the given text, or the conversation, in the wished length."""
    order = order_of(prompt.task)
    head = order[:400] + "\n" + order[-200:]
    titled = _TITLE.search(head) and _TITLE_ASK.search(head) and given(prompt.task)
    if not _ASK.search(head) and not titled:
        return None
    text = given(prompt.task) or _earlier(prompt)
    if not text:
        return Answer("Give me the text to sum up.", "unknown")
    if titled and not _ASK.search(head):
        return Answer(title(text))
    work = split(prompt.task)
    told = "\n".join(f"- {item}" for item in work.items) if work else text
    return _summary(told, *_wish(prompt, head))


def _earlier(prompt: Prompt) -> str:
    told = [given(turn.text) or turn.text for turn in prompt.turns if turn.role in ("user", "tool")]
    if re.search(r"\bconversation|chat|dialog|discussion", prompt.task, re.I):
        return "\n".join(told)
    return max(told[-4:], key=len, default="")


def _wish(prompt: Prompt, head: str) -> tuple[int, str]:
    """How many of what: the form's wish, else one in the order itself, else about a third of the
    text.
    """
    form = prompt.form
    if form.words:
        return form.words, "words"
    if form.sentences:
        return form.sentences, "sentences"
    if form.shape in ("bullets", "numbered"):
        return form.items or 3, "bullets"
    match = _UNIT.search(with_digits(head.replace("a single", "1").replace("one-", "1 ")))
    if match:
        many = find_numbers(match[1])
        unit = match[2].lower()
        name = (
            "words"
            if unit.startswith("word")
            else "sentences"
            if unit.startswith(("sent", "line"))
            else "bullets"
        )
        return int(many[0]) if many else 1, name
    return (
        (3, "bullets")
        if re.search(r"bullet|key (?:points|takeaways|facts|ideas)|main points", head, re.I)
        else (0, "sentences")
    )


def _summary(text: str, many: int, unit: str) -> Answer:
    parts = _parts(text)[:_MOST_SENTENCES]
    if unit == "words":
        return Answer(_in_words(parts, many))
    kept = rank(parts, many or max(1, min(3, round(len(parts) / 3))))
    if unit == "bullets":
        return Answer("\n".join(f"- {part}" for part in kept))
    return Answer(" ".join(kept))


def _parts(text: str) -> list[str]:
    """The sentences of a text; of a list, those of its entries, without their marks."""
    items = items_of(text)
    if not items:
        return sentences(text)
    ended = (item if item.endswith((".", "!", "?", "…", "。")) else f"{item}." for item in items)
    return [part for item in ended for part in sentences(item)]


def rank(parts: list[str], many: int) -> list[str]:
    """The ``many`` weightiest sentences, in the order of the text."""
    rows = [stems(part) for part in parts]
    seen = Counter(word for row in rows for word in set(row))
    total = Counter(word for row in rows for word in row)

    def weight(at: int) -> float:
        row = set(rows[at])
        frequent = sum(total[word] for word in row if seen[word] > 1) / (len(rows[at]) ** 0.5 or 1)
        return frequent + (1.0 if at == 0 else 0.0) - 0.001 * at

    best = sorted(range(len(parts)), key=weight, reverse=True)[:many]
    return [parts[at] for at in sorted(best)]


def _in_words(parts: list[str], many: int) -> str:
    """The weightiest sentence that fits; else the start of the weightiest, cut at the limit."""
    ranked = rank(parts, 1)
    fitting = [part for part in parts if len(part.split()) <= many]
    best = ranked[0] if ranked and len(ranked[0].split()) <= many else ""
    if not best and fitting and many >= 6:
        best = rank(fitting, 1)[0]
    if not best and ranked:
        best = " ".join(ranked[0].split()[:many]).rstrip(",;:")
    return best


def title(text: str) -> str:
    """A title made of the text's own key words."""
    return " ".join(word.capitalize() for word in keywords(text, 4)) or text[:60]
