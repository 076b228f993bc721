"""The items of a conversation as chat messages.

Chat has one message where Responses has several items: what the assistant thought, said and called
in one turn.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.responses.content import (
    content_of,
    refusal_of,
    text_of,
    uncarried,
)
from nexhina_nb.gateway.dialects.responses.thread import Item

Message = dict[str, Any]

# Marks what was compacted here: the content of such an item belongs to whoever made it.
_OURS = "nexhina:"
SUMMARY = "What was said before, in short:\n\n"


def messages_of(items: Sequence[Item], where: str = "input") -> list[Message]:
    """The messages that say the same as the items.

    Raises BadRequest, with the path of the item, for what chat cannot carry.
    """
    chat = _Messages()
    for place, item in enumerate(items):
        chat.take(item, f"{where}.{place}")
    return chat.messages


def sealed(summary: str) -> str:
    """A summary as the content of a compaction item."""
    return base64.b64encode((_OURS + summary).encode("utf-8", "replace")).decode()


def opened(content: object) -> str | None:
    """The summary in a compaction item; None if it was made elsewhere."""
    try:
        text = base64.b64decode(str(content), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.removeprefix(_OURS) if text.startswith(_OURS) else None


class _Messages:
    """Chat messages in the making; ``_thought`` waits for what the assistant did next."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._thought = ""

    def take(self, item: Item, where: str) -> None:
        kind = item.get("type") or ("message" if "role" in item else None)
        match kind:
            case "message":
                self._message(item, where)
            case "reasoning":
                self._thought += text_of(item.get("content")) or text_of(item.get("summary"))
            case "function_call":
                function = {name: item.get(name) for name in ("name", "arguments")}
                self._call(item, {"type": "function", "function": function})
            case "custom_tool_call":
                custom = {"name": item.get("name"), "input": item.get("input")}
                self._call(item, {"type": "custom", "custom": custom})
            case "function_call_output" | "custom_tool_call_output":
                content = content_of(item.get("output"), f"{where}.output")
                id = item.get("call_id")
                self.messages.append({"role": "tool", "tool_call_id": id, "content": content})
            case "compaction":
                self._compaction(item, where)
            case "item_reference":
                raise BadRequest(f"no item '{item.get('id')}' is kept here", param=f"{where}.id")
            case _:
                raise uncarried(where, f"is an item of the type {kind!r}")

    def _message(self, item: Item, where: str) -> None:
        content, role = item.get("content"), item.get("role")
        if role != "assistant":
            # Every chat server knows "system", few know "developer".
            role = "system" if role == "developer" else role
            content = content_of(content, f"{where}.content")
            self.messages.append({"role": role, "content": content})
            return
        message: Message = {"role": "assistant", "content": text_of(content)}
        if refusal := refusal_of(content):
            message["refusal"] = refusal
        self.messages.append(self._with_thought(message))

    def _call(self, item: Item, call: dict[str, Any]) -> None:
        last = self.messages[-1] if self.messages else {}
        if last.get("role") != "assistant" or self._thought:
            last = self._with_thought({"role": "assistant", "content": None})
            self.messages.append(last)
        last.setdefault("tool_calls", []).append({"id": item.get("call_id"), **call})

    def _compaction(self, item: Item, where: str) -> None:
        summary = opened(item.get("encrypted_content"))
        if summary is None:
            raise uncarried(where, "was compacted by another server")
        self.messages.append({"role": "system", "content": SUMMARY + summary})

    def _with_thought(self, message: Message) -> Message:
        if self._thought:
            message["reasoning_content"], self._thought = self._thought, ""
        return message
