"""Puts what tools answered into a sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nexhina_nb.engines.chat.conversation import Result
from nexhina_nb.engines.chat.prompt import Answer

_MOST_CHARACTERS = 4_000
_MOST_DEPTH = 6


def answer(results: Sequence[Result]) -> Answer:
    """One sentence for each result; a bare value is also the brief form."""
    said = [_sentence(result) for result in results]
    briefs = [_brief(result.text) for result in results]
    return Answer("\n".join(said), ", ".join(briefs) if all(briefs) else "")


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()


def _brief(text: str) -> str:
    value = _read(text)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return "" if isinstance(value, dict | list) else _shown(value)


def _sentence(result: Result) -> str:
    value = _read(result.text)
    name = result.name.replace("_", " ").strip() or "tool"
    if value in ("", None, [], {}):
        return f"The {name} result is empty."
    if isinstance(value, dict) and value.get("error"):
        return f"The {name} call failed: {_shown(value['error'])}."
    if isinstance(value, str):
        return value if value.endswith((".", "!", "?")) else f"{value}."
    if isinstance(value, dict | list):
        return f"According to {name}: {_shown(value)}."[:_MOST_CHARACTERS]
    return f"The {name} result is {_shown(value)}."


def _shown(value: Any, depth: int = 0) -> str:
    if depth > _MOST_DEPTH:
        return "…"
    if isinstance(value, dict):
        return ", ".join(
            f"{str(key).replace('_', ' ')} {_shown(row, depth + 1)}" for key, row in value.items()
        )
    if isinstance(value, list):
        return "; ".join(_shown(row, depth + 1) for row in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
