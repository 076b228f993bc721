"""Builds a JSON value that is valid against a schema, filled from a text where the text has
something to say.

Knows type, properties, required, additionalProperties, enum, const, items, prefixItems,
minItems, maxItems, uniqueItems, minimum, maximum, their exclusive forms, multipleOf, minLength,
maxLength, pattern (its common parts), format, anyOf, oneOf, allOf, default, and $ref into the
same document. Depth and size are bounded, so a schema that needs an endless value gets a finite,
and then invalid, one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nexhina_nb.engines.chat import fields, figures
from nexhina_nb.engines.chat.arrays import DEEP, MOST_ITEMS, array
from nexhina_nb.engines.chat.bounds import bounded
from nexhina_nb.engines.chat.labels import choose
from nexhina_nb.engines.chat.samples import fit_text, of_format
from nexhina_nb.engines.chat.schema import (
    Schema,
    about,
    bound,
    kind_of,
    may_be_null,
    properties_of,
    required_of,
    resolve,
)
from nexhina_nb.engines.chat.source import Source

_MOST_DEPTH = 24
_MOST_NODES = 600


@dataclass(slots=True)
class Build:
    """One value in the making: the text it is read from, and the skills' answers by field."""

    root: Schema
    source: Source
    answers: Callable[[str, Schema], Any] = lambda name, schema: None
    nodes: int = 0
    depth: int = 0
    event: bool = False  # the field names an event, not a person

    def value(self, schema: Any, name: str = "") -> Any:
        """A value for a schema; ``name`` is the field that it fills."""
        self.nodes += 1
        if (
            schema is True
            or not isinstance(schema, dict)
            or self.nodes > _MOST_NODES
            or self.depth > _MOST_DEPTH
        ):
            return None
        self.depth += 1
        try:
            return self._value(resolve(schema, self.root), name)
        finally:
            self.depth -= 1

    def _value(self, schema: Schema, name: str) -> Any:
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return self._choice(schema, name)
        kind = kind_of(schema)
        told = self.answers(name, schema) if name and kind not in ("object", "array") else None
        if told is not None and _is_kind(told, kind):
            return _BOUNDS[kind](told, schema) if kind in _BOUNDS else told
        return _MAKERS[kind](self, schema, name)

    def evidence(self, schema: Any, name: str) -> bool:
        """Whether the text says anything for an optional field."""
        schema = resolve(schema, self.root) if isinstance(schema, dict) else {}
        if "const" in schema or "default" in schema:
            return True
        kind = kind_of(schema)
        if kind in ("object", "array"):
            return (
                self.depth < DEEP
                and kind == "array"
                and fields.strings(name, about(schema), self.source) is not None
            )
        probe = Source(self.source.text, list(self.source.used), self.source.claimed)
        return self._found(kind, schema, name, probe) is not None

    def _found(self, kind: str, schema: Schema, name: str, source: Source) -> Any:
        if isinstance(schema.get("enum"), list):
            labels = [str(value) for value in schema["enum"]]
            return True if labels and choose(source.text, labels)[1] else None
        said = about(schema)
        if kind in ("number", "integer"):
            return figures.number(name, said, source, kind == "integer")
        if kind == "boolean":
            return fields.boolean(name, said, source)
        return fields.string(name, said, source) if kind == "string" else None

    def _choice(self, schema: Schema, name: str) -> Any:
        values = schema["enum"]
        if name and (told := self.answers(name, {**schema, "type": "string"})) in values:
            return told
        if "default" in schema and schema["default"] in values:
            label, sure = choose(self.source.text, [str(value) for value in values])
            return (
                next(value for value in values if str(value) == label)
                if sure
                else schema["default"]
            )
        label, _ = choose(self.source.text, [str(value) for value in values])
        return next(value for value in values if str(value) == label)


def _object(build: Build, schema: Schema, name: str) -> Schema:
    properties, required = properties_of(schema), required_of(schema)
    made: Schema = {}
    for key, row in list(properties.items())[:MOST_ITEMS]:
        known = resolve(row, build.root) if isinstance(row, dict) else {}
        if kind_of(known) in ("number", "integer"):
            figures.claim(key, build.source)
    event = bool({"participants", "attendees", "guests"} & properties.keys())
    for key, row in list(properties.items())[:MOST_ITEMS]:
        build.event = event and key in ("name", "title")
        if key in required or (build.depth < DEEP and build.evidence(row, key)):
            made[key] = _null_or(build, row, key)
    extra = schema.get("additionalProperties", True)
    for key in required:
        if key not in made:
            made[key] = build.value(extra, key) if isinstance(extra, dict) else None
    for place in range(bound(schema, "minProperties") - len(made)):
        made[f"field{place + 1}"] = build.value(extra if isinstance(extra, dict) else {})
    return made


def _null_or(build: Build, schema: Any, name: str) -> Any:
    """Null where it is allowed and the text says nothing, or where the depth forbids more."""
    if may_be_null(schema, build.root) and (
        build.depth >= DEEP or not build.evidence(schema, name)
    ):
        known = (
            build.answers(name, resolve(schema, build.root)) if isinstance(schema, dict) else None
        )
        if known is None:
            return None
    return build.value(schema, name)


def _string(build: Build, schema: Schema, name: str) -> str:
    shaped = of_format(schema, build.source.text)
    if shaped is not None:
        return fit_text(shaped, schema)
    found = fields.string("event" if build.event else name, about(schema), build.source)
    if found is None and isinstance(schema.get("default"), str):
        found = schema["default"]
    return fit_text(found if found is not None else "unknown", schema)


def _number(build: Build, schema: Schema, name: str) -> float | int:
    whole = kind_of(schema) == "integer"
    found = figures.number(name, about(schema), build.source, whole)
    if found is None:
        default = schema.get("default")
        found = default if isinstance(default, int | float) and not isinstance(default, bool) else 0
    return bounded(int(found) if whole else found, schema)


def _boolean(build: Build, schema: Schema, name: str) -> bool:
    found = fields.boolean(name, about(schema), build.source)
    return found if found is not None else bool(schema.get("default", False))


_MAKERS: dict[str, Callable[[Build, Schema, str], Any]] = {
    "object": _object,
    "array": array,
    "string": _string,
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "null": lambda build, schema, name: None,
}
_BOUNDS: dict[str, Callable[[Any, Schema], Any]] = {
    "string": lambda value, schema: fit_text(value, schema),
    "number": bounded,
    "integer": bounded,
}


def _is_kind(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    kinds: dict[str, Any] = {"string": str, "number": int | float, "boolean": bool}
    return (
        kind in kinds
        and isinstance(value, kinds[kind])
        and (kind == "boolean" or not isinstance(value, bool))
    )
