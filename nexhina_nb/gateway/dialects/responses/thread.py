"""What goes in: the items of a conversation, in one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nexhina_nb.gateway.dialects.responses.ids import input_id

Item = dict[str, Any]


class Thread(list[Item]):
    """The items of a conversation that goes on from an earlier response, those of its past first.

    ``echo`` holds what the reply repeats of the request although the upstream is not told of it.
    It travels with the items, since a body that is about to be sent has no place for it.
    """

    def __init__(self, items: Iterable[Item], echo: Mapping[str, Any]) -> None:
        super().__init__(items)
        self.echo = echo


def echo_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reply repeats of a request beyond its body."""
    items = body.get("input")
    return items.echo if isinstance(items, Thread) else {}


def items_of(body: Mapping[str, Any]) -> list[Item]:
    """The items of a request; a text is a message of the user."""
    items = body.get("input")
    if isinstance(items, str):
        return [{"type": "message", "role": "user", "content": items}]
    return list(items or ())


def listed(body: Mapping[str, Any], request_id: str) -> list[Item]:
    """The items of a request as they can be asked for later: each with an id, messages in parts."""
    return [_listed(item, request_id, place) for place, item in enumerate(items_of(body))]


def _listed(item: Item, request_id: str, place: int) -> Item:
    kind = item.get("type") or "message"
    named: Item = {"id": item.get("id") or input_id(kind, request_id, place)}
    if kind != "message":
        return item | named
    content = item.get("content")
    if isinstance(content, str):
        part: Item = {"type": "input_text", "text": content}
        if item.get("role") == "assistant":
            part = {"type": "output_text", "text": content, "annotations": []}
        content = [part]
    return {"status": "completed"} | item | named | {"type": "message", "content": content}
