"""Finds the text that an edit or a count is about, however it is attached to the order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from nexhina_nb.engines.chat.material import order_of
from nexhina_nb.engines.chat.payload import earlier, given, unquote
from nexhina_nb.engines.chat.prompt import Answer, Prompt

Edit = Callable[[re.Match[str], str], Answer | None]
_TAIL_END = (
    r"\s+(?:the )?(?:word |string |phrase |text |sentence |letters in |"
    r"name )?[\"'“‘]?([^\"'”’?:\n]{1,500}?)[\"'”’]?"
    r"(?=\s+(?:to|into|in|as|have|has|contain|backwards?|all|out|letter by letter|a palindrome|"
    r"and)\b|[?.!]?\s*$)"
)
_TAILS = tuple(
    re.compile(rf"\b(?:{before})\b{_TAIL_END}", re.I)
    for before in (
        "of|in|from",
        "is|does|for|to|with|convert|turn|put|make|change|write|say|spell|reverse|uppercase|"
        "capitali[sz]e|lowercase",
    )
)
_IS_FORM = re.compile(
    r"^(?:all )?(?:upper|lower|title|capital|snake|camel|kebab|reverse|caps|rot)", re.I
)
_POINTER = re.compile(
    r"^(?:it|this|that|them|these|the (?:text|sentence|above|result|answer|previous \w+)|"
    r"my (?:text|name))$",
    re.I,
)


def first_edit(orders: Iterable[tuple[re.Pattern[str], Edit]], prompt: Prompt) -> Answer | None:
    """The answer of the first order that is found in the task and can be carried out."""
    task = prompt.task
    if len(task) > 60_000:
        return None
    order = order_of(task)
    if order != task:
        task = order
    head = f"{task[:300]} {task[-200:]}" if len(task) > 500 else task
    for pattern, make in orders:
        match = pattern.search(head)
        text = _text(match, prompt) if match else ""
        answer = make(match, text) if match and text else None
        if answer is not None:
            return answer
    return None


def _text(match: re.Match[str], prompt: Prompt) -> str:
    if match.groupdict().get("text"):
        return unquote(match["text"])
    text = given(prompt.task)
    if text and text != match.groupdict().get("letter"):
        return text
    for pattern in _TAILS:
        tail = pattern.search(prompt.task)
        if tail and not _POINTER.match(tail[1].strip()) and not _IS_FORM.match(tail[1].strip()):
            return tail[1].strip()
    return earlier(prompt)
