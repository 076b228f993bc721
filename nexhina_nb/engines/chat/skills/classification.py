"""Classification: sentiment by lexicon, one of the given labels by shared words, the language of a
text.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.items import parse
from nexhina_nb.engines.chat.labels import choose, mood
from nexhina_nb.engines.chat.languages import detect, name_of
from nexhina_nb.engines.chat.material import order_of
from nexhina_nb.engines.chat.payload import given, subject
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule
from nexhina_nb.engines.chat.words import sentences

_LABEL_LIST = re.compile(
    r"\b(?:labels?|categor(?:y|ies)|class(?:es)?|options?|choices|topics?|intents?|types?|tags?|"
    r"one of(?: the following| these)?(?: labels| categories)?|"
    r"into|as|belongs? to|either|between|whether (?:it|this) is|is (?:it|this|"
    r"the following)(?: \w+){0,3}?)\b\s*(?:are|is|of)?\s*[:=]?\s*(?:one of\s*:?\s*)?"
    r"[\[({]?((?:[\"'“]?[\w /&-]{2,30}[\"'”]?\s*(?:,|;|\||/|\n-?)\s*(?:or |"
    r"and )?){1,20}[\"'“]?[\w &-]{2,30}[\"'”]?|[\"'“]?[\w-]{2,30}[\"'”]? or "
    r"(?:not )?[\"'“]?[\w -]{2,30}?[\"'”]?)[\])}]?(?=\s*(?:[:.?\n]|$|categor|class|based))",
    re.I,
)
_MOOD_ASK = re.compile(
    r"\bsentiment\b|\b(?:positive|negative)\b.{0,30}\b(?:or|,|/)\b.{0,30}\b(?:positive|negative|"
    r"neutral)\b|\b(?:tone|mood|polarity)\b|\bstimmung\b|情感",
    re.I,
)
_CLASSIFY = re.compile(
    r"\b(?:classif\w+|categori[sz]e|label|which (?:category|label|class|topic|of (?:these|"
    r"the following) (?:categories|labels|topics))|assign|"
    r"^(?:categories|labels|classes)(?=\s*:)|what (?:category|class|topic|kind|type) (?:is|does|"
    r"of)|is (?:this|the following|it)|determine|decide|detect|tag|choose|pick|select|identify)\b",
    re.I,
)


def answer(prompt: Prompt) -> Answer | None:
    """Labels the text in the task."""
    if len(prompt.task) > 100_000:
        return None
    order = order_of(prompt.task)
    made = (make(match, prompt) for rule, make in _RULES if (match := rule.search(order)))
    return next((found for found in made if found is not None), None)


def labels_in(task: str) -> list[str]:
    """The labels that a task offers."""
    match = _LABEL_LIST.search(task)
    if match is None:
        return []
    text = re.sub(r"\s*[|/]\s*|\s+or\s+|,\s*or\s+|\n-?\s*", ", ", match[1])
    found = [value.strip("\"'“”‘’ .") for value in parse(text).values]
    return [
        re.sub(r"^(?:an?|the|or|and|either) ", "", value)
        for value in found
        if value and len(value) < 40
    ][:50]


def _sentiment(match: re.Match[str], prompt: Prompt) -> Answer | None:
    text = _text(prompt)
    if not text:
        return None
    offered = labels_in(prompt.task.replace(text, " "))
    if "positive" in " ".join(offered).lower():
        label, _ = choose(text, offered)
    else:
        label = choose(text, ["positive", "negative", "neutral"])[0]
    weighed = mood(text)
    if not weighed.score and not {"neutral", "mixed"} & {
        name.lower() for name in offered or [label]
    }:
        return Answer("I do not know: no word of the text speaks clearly for either.", "unknown")
    if prompt.form.brevity or re.search(r"\b(?:only|just|one word)\b", prompt.task, re.I):
        return Answer(label, label)
    why = (
        f" ({weighed.positive:g} for, {weighed.negative:g} against)"
        if re.search(r"\b(?:why|explain|score)\b", prompt.task, re.I)
        else ""
    )
    return Answer(
        prompt.phrase(f"{label}{why}", f"{label}{why}", f"The sentiment is {label}{why}."), label
    )


def _choose(match: re.Match[str], prompt: Prompt) -> Answer | None:
    text = _text(prompt)
    offered = labels_in(prompt.task.replace(text, " ") if text else prompt.task) or labels_in(
        prompt.system
    )
    if not text or len(offered) < 2:
        return None
    label, sure = choose(text, offered)
    if sure or prompt.form.brevity:
        return Answer(label, label)
    return Answer(f"{label} (a guess: no word of the text speaks for any of the labels)", label)


def label(text: str, order: str) -> str:
    """The label for one text, of those that the order offers."""
    return choose(text, labels_in(order))[0]


def _text(prompt: Prompt) -> str:
    return _message(prompt.task) or given(prompt.task) or _quoteless(prompt.task) or subject(prompt)


def _message(task: str) -> str:
    match = re.search(
        r"^(?:message|text|review|email|tweet|comment|sentence|ticket|input)\s*:\s*(.+)",
        task,
        re.I | re.M | re.S,
    )
    return match[1].strip() if match else ""


def _quoteless(task: str) -> str:
    """'Is the review I love it positive or negative?' has no marks around its text."""
    match = re.search(
        r"\b(?:of|review|sentence|text|statement|this)\s+(?!the |this |is |"
        r"it )(.{3,400}?)\s+(?:is )?(?:positive|negative)\b",
        task,
        re.I,
    )
    if match and " " in match[1]:
        return match[1]
    parts = sentences(task)
    rest = [part for part in parts if not _MOOD_ASK.search(part) and not _CLASSIFY.match(part)]
    return " ".join(rest) if len(rest) < len(parts) else ""


def _language(match: re.Match[str], prompt: Prompt) -> Answer | None:
    text = subject(prompt)
    code = detect(text) if text else ""
    if not text:
        return None
    if not code:
        return Answer("I cannot tell the language of that text.", "unknown")
    return Answer(f"The text is in {name_of(code)}.", name_of(code))


def _is_mood(match: re.Match[str], prompt: Prompt) -> Answer | None:
    text = _text(prompt)
    if not text:
        return None
    label = choose(text, ["positive", "negative", "neutral"])[0]
    holds = label == match[1].lower()
    return Answer(
        f"{'Yes' if holds else 'No'}: the sentiment is {label}.", "yes" if holds else "no"
    )


def _topic(match: re.Match[str], prompt: Prompt) -> Answer | None:
    text = _text(prompt)
    label, sure = choose(text, _TOPICS) if text else ("", False)
    return Answer(label, label) if sure else None


_TOPICS = (
    "sports",
    "politics",
    "technology",
    "business",
    "health",
    "science",
    "food",
    "travel",
    "education",
    "weather",
)
_RULES: tuple[Rule, ...] = (
    (
        re.compile(
            r"\b(?:what|which) language\b|\b(?:detect|identify) the language\b|\blanguage of\b",
            re.I,
        ),
        _language,
    ),
    (_MOOD_ASK, _sentiment),
    (_CLASSIFY, _choose),
    (re.compile(r"\bis (?:this|the|it)\b[^:?\n]{0,40}\b(positive|negative)\b", re.I), _is_mood),
    (
        re.compile(
            r"\b(?:topic|subject|theme) (?:of|is)\b|\bwhat is (?:this|the text) about\b", re.I
        ),
        _topic,
    ),
)
