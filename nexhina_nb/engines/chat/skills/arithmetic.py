"""Arithmetic, in signs or in words: '15% of 80', '3 plus 4 times 2', 'the square root of 144';
exact and bounded.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.expressions import NotAnExpression, Undefined, Value, evaluate
from nexhina_nb.engines.chat.numbers import find_numbers, is_exact, show, show_both, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.sums import expression

_ANY_OPERATOR = re.compile(
    r"[-+*/%^!]|sqrt|cbrt|abs|round|sin|cos|tan|log|ln|exp|floor|ceil|max|min|factorial"
)
_RUN = re.compile(r"(?<![\w.])[(\d.√-][\d\s.,()+*/%^×÷−-]{1,300}[\d)!%]")
_BETWEEN = re.compile(r"[\d)!%]\s*(?:[-+*/^×÷−]|%\s*(?=[\d(]))\s*[\d(.√-]")
_IS_DATE = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b")
_ASKS_FOR_SUM = re.compile(r"what|how much|calculate|compute|evaluate|solve|result|=|\?", re.I)
_LONGEST = 600


def answer(prompt: Prompt) -> Answer | None:
    """Computes what the task spells out; None when the task is no arithmetic."""
    if len(prompt.task) > 4_000 or _IS_DATE.search(prompt.task):
        return None
    for text in _candidates(_follow_up(prompt) or prompt.task):
        try:
            return _say(prompt, text, evaluate(text))
        except NotAnExpression:
            continue
        except Undefined as why:
            return Answer(f"{text} cannot be computed: {why}.", "undefined")
    return None


def _follow_up(prompt: Prompt) -> str:
    """'And times 3?' after an answer with a number: the task with that number put in."""
    found = find_numbers(prompt.last("assistant")[-200:]) if prompt.turns else []
    if not found:
        return ""
    number = show(found[-1])
    task = with_digits(prompt.task.strip())
    for pattern, put in _CONTINUES:
        if pattern.search(task):
            return pattern.sub(put.replace("LAST", number), task)
    return ""


_CONTINUES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.I), put)
    for pattern, put in (
        (r"^(?:and |now |then |ok |so )*add (-?[\d.]+)(?: (?:to|more).*)?[.?!]*$", r"LAST + \1"),
        (r"^(?:and |now |then |ok |so )*subtract (-?[\d.]+)(?: from.*)?[.?!]*$", r"LAST - \1"),
        (
            r"^(?:and |now |then |ok |so )*multiply (?:(?:it|that|this|"
            r"the \w+) )?by (-?[\d.]+)[.?!]*$",
            r"LAST * \1",
        ),
        (
            r"^(?:and |now |then |ok |so )*divide (?:(?:it|that|this|"
            r"the \w+) )?by (-?[\d.]+)[.?!]*$",
            r"LAST / \1",
        ),
        (
            r"^(?:and |now |then |ok |so )*(double|triple|half of|square root of|square) (?:it|"
            r"that|this|the \w+)[.?!]*$",
            r"\1 LAST",
        ),
        (
            r"^(?:and |now |then |ok |so |what (?:about|is|if) )*(?=(?:times|plus|minus|"
            r"divided by|multiplied by|to the power|squared|cubed|[-+*/×÷]\s*\d))",
            "LAST ",
        ),
        (
            r"\b(?:it|that|this|the (?:result|answer|sum|previous (?:result|"
            r"answer)))(?= (?:times|plus|minus|divided|multiplied|to the|squared|cubed|[-+*/×÷]))",
            "LAST",
        ),
        (r"(?<=of )(?:it|that|this|the (?:result|answer))\b", "LAST"),
    )
)


def _candidates(task: str) -> list[str]:
    found = [expression(task)] if len(task) <= _LONGEST else []
    if len(task) <= _LONGEST and ":" in task:
        found.append(expression(task.rpartition(":")[2]))
    if _ASKS_FOR_SUM.search(task):
        runs = sorted((match[0].strip() for match in _RUN.finditer(task)), key=len, reverse=True)
        found += [expression(run) for run in runs[:3] if _BETWEEN.search(run)]
    return [text for text in found if re.search(r"\d|\bpi\b", text) and _ANY_OPERATOR.search(text)]


def _say(prompt: Prompt, text: str, value: Value) -> Answer:
    shown = _tidy(text)
    brief = show(value.number, 10)
    if value.exact and is_exact(value.number):
        result, sign = brief, "="
    else:
        result, sign = show_both(value.number), "="
        if not value.exact:
            result, sign = show(value.number, 10), "≈"
    return Answer(
        prompt.phrase(
            f"{shown} {sign} {result}",
            f"The result is {result}.",
            f"{shown} {sign} {result}, computed exactly."
            if sign == "="
            else f"{shown} {sign} {result}",
        ),
        brief,
    )


def _tidy(text: str) -> str:
    text = re.sub(r"\s*(\*\*|//|(?<!\*)\*(?!\*)|(?<!/)/(?!/)|\+)\s*", r" \1 ", text)
    text = re.sub(r"(?<=[\d)])\s*-\s*(?=[\d(])", " - ", text)
    text = re.sub(r"\s*\*\*\s*", "**", text)
    text = re.sub(r"\((\d+)\)(?=!|\*\*)", r"\1", " ".join(text.split())).replace("% * ", "% of ")
    if text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1]
    return text
