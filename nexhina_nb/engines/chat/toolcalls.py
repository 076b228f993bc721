"""Plans tool calls: fills the arguments of the chosen tools from the text, one call a thing."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from nexhina_nb.engines.chat import fields, figures
from nexhina_nb.engines.chat.conversation import Talk
from nexhina_nb.engines.chat.offers import ANY, FREE, NONE, Tool
from nexhina_nb.engines.chat.prompt import Prompt
from nexhina_nb.engines.chat.schema import kind_of, properties_of, required_of, resolve
from nexhina_nb.engines.chat.source import Source
from nexhina_nb.engines.chat.toolchoice import choose, stems_of
from nexhina_nb.engines.chat.values import Build
from nexhina_nb.engines.chat.words import STOP, stem

_MOST_CALLS = 16


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A tool fits, but the text does not hold what it requires."""

    tool: str
    fields: tuple[str, ...]


def plan(talk: Talk, prompt: Prompt) -> list[Call] | Missing | None:
    """The calls that the task wants, or what they lack; None where an answer is wanted."""
    if (
        not talk.offer.tools
        or talk.offer.must_call == NONE
        or (talk.results and talk.parallel and not talk.offer.must_call)
    ):
        return None
    if talk.results and talk.offer.must_call not in (FREE, ANY):
        return None  # the one tool that had to be called has been called
    chosen = choose(talk, prompt, _is_complete)
    if not chosen:
        return None
    made: list[tuple[str, dict[str, Any]]] = []
    for tool, text in chosen:
        arguments, missing = _arguments(tool, text, prompt)
        if missing and not talk.offer.must_call:
            return Missing(tool.name, tuple(missing))
        made += [(tool.name, row) for row in _several(tool, arguments, text)]
    made = [row for at, row in enumerate(made) if row not in made[:at]][:_MOST_CALLS]
    if not talk.parallel:
        made = made[len(talk.results) : len(talk.results) + 1]
    return [_call(talk, prompt, place, *row) for place, row in enumerate(made)] or None


def _is_complete(tool: Tool, text: str) -> bool:
    return not _arguments(tool, text, None)[1]


def _call(talk: Talk, prompt: Prompt, place: int, name: str, arguments: dict[str, Any]) -> Call:
    seed = f"{talk.digest}:{prompt.variant}:{len(talk.results) + place}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:24]
    return Call(f"call_{digest}", name, json.dumps(arguments, ensure_ascii=False))


def _arguments(tool: Tool, text: str, prompt: Prompt | None) -> tuple[dict[str, Any], list[str]]:
    """The arguments that the text gives, and the required ones that it does not."""
    source = Source(text)
    build = Build(
        tool.parameters, source, lambda name, row: _leftover(tool, name, row, text, prompt)
    )
    made = build.value({"type": "object", **tool.parameters})
    made = made if isinstance(made, dict) else {}
    required = required_of(tool.parameters)
    return made, [
        name
        for name in required
        if made.get(name) == "unknown" or _is_empty_guess(tool, name, text)
    ]


def _is_empty_guess(tool: Tool, name: str, text: str) -> bool:
    """A required number for which the text has none."""
    row = properties_of(tool.parameters).get(name)
    row = resolve(row, tool.parameters) if isinstance(row, dict) else {}
    bare = not {"default", "enum", "const"} & row.keys()
    return (
        bare
        and kind_of(row) in ("number", "integer")
        and figures.number(name, "", Source(text), False) is None
    )


def _leftover(tool: Tool, name: str, row: dict[str, Any], text: str, prompt: Prompt | None) -> Any:
    """For the only required text that no pattern finds: the words of the task that do not speak of
    the tool.
    """
    required = required_of(tool.parameters) or list(properties_of(tool.parameters))
    if (
        row.get("format")
        or kind_of(row) != "string"
        or list(required) != [name]
        or re.search(r"unit|currency|date|time", name)
    ):
        return None
    if fields.string(name, str(row.get("description", "")), Source(text)):
        return None
    own = stems_of(tool.name) | stems_of(tool.description) | stems_of(name)
    rest = [
        word
        for word in re.findall(r"[\w'’.@-]+", text)
        if word.lower() not in STOP | _POLITE and stem(word.lower()) not in own
    ]
    return " ".join(rest).strip(".") or None


_POLITE_WORDS = (
    "hi hello hey thanks use using call like want need know let get show much today now right"
)
_POLITE = frozenset(_POLITE_WORDS.split())


def _several(tool: Tool, arguments: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """'weather in Paris and London' is two calls: one for each name of the list that the found one
    belongs to.
    """
    for name, value in arguments.items():
        if not isinstance(value, str):
            continue
        match = (
            re.search(
                rf"(?<![\w]){re.escape(value)}(?:,? (?:[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?))*(?:\s*,"
                rf"\s*(?:and |or )?|\s+(?:and|or|vs\.?|versus)\s+(?:in |for )?)"
                r"[A-Z][\w'’-]+[^?.!\n]{0,200}",
                text,
            )
            if value[:1].isupper()
            else None
        )
        if match:
            parts = [
                part.strip()
                for part in re.split(
                    r"\s*,\s*(?:and |or )?|\s+(?:and|or|vs\.?|versus)\s+(?:in |for )?", match[0]
                )
            ]
            found = [
                name_[0]
                for part in parts
                if (name_ := re.match(r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*", part))
            ]
            if len(found) > 1 and "," not in value:
                return [{**arguments, name: part} for part in dict.fromkeys(found)]
    return [arguments]
