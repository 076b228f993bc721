"""A piece of a chat engine's answer as the choices of stream chunks (contract 1.14 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nexhina_nb.engines.base import Delta, ToolCallDelta

Payload = dict[str, Any]


def choice(index: int, delta: Payload, finish: str | None = None) -> Payload:
    """One choice of a chunk."""
    return {"index": index, "delta": delta, "finish_reason": finish}


def plain(piece: Delta) -> Iterator[Payload]:
    """The choice that a piece becomes."""
    delta: Payload = {}
    if piece.content is not None:
        delta["content"] = piece.content
    if piece.reasoning is not None:
        delta["reasoning_content"] = piece.reasoning
    if piece.tool_calls:
        delta["tool_calls"] = [_tool_call(call) for call in piece.tool_calls]
    written = choice(piece.index, delta, piece.finish_reason)
    if piece.logprobs is not None:
        written["logprobs"] = {"content": list(piece.logprobs), "refusal": None}
    if piece.stop is not None:
        written["stop_reason"] = piece.stop  # OpenAI does not tell it; vLLM does, by this name
    yield written


def legacy(piece: Delta) -> Iterator[Payload]:
    """For who offers `functions`: the one call as `function_call`, which has no id and no index."""
    if not piece.tool_calls:
        yield from plain(piece)
    for call in piece.tool_calls:
        named = {} if call.name is None else {"name": call.name}
        yield choice(piece.index, {"function_call": named | {"arguments": call.arguments}})


def _tool_call(call: ToolCallDelta) -> Payload:
    if call.id is None:
        return {"index": call.index, "function": {"arguments": call.arguments}}
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": call.index, "id": call.id, "type": "function", "function": function}
