"""What does not fit the contract becomes one sentence about one field (contract 3.2, 400)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nexhina_nb.errors import BadRequest
from nexhina_nb.wire.base import BRANCH, Wire
from nexhina_nb.wire.body import json_name

_WRONG_TYPE = {
    "bool_type": "a boolean",
    "bytes_type": "bytes",
    "dict_type": "an object",
    "float_type": "a number",
    "int_from_float": "an integer",
    "int_type": "an integer",
    "list_type": "an array",
    "model_attributes_type": "an object",
    "model_type": "an object",
    "string_type": "a string",
}
_SUBJECT = re.compile(r"^\w+ should ")


def check(model: type[Wire], body: Mapping[str, Any], *, is_form: bool = False) -> Wire:
    """The request; raises BadRequest naming the field, where it breaks its form.

    Of a multipart form, a text such as "0.2" counts as the number that it spells.
    """
    try:
        return model.model_validate(body, strict=False if is_form else None)
    except ValidationError as error:
        raise from_validation(error) from None


def from_validation(exc: ValidationError) -> BadRequest:
    """The first thing that is wrong with a request, as the error to answer with."""
    first = exc.errors(include_url=False)[0]
    # A wrong key of an object is not the path of anything: "[key]" is pydantic's word for it.
    path = [str(at) for at in first["loc"] if not str(at).startswith(BRANCH) and at != "[key]"]
    path += [first["ctx"]["field"]] if "field" in first.get("ctx", {}) else []
    param = ".".join(path) or None
    subject = f"'{param}'" if param else "the body"
    return BadRequest(f"{subject} {_predicate(first)}", code=_code(first["type"]), param=param)


def _code(kind: str) -> str:
    if kind == "missing":
        return "missing_required_parameter"
    return "invalid_type" if kind in _WRONG_TYPE or kind == "wrong_kind" else "invalid_value"


def _predicate(error: ErrorDetails) -> str:
    """What a field must be, and what it is; long or secret values are not repeated."""
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return error["msg"] if error["msg"].startswith("is required") else "is required"
    if kind in _WRONG_TYPE:
        return f"must be {_WRONG_TYPE[kind]}, not {json_name(value)}"
    rule = _SUBJECT.sub("must ", error["msg"]).replace(" after validation", "")
    if kind == "wrong_kind":
        return f"{rule}, not {json_name(value)}"
    return rule.removesuffix(", not more") + _told(value, rule)


def _told(value: object, rule: str) -> str:
    """A number is worth repeating, unless the rule ends with it or it fills the page."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or "not" in rule:
        return ""
    return f", not {value}" if abs(value) < 1e20 else ""
