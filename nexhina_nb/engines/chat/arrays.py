"""Builds JSON arrays: the entries that a text lists, or as many made ones as the schema demands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nexhina_nb.engines.chat import extraction, fields
from nexhina_nb.engines.chat.bounds import bounded
from nexhina_nb.engines.chat.samples import all_of_format, fit_text
from nexhina_nb.engines.chat.schema import Schema, about, bound, kind_of, properties_of, resolve
from nexhina_nb.engines.chat.source import Source

if TYPE_CHECKING:  # the two build each other: objects hold arrays, arrays hold objects
    from nexhina_nb.engines.chat.values import Build

MOST_ITEMS = 256
DEEP = 8  # from here on only what is required


def array(build: Build, schema: Schema, name: str) -> list[Any]:
    """An array of a schema, filled from the text where it lists something."""
    least = min(bound(schema, "minItems"), MOST_ITEMS)
    most = schema.get("maxItems")
    most = most if isinstance(most, int) else MOST_ITEMS
    fixed = schema.get("prefixItems")
    made = [build.value(row, name) for row in fixed[:most]] if isinstance(fixed, list) else []
    row = schema.get("items", {})
    if isinstance(row, dict):
        made += _entries(build, row, name, most - len(made))
        if (
            not made
            and build.depth < DEEP
            and most
            and kind_of(resolve(row, build.root)) == "object"
        ):
            made += _records(build, row, name, most)
        while len(made) < least and bound(schema, "minItems"):
            made.append(_another(build, row, name, made, bool(schema.get("uniqueItems"))))
    if schema.get("uniqueItems"):
        made = (
            [value for at, value in enumerate(made) if value not in made[:at]]
            if len(made) > least
            else made
        )
    return made[:most]


def _entries(build: Build, row: Schema, name: str, most: int) -> list[Any]:
    """Entries that the text lists, as far as they fit the items' schema."""
    row = resolve(row, build.root)
    kind = kind_of(row)
    if isinstance(row.get("enum"), list):
        named = [value for value in row["enum"] if str(value).lower() in build.source.text.lower()]
        return named[:most]
    if kind == "string" and "format" in row:
        return all_of_format(row, build.source.text)[: max(most, 0)]
    if kind == "string":
        said = about(row)
        found = (
            build.answers(name, {"type": "array"}) or fields.strings(name, said, build.source) or []
        )
        return [fit_text(str(text), row) for text in found][: max(most, 0)]
    if kind in ("number", "integer"):
        numbers = [
            float(value.replace(",", "")) for value in extraction.NUMBER.findall(build.source.text)
        ]
        return [
            bounded(int(value) if value.is_integer() else value, row)
            for value in numbers
            if kind == "number" or value.is_integer()
        ][: max(most, 0)]
    return []


def _records(build: Build, row: Schema, name: str, most: int) -> list[Any]:
    """One object for each thing that is known by its fields, else for each part of the text that
    speaks of another.
    """
    known = build.answers(name, {"type": "array", "items": {"type": "object"}})
    if known is not None:
        return [_record(build, row, name, one) for one in known[: max(most, 0)]]
    whole = build.source
    keys = properties_of(resolve(row, build.root))
    parts = fields.records(
        whole.text,
        named=any(re.search(r"name|person|product|item|city|title", key) for key in keys),
    )
    made = []
    for part in parts[: min(most, 64)]:
        build.source = Source(part)
        made.append(build.value(row, name))
    build.source = whole
    return made


def _record(build: Build, row: Schema, name: str, facts: Mapping[str, Any]) -> Any:
    answers, build.answers = build.answers, lambda key, _: facts.get(key.lower())
    made = build.value(row, name)
    build.answers = answers
    return made


def _another(build: Build, row: Schema, name: str, made: list[Any], unique: bool) -> Any:
    value = build.value(row, name)
    place = 0
    while unique and value in made and place < MOST_ITEMS:
        place += 1
        row_ = resolve(row, build.root)
        if isinstance(row_.get("enum"), list):
            value = row_["enum"][place % len(row_["enum"])]
        elif isinstance(value, bool):
            value = not value
        elif isinstance(value, int | float):
            value = bounded(value + place, row_)
        else:
            value = fit_text(f"{value}{place}", row_) if isinstance(value, str) else value
    return value
