"""Chat with a built-in engine: its pieces as chunks of a stream, or joined to a whole answer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from nexhina_nb import wire
from nexhina_nb.engines import ENGINES
from nexhina_nb.engines.base import Counts
from nexhina_nb.errors import ContextLengthExceeded
from nexhina_nb.gateway.upstreams.attachments import bring
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.chat_chunks import Payload, choice, legacy, plain
from nexhina_nb.gateway.upstreams.local_voice import Voice
from nexhina_nb.gateway.upstreams.served import Served, chat_stream, json
from nexhina_nb.pricing.media import part_tokens
from nexhina_nb.pricing.tokens import count_messages
from nexhina_nb.settings import Settings

_STAND_INS = {"tool_calls", "function_call", "audio"}
_IN_PROMPT = {"image_url": "image_tokens", "input_audio": "audio_tokens"}


def serve(call: Call, settings: Settings) -> Served:
    """The answer of a call: whole, or its pieces at the pace of the settings."""
    body = bring(call.body, allow_private=settings.allow_private_urls)
    if call.stream:
        return chat_stream(chunks(body, call.request_id), settings.pace)
    return json(complete(body, call.request_id))


def complete(body: Mapping[str, Any], request_id: str) -> Payload:
    """A whole answer: the chunks of the stream, joined, so that both always say the same."""
    joined = wire.ChatAccumulator()
    for chunk in chunks(body, request_id):
        joined.add(chunk)
    whole = joined.response().dump()
    for message in (row["message"] for row in whole["choices"]):
        if not message["content"] and _STAND_INS & message.keys():
            message["content"] = None
    return whole


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
    is_legacy = bool(request.functions) and not request.tools
    voice = Voice(request, frame) if "audio" in (request.modalities or ()) else None
    written = voice.written if voice else legacy if is_legacy else plain
    pieces = engine.load()(request)
    first = next(pieces)  # so that what is wrong with the request comes before the first chunk
    opening = {"role": "assistant", "content": None if voice else ""}
    for index in range(request.n or 1):
        yield frame | {"choices": [choice(index, opening)]}
    for piece in chain((first,), pieces):
        if isinstance(piece, Counts):
            usage = _usage(request, piece, voice.tokens if voice else 0)
            yield frame | {"choices": [], "usage": usage}
        else:
            yield from (frame | {"choices": [row]} for row in written(piece))


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


def _usage(request: wire.ChatCompletionRequest, counts: Counts, spoken: int) -> Payload:
    """Tokens of the call; those of pictures and sounds are part of the prompt (contract 5.5)."""
    given: defaultdict[str, int] = defaultdict(int, cached_tokens=0)
    for message in request.messages:
        for part in message.content if isinstance(message.content, list) else ():
            if part.type in _IN_PROMPT:
                given[_IN_PROMPT[part.type]] += part_tokens(part.dump(), request.model)
    made = {"reasoning_tokens": counts.reasoning}
    if spoken:
        made |= {"text_tokens": counts.completion - counts.reasoning, "audio_tokens": spoken}
    completion = counts.completion + spoken
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": completion,
        "total_tokens": counts.prompt + completion,
        "prompt_tokens_details": dict(given),
        "completion_tokens_details": made,
    }
