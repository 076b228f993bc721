"""Lists as people write them: bulleted or numbered lines, commas, JSON arrays; parsed, and written
back the same way.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_MARK = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,4}[.)])\s+")
_COMMAS = re.compile(r"\s*[,;、，；]\s*(?:(?:and|or|und|et|y)\s+)?|\s+(?:and|or|und|et|y)\s+")
_DIGITS = re.compile(r"[$€£]?-?\d[\d.,]*%?")
_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Items:
    """The entries of a list and how they were written: lines, commas, spaces or json."""

    values: tuple[str, ...]
    style: str = "commas"

    def write(self, values: list[str]) -> str:
        """Other values, written the way these came."""
        if self.style == "json":
            return json.dumps([_plain(value) for value in values], ensure_ascii=False)
        return {"lines": "\n", "spaces": " "}.get(self.style, ", ").join(values)


def parse(text: str) -> Items:
    """The list that a text is; one value when it is none."""
    text = text.strip().strip("()")
    if text.startswith("["):
        values = _json(text)
        if values is not None:
            return Items(values, "json")
    text = text.strip("[]{}").rstrip(".!?")
    lines = [_MARK.sub("", line).strip().rstrip(",") for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return Items(tuple(lines[:_MOST]), "lines")
    parts = [part.strip("\"'“”‘’ ") for part in _COMMAS.split(text) if part.strip()]
    if len(parts) > 1:
        return Items(tuple(parts[:_MOST]), "commas")
    tokens = text.split()
    style = "commas" if all(_DIGITS.fullmatch(token) for token in tokens) else "spaces"
    return Items(tuple(tokens[:_MOST]), style)


def _json(text: str) -> tuple[str, ...] | None:
    try:
        found = json.loads(text[: text.rfind("]") + 1])
    except (ValueError, RecursionError):
        return None
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in found[:_MOST])


def _plain(value: str) -> object:
    try:
        return json.loads(value) if not value.startswith('"') else value
    except (ValueError, RecursionError):
        return value
