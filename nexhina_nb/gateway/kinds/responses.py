"""Calls of the Responses API (contract 2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.kinds import Body, Kind, asks_stream
from nexhina_nb.gateway.taps.base import Payload, Tap, objects
from nexhina_nb.gateway.taps.events import EventTap, Grammar
from nexhina_nb.wire.errors import to_body

# After these nothing comes. An error event is no end: it tells of a failure.
ENDS = frozenset({"response.completed", "response.failed", "response.incomplete"})

# Fields of items and their parts that a model reads.
_READ = ("text", "refusal", "arguments", "input", "output", "content", "summary")


def prompt(body: Body) -> Iterator[str]:
    """The texts that go in; what is not text in them counts by the upstream's own figures."""
    yield str(body.get("instructions") or "")
    yield from _texts(body.get("input"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in objects(value):
        for name in _READ:
            yield from _texts(item.get(name))


def _longest_answer(body: Body) -> int:
    return int(body.get("max_output_tokens") or 0)


def _response(event: Payload) -> Payload | None:
    held = event.get("response")
    return held if isinstance(held, dict) else None


def _usage(event: Payload) -> Payload | None:
    usage = (_response(event) or {}).get("usage")
    return usage if isinstance(usage, dict) else None


def _text(event: Payload) -> str:
    kind, delta = event.get("type"), event.get("delta")
    is_text = isinstance(kind, str) and kind.endswith(".delta") and kind != "response.audio.delta"
    return delta if is_text and isinstance(delta, str) else ""


def _reply(event: Payload) -> Payload | None:
    return _response(event) if event.get("type") in ENDS else None


def _fault(error: APIError) -> Payload:
    detail: Mapping[str, object] = to_body(error)["error"]
    told = {name: detail[name] for name in ("code", "message", "param")}
    return {"type": "error", **told, "sequence_number": 0}


_GRAMMAR = Grammar(
    ends=ENDS, usage=_usage, text=_text, reply=_reply, holder=_response, fault=_fault
)


def _tap(model: str, _body: Body) -> Tap:
    return EventTap(model, _GRAMMAR)


RESPOND = Kind(
    "respond",
    "answer a conversation, whole or as a stream of events",
    "/responses",
    "ResponseRequest",
    "ResponseObject",
    prompt=prompt,
    longest_answer=_longest_answer,
    streams=asks_stream,
    tap=_tap,
)
COMPACT = Kind(
    "compact",
    "make a conversation shorter",
    "/responses/compact",
    "ResponseCompactRequest",
    "ResponseCompaction",
    prompt=prompt,
)
COUNT = Kind(
    "count",
    "count the tokens that a conversation would send",
    "/responses/input_tokens",
    "ResponseInputTokensRequest",
    "ResponseInputTokens",
    prompt=prompt,
)
