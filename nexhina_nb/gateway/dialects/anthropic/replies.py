"""A chat's whole answer as a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from nexhina_nb.gateway.dialects.anthropic.requests import wants_thinking
from nexhina_nb.gateway.dialects.anthropic.usage import ending, usage_of
from nexhina_nb.gateway.dialects.base import Payload


def message_of(chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
    """The message; of several choices the first."""
    choice: Payload = next(iter(chat.get("choices") or ()), {})
    said = choice.get("message") or {}
    content = list(_blocks(said, body, request_id))
    calls_tools = any(block["type"] == "tool_use" for block in content)
    text = "".join(str(part) for block in content for part in block.values())
    return {
        **opening(chat, body, request_id),
        "content": content,
        **ending(choice, calls_tools=calls_tools),
        "usage": usage_of(chat.get("usage"), body, text),
    }


def opening(chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
    """What a message says of itself before its content."""
    return {
        "id": f"msg_{request_id}",
        "type": "message",
        "role": "assistant",
        "model": chat.get("model") or body["model"],
    }


def thought_of(said: Mapping[str, Any]) -> str:
    """What a message, or a piece of one, thinks; servers call it by two names."""
    thought = said.get("reasoning_content") or said.get("reasoning")
    return thought if isinstance(thought, str) else ""


def words_of(said: Mapping[str, Any]) -> str:
    """What a message, or a piece of one, says; some servers send parts instead of a text."""
    content = said.get("content") or said.get("refusal") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))


def _blocks(said: Mapping[str, Any], body: Mapping[str, Any], request_id: str) -> Iterator[Payload]:
    # Programs that did not ask for thoughts take the first block for the answer.
    if wants_thinking(body) and (thought := thought_of(said)):
        yield {"type": "thinking", "thinking": thought, "signature": ""}
    if text := words_of(said):
        yield {"type": "text", "text": text}
    for place, call in enumerate(said.get("tool_calls") or ()):
        function = call.get("function") or {}
        yield {
            "type": "tool_use",
            "id": call.get("id") or f"toolu_{request_id}_{place}",
            "name": function.get("name") or "",
            "input": _input(function.get("arguments") or "{}"),
        }


def _input(arguments: str) -> Payload:
    """The arguments as an object; what a model wrote wrongly is kept as a text."""
    try:
        value = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else {"arguments": arguments}
