"""Reads JSON schemas: references, combinations, the type that is wanted. `values` builds what they
describe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_MOST_DEPTH = 24
_MOST_STEPS = 300
_KINDS = frozenset(("object", "array", "string", "number", "integer", "boolean", "null"))


def resolve(schema: Schema, root: Schema) -> Schema:
    """A schema with its references, its allOf and the best of its anyOf or oneOf put in."""
    return _resolve(schema, root, 0, [_MOST_STEPS])


def _resolve(schema: Schema, root: Schema, depth: int, left: list[int]) -> Schema:
    left[0] -= 1  # schemas that refer to each other could fan out for ever
    if depth > _MOST_DEPTH or left[0] < 0:
        return {}
    ref = schema.get("$ref")
    if isinstance(ref, str):
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _resolve({**_lookup(ref, root), **rest}, root, depth + 1, left)
    for key in ("anyOf", "oneOf"):
        options = [row for row in rows_of(schema, key) if isinstance(row, dict)]
        if options:
            # what is not null says more; of several the first
            best = next((row for row in options if row.get("type") != "null"), options[0])
            rest = {name: value for name, value in schema.items() if name != key}
            best = _resolve(best, root, depth + 1, left)
            return _resolve(_merged(rest, best), root, depth + 1, left)
    if isinstance(schema.get("allOf"), list):
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in rows_of(schema, "allOf"):
            if isinstance(part, dict):
                merged = _merged(merged, _resolve(part, root, depth + 1, left))
        return merged
    return schema


def _lookup(ref: str, root: Schema) -> Schema:
    node: Any = root
    for part in ref.removeprefix("#").strip("/").split("/") if ref != "#" else ():
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and part.isdigit():
            node = node[int(part)] if int(part) < len(node) else {}
        else:
            node = node.get(part, {}) if isinstance(node, dict) else {}
    return node if isinstance(node, dict) else {}


_TIGHTER: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "minItems": max,
    "minProperties": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
    "maxItems": min,
    "maxProperties": min,
}


def _merged(one: Schema, other: Schema) -> Schema:
    """Both schemas at once."""
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        left, right = one[key], other[key]
        if key in _TIGHTER and isinstance(left, int | float) and isinstance(right, int | float):
            merged[key] = _TIGHTER[key](left, right)
        elif key == "properties" and isinstance(left, dict) and isinstance(right, dict):
            merged[key] = {
                **left,
                **{name: _both(left.get(name), row) for name, row in right.items()},
            }
        elif key == "required" and isinstance(left, list) and isinstance(right, list):
            merged[key] = list(dict.fromkeys([*left, *right]))
        elif key == "enum" and isinstance(left, list) and isinstance(right, list):
            merged[key] = [value for value in left if value in right] or right
    return merged


def _both(one: Any, other: Any) -> Any:
    return {"allOf": [one, other]} if isinstance(one, dict) and isinstance(other, dict) else other


def kind_of(schema: Schema) -> str:
    """The JSON type that a schema wants; of several the first that is not null."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((row for row in kind if row != "null"), "null")
    if isinstance(kind, str) and kind in _KINDS:
        return kind
    for key, implied in _IMPLIED.items():
        if key in schema:
            return implied
    return "string"


_IMPLIED = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "maxItems": "array",
    "minimum": "number",
    "maximum": "number",
    "multipleOf": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
}


def may_be_null(schema: Any, root: Schema, depth: int = 0) -> bool:
    """Whether null is allowed."""
    if not isinstance(schema, dict) or depth > 4:
        return False
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return "enum" not in schema or None in rows_of(schema, "enum")
    ref = schema.get("$ref")
    options = [*rows_of(schema, "anyOf"), *rows_of(schema, "oneOf")]
    if isinstance(ref, str):
        options.append(_lookup(ref, root))
    return any(may_be_null(row, root, depth + 1) for row in options)


def about(schema: Schema) -> str:
    """What a schema says of itself."""
    return str(schema.get("description") or schema.get("title") or "")


def rows_of(schema: Schema, key: str) -> list[Any]:
    """The schemas under a key such as anyOf; none where it holds no list."""
    found = schema.get(key)
    return found[:50] if isinstance(found, list) else []


def properties_of(schema: Schema) -> dict[str, Any]:
    """The named properties; none where the schema is malformed."""
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def required_of(schema: Schema) -> list[str]:
    """The names that must be there."""
    found = schema.get("required")
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []


def bound(schema: Schema, key: str) -> int:
    """A count such as minItems; 0 where there is none."""
    value = schema.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
