"""Chooses tools by the words of their names, descriptions and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nexhina_nb.engines.chat.conversation import Talk
from nexhina_nb.engines.chat.offers import ANY, FREE, Tool
from nexhina_nb.engines.chat.prompt import Prompt
from nexhina_nb.engines.chat.schema import properties_of
from nexhina_nb.engines.chat.skills import arithmetic
from nexhina_nb.engines.chat.words import STOP, stem, words

_CLAUSE = re.compile(r"\s*(?:[?;]|\.(?=\s|$)|,?\s+(?:and|then|also)\b(?: then| also)?|,)\s*", re.I)
_ENOUGH = 2.0
# Words that speak of the same errand; only for choosing, so rough rows will do.
_ERRANDS = tuple(
    frozenset(stem(word) for word in row.split())
    for row in (
        "weather temperature forecast rain umbrella sunny hot cold warm degrees climate snow",
        "search lookup look find google web browse research",
        "calculate calculator compute math evaluate expression arithmetic",
        "stock share ticker quote price market",
        "email mail send message notify",
        "calendar schedule meeting event appointment book",
        "reminder remind alarm timer",
        "translate translation language",
        "currency exchange convert rate",
        "time clock hour timezone",
        "flight fly plane airline ticket",
        "restaurant eat dinner food table",
        "add plus sum",
        "subtract minus difference",
        "multiply times product",
        "divide divided quotient",
    )
)
_IDLE = frozenset(
    stem(word)
    for word in [
        "get",
        "set",
        "fetch",
        "current",
        "return",
        "returns",
        "given",
        "use",
        "used",
        "function",
        "tool",
        "user",
        "value",
        "data",
        "information",
        "info",
        "name",
        "string",
        "number",
        "e.g",
        "specific",
        "provide",
        "call",
        "called",
        "new",
        "based",
        "want",
        "like",
        "type",
        "list",
    ]
)
_NAME_WEIGHT, _ABOUT_WEIGHT, _FIELD_WEIGHT = 2.0, 1.0, 0.5


def choose(
    talk: Talk, prompt: Prompt, is_complete: Callable[[Tool, str], bool]
) -> list[tuple[Tool, str]]:
    """The tools with the parts of the task that speak of them."""
    task = prompt.task
    if talk.offer.must_call not in (FREE, ANY):
        return [(tool, task) for tool in talk.offer.tools if tool.name == talk.offer.must_call]
    clauses = [part for part in _CLAUSE.split(task) if part.strip()]
    by_clause = [
        (best, part) for part in clauses if (best := _best(talk.offer.tools, part, prompt))
    ]
    if len({tool.name for tool, _ in by_clause}) > 1 or (
        len(by_clause) > 1 and all(is_complete(*row) for row in by_clause)
    ):
        return by_clause
    best = _best(talk.offer.tools, task, prompt)
    if best is None and talk.offer.must_call == ANY:
        best = max(talk.offer.tools, key=lambda tool: score(tool, task))
    return [(best, task)] if best else []


def _best(tools: tuple[Tool, ...], text: str, prompt: Prompt) -> Tool | None:
    rated = [
        (score(tool, text) + _sum_bonus(tool, text, prompt), -at) for at, tool in enumerate(tools)
    ]
    if not rated or max(rated)[0] < _ENOUGH:
        return None
    return tools[-max(rated)[1]]


def _sum_bonus(tool: Tool, text: str, prompt: Prompt) -> float:
    """A sum is an errand for a calculator, although it shares no word with one."""
    said = f"{tool.name} {tool.description}".lower()
    if not re.search(r"calculat|arithmetic|math|expression", said):
        return 0.0
    return _ENOUGH if arithmetic.answer(Prompt(task=text)) else 0.0


def score(tool: Tool, text: str) -> float:
    """How much a text speaks of a tool."""
    heard = {stem(word) for word in words(text) if word not in STOP}
    named = stems_of(tool.name)
    about = stems_of(tool.description) - named
    rows = properties_of(tool.parameters)
    said = " ".join(
        f"{name} {row.get('description', '')} {_values(row)}"
        for name, row in rows.items()
        if isinstance(row, dict)
    )
    errands = [row for row in _ERRANDS if row & named and row & heard and not row & named & heard]
    return (
        _NAME_WEIGHT * len(heard & named)
        + _ABOUT_WEIGHT * len(heard & about)
        + _FIELD_WEIGHT * len(heard & (stems_of(said) - named - about))
        + _NAME_WEIGHT * len(errands)
    )


def stems_of(text: str) -> set[str]:
    """The stems of a name or description that say what it is about."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", text)
    return {stem(word) for word in words(spaced) if word not in STOP} - _IDLE


def _values(row: dict[str, Any]) -> str:
    values = row.get("enum")
    return " ".join(str(value) for value in values[:50]) if isinstance(values, list) else ""
