"""Giving values of another server the form that a field would like, without insisting.

`Wire.read` comes here only when a reply is not what the contract says; some compatible servers
leave out `created`, send null where a list belongs, and so on. A lesson should not end because of
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

_EMPTY: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False}


def shaped(annotation: Any, value: Any) -> Any:
    """The value with its objects turned into the models that the annotation names."""
    if isinstance(value, list):
        item = next(
            (get_args(form)[0] for form in _forms(annotation) if get_origin(form) is list), Any
        )
        return [shaped(item, each) for each in value]
    if isinstance(value, Mapping):
        model = next((form for form in _forms(annotation) if hasattr(form, "read")), None)
        return model.read(value) if model else value
    return value


def missing_value(annotation: Any) -> Any:
    """What a required field reads as when the server left it out: empty of its type, or None."""
    forms = _forms(annotation)
    if type(None) in forms:
        return None
    for form in forms:
        if (box := get_origin(form) or form) in (list, dict):
            return box()
        if isinstance(form, type) and issubclass(form, BaseModel):
            return shaped(form, {})
        if form in _EMPTY:
            return _EMPTY[form]
    return None


def _forms(annotation: Any) -> list[Any]:
    """The plain types that an annotation allows: unions and Annotated taken apart."""
    parts = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _forms(parts[0])
    if get_origin(annotation) is None or get_origin(annotation) in (list, dict) or not parts:
        return [annotation]
    return [form for part in parts for form in _forms(part)]
