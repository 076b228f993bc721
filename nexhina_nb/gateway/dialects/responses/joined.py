"""What a stream of events has brought so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Payload = dict[str, Any]

# Event → the list of the item that its part belongs to, the index in it, and the text that grows;
# of those without a list the text is the item's own.
_GROWS = {
    "response.output_text.delta": ("content", "content_index", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "text"),
    "response.function_call_arguments.delta": ("", "", "arguments"),
    "response.custom_tool_call_input.delta": ("", "", "input"),
}
_ITEM = ("response.output_item.added", "response.output_item.done")


def output_so_far(events: Iterable[Mapping[str, Any]]) -> list[Payload]:
    """The output items, also those that are not complete yet."""
    items: dict[int, Payload] = {}
    grown: dict[tuple[int, str, int, str], list[str]] = {}
    for event in events:
        index, kind = event.get("output_index"), event.get("type")
        if not isinstance(index, int):
            continue
        if kind in _ITEM and isinstance(event.get("item"), dict):
            items[index] = dict(event["item"])
            grown = {key: pieces for key, pieces in grown.items() if key[0] != index}
        elif kind in _GROWS:
            box, place, field = _GROWS[kind]
            at = event.get(place)
            key = (index, box, at if isinstance(at, int) else 0, field)
            grown.setdefault(key, []).append(str(event.get("delta") or ""))
    for key, pieces in grown.items():
        if key[0] in items:
            _put(items[key[0]], key[1:], "".join(pieces))
    return [items[index] for index in sorted(items)]


def _put(item: Payload, where: tuple[str, int, str], text: str) -> None:
    box, place, field = where
    if not box:
        item[field] = text
        return
    parts = list(item.get(box) or ())
    if place >= len(parts):
        place = len(parts)
        parts.append(_new_part(item, box, field))
    parts[place] = {**parts[place], field: text}
    item[box] = parts


def _new_part(item: Payload, box: str, field: str) -> Payload:
    if field == "refusal":
        return {"type": "refusal", field: ""}
    if box == "summary":
        return {"type": "summary_text", field: ""}
    if item.get("type") == "reasoning":
        return {"type": "reasoning_text", field: ""}
    return {"type": "output_text", field: "", "annotations": [], "logprobs": []}
