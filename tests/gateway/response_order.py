"""What must hold of the events of any response (contract 2.5), for the tests."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

_ENDS = ("response.completed", "response.failed", "response.incomplete")


def check_order(events: list[Event], *, background: bool = False) -> Event:
    """Fail unless the events come in the order of the contract; the final response."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    queued = ["response.queued"] if background else []
    first = ["response.created", *queued, "response.in_progress"]
    assert [event["type"] for event in events[: len(first)]] == first
    assert events[-1]["type"] in _ENDS
    assert all(event["type"] not in (*_ENDS, *first) for event in events[len(first) : -1])
    items: dict[int, Item] = {}
    for event in events[len(first) : -1]:
        index = event["output_index"]
        if event["type"] == "response.output_item.added":
            assert index == len(items)
            items[index] = Item(event["item"])
        else:
            items[index].take(event)
    final: Event = events[-1]["response"]
    assert events[-1]["type"] == f"response.{final['status']}"
    assert final["output"] == [items[index].done for index in sorted(items)]
    ids = [event["response"]["id"] for event in events if "response" in event]
    assert len(set(ids)) == 1
    return final


class Item:
    """One item, followed through its events."""

    def __init__(self, item: Event) -> None:
        self.added = item
        self.done: Event | None = None
        self._part: str | None = None
        self._text = ""
        self._parts: list[Any] = []
        assert item.get("status", "in_progress") == "in_progress"
        assert not any(item.get(name) for name in ("content", "summary", "arguments", "input"))

    def take(self, event: Event) -> None:
        assert self.done is None
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.done":
            self._finish(event["item"])
            return
        assert event["item_id"] == self.added["id"]
        if kind.endswith("part.added"):
            self._open(event)
        elif kind.endswith(".delta"):
            self._text += event["delta"]
        elif kind == "output_text.annotation.added":
            assert self._part == "output_text"
        elif kind.endswith("part.done"):
            self._parts.append(event["part"])
            self._part = None
        else:
            assert kind.endswith(".done")
            whole = next(v for k, v in event.items() if k in _WHOLE)
            assert whole == self._text

    def _open(self, event: Event) -> None:
        assert self._part is None
        self._part, self._text = event["part"]["type"], ""
        place = event.get("content_index", event.get("summary_index"))
        assert place == len(self._parts)

    def _finish(self, item: Event) -> None:
        assert self._part is None
        assert item["id"] == self.added["id"]
        for name in ("content", "summary"):
            assert item.get(name, self._parts) == self._parts
        if item["type"] == "function_call":
            assert item["arguments"] == self._text
            assert item["call_id"] == self.added["call_id"]
        self.done = item


_WHOLE = ("text", "refusal", "arguments", "input")
