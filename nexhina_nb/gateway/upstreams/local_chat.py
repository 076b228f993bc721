"""Chat with a built-in engine: its pieces as chunks of a stream, or joined to a whole answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from nexhina_nb import wire
from nexhina_nb.engines import ENGINES
from nexhina_nb.engines.base import Counts, Delta
from nexhina_nb.errors import ContextLengthExceeded
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.served import Served, chat_stream, json
from nexhina_nb.pricing.tokens import count_messages
from nexhina_nb.settings import Settings

Payload = dict[str, Any]


def serve(call: Call, settings: Settings) -> Served:
    """The answer of a call: whole, or its pieces at the pace of the settings."""
    if call.stream:
        return chat_stream(chunks(call.body, call.request_id), settings.pace)
    return json(complete(call.body, call.request_id))


def complete(body: Mapping[str, Any], request_id: str) -> Payload:
    """A whole answer: the chunks of the stream, joined, so that both always say the same."""
    joined = wire.ChatAccumulator()
    for chunk in chunks(body, request_id):
        joined.add(chunk)
    return joined.response().dump()


def chunks(body: Mapping[str, Any], request_id: str) -> Iterator[Payload]:
    """The chunks of a stream, the one with the usage last (contract 4)."""
    request = wire.ChatCompletionRequest.model_validate(dict(body))
    engine = ENGINES[request.model]
    _check_length(request, engine.context_length)
    asked = request.max_completion_tokens or request.max_tokens or engine.max_output
    request.max_completion_tokens = min(filter(None, (asked, engine.max_output)), default=None)
    frame: Payload = {
        "id": f"chatcmpl-{request_id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": request.model,
    }
    if request.wants_usage:
        frame["usage"] = None
    for index in range(request.n or 1):
        yield frame | {"choices": [_choice(index, {"role": "assistant", "content": ""})]}
    for piece in engine.load()(request):
        if isinstance(piece, Counts):
            yield frame | {"choices": [], "usage": _usage(piece)}
        else:
            yield frame | {"choices": [_piece(piece)]}


def _check_length(request: wire.ChatCompletionRequest, limit: int) -> None:
    sent = count_messages([m.dump() for m in request.messages], request.model)
    wanted = request.max_completion_tokens or request.max_tokens or 0
    if sent > limit:
        raise ContextLengthExceeded(
            f"This model's maximum context length is {limit} tokens, and your messages have "
            f"{sent}; shorten them or use a model with a longer context",
            param="messages",
        )
    if sent + wanted > limit:
        raise ContextLengthExceeded(
            f"This model's maximum context length is {limit} tokens; you asked for "
            f"{sent + wanted} ({sent} in the messages, {wanted} in the answer)",
            param="max_tokens",
        )


def _choice(index: int, delta: Payload, finish: str | None = None) -> Payload:
    return {"index": index, "delta": delta, "finish_reason": finish}


def _piece(piece: Delta) -> Payload:
    delta: Payload = {}
    if piece.content is not None:
        delta["content"] = piece.content
    if piece.reasoning is not None:
        delta["reasoning_content"] = piece.reasoning
    if piece.tool_calls:
        delta["tool_calls"] = [_tool_call(call) for call in piece.tool_calls]
    choice = _choice(piece.index, delta, piece.finish_reason)
    if piece.logprobs is not None:
        choice["logprobs"] = {"content": list(piece.logprobs), "refusal": None}
    return choice


def _tool_call(call: Any) -> Payload:
    if call.id is None:
        return {"index": call.index, "function": {"arguments": call.arguments}}
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": call.index, "id": call.id, "type": "function", "function": function}


def _usage(counts: Counts) -> Payload:
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }
