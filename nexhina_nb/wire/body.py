"""The body of a request, as the JSON object that it must be (contract 3.2, invalid_json)."""

from __future__ import annotations

from typing import Any

import orjson

from nexhina_nb.errors import BadRequest
from nexhina_nb.errors.kinds import kind_of

# orjson reads 1,024 levels and writes 254; what was read must also be possible to write.
DEEPEST = 128


def parse_json(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body. Raises BadRequest with the code invalid_json."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg:
            raise _too_deep() from None
        where = f" (line {error.lineno}, column {error.colno})" if body.strip() else ": it is empty"
        raise _not_json(f"the body is not valid JSON{where}") from None
    if not isinstance(value, dict):
        raise _not_json(f"the body must be a JSON object, not {json_name(value)}")
    if body.count(b"{") + body.count(b"[") > DEEPEST and _is_deep(value):
        raise _too_deep()
    return value


def _too_deep() -> BadRequest:
    return _not_json(f"the body is nested more than {DEEPEST} levels deep")


def _not_json(message: str) -> BadRequest:
    return BadRequest(message, code="invalid_json")


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for box in level
            for item in (box.values() if isinstance(box, dict) else box)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def json_name(value: object) -> str:
    """What JSON calls a value, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case float():
            return repr(value)
        case int():
            return "a number"
        case str():
            return "a string"
        case list() | tuple():
            return "an array"
        case dict():
            return "an object"
    return kind_of(value)
