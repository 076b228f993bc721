"""The ids of what is made here: an item's id carries the id of its response, so that a reference to
an item can be followed without a search.
"""

from __future__ import annotations

import re

_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "compaction": "cmp",
}
_ITEM = re.compile(r"[a-z]+_(\w+)[io]\d+")


def response_id(request_id: str) -> str:
    """The id of the response that answers a request."""
    return f"resp_{request_id}"


def output_id(kind: str, request_id: str, place: int) -> str:
    """The id of the item at a place of the output."""
    return f"{_PREFIXES.get(kind, 'item')}_{request_id}o{place}"


def input_id(kind: str, request_id: str, place: int) -> str:
    """The id of the item at a place of the input."""
    return f"{_PREFIXES.get(kind, 'item')}_{request_id}i{place}"


def response_of(item_id: str) -> str | None:
    """The id of the response that an item belongs to; None if the item was not made here."""
    found = _ITEM.fullmatch(item_id)
    return response_id(found[1]) if found else None
