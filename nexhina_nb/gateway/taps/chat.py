"""Chat streams, and those of the legacy completions, which have the same form.

A frame is changed only where the contract says so: the model's name is the one that was asked for,
usage that the caller did not ask for is taken out, and the end marker is held back until the bill
is settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.taps.base import (
    FrameTap,
    Payload,
    data_of,
    is_quota_comment,
    objects,
    payload_of,
    with_payload,
)
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire.errors import to_body
from nexhina_nb.wire.sse import DONE, encode


class ChatTap(FrameTap):
    """Reads one chat stream on its way through."""

    def __init__(self, model: str, *, wants_usage: bool) -> None:
        super().__init__()
        self._model = model
        self._wants_usage = wants_usage
        self._head: dict[str, Any] = {}
        self._seen: set[int] = set()
        self._finished: set[int] = set()

    @property
    def complete(self) -> bool:
        """Whether every choice that began has ended, or the end was announced."""
        return self.done or bool(self._seen and self._seen == self._finished)

    def closing(self, used: Tokens) -> tuple[bytes, bytes]:
        if self.failed:
            return b"", b""  # after an error there is no end marker (contract 4)
        # For an upstream that did not tell the usage that the caller asked for.
        is_told = not self._wants_usage or self.usage is not None
        return b"" if is_told else self._usage_frame(used), DONE

    def fault(self, error: APIError) -> bytes:
        return encode(orjson.dumps(to_body(error)))

    def _usage_frame(self, used: Tokens) -> bytes:
        usage = {
            "prompt_tokens": used.prompt,
            "completion_tokens": used.completion,
            "total_tokens": used.total,
        }
        return encode(orjson.dumps(self._head | {"choices": [], "usage": usage}))

    def _pass(self, frame: bytes) -> bytes | None:
        data = data_of(frame)
        if self.done or (data is None and is_quota_comment(frame)):
            return None
        if data is not None and data.strip() == b"[DONE]":
            self.done = True
            return None
        payload = payload_of(data)
        if payload is None:
            return frame
        self.failed = self.failed or bool(payload.get("error"))
        self._read(payload)
        return self._changed(frame, payload)

    def _read(self, payload: Payload) -> None:
        for choice in objects(payload.get("choices")):
            index = choice.get("index")
            place = index if isinstance(index, int) else 0
            self._seen.add(place)
            if choice.get("finish_reason"):
                self._finished.add(place)
            self._text += _pieces(choice)
        usage = payload.get("usage")
        if isinstance(usage, dict) and (usage.get("total_tokens") or self.usage is None):
            self.usage = usage
        if not self._head:
            known = {name: payload.get(name) for name in ("id", "object", "created")}
            self._head = known | {"model": self._model}

    def _changed(self, frame: bytes, payload: Payload) -> bytes | None:
        name = payload.get("model")
        is_renamed = isinstance(name, str) and bool(name) and name != self._model
        if is_renamed:
            payload["model"] = self._model
        is_stripped = "usage" in payload and not self._wants_usage
        if is_stripped and payload.pop("usage") and not payload.get("choices"):
            return None
        return with_payload(frame, payload) if is_renamed or is_stripped else frame


def as_stream(payload: Payload) -> bytes:
    """A whole answer as the stream that was asked for, from an upstream that cannot stream."""
    head = {name: payload.get(name) for name in ("id", "created", "model")}
    is_legacy = payload.get("object") == "text_completion"
    head["object"] = "text_completion" if is_legacy else "chat.completion.chunk"
    frames = []
    for choice in objects(payload.get("choices")):
        if is_legacy:  # a chunk has the form of the whole
            frames.append(encode(orjson.dumps(head | {"choices": [choice]})))
            continue
        message = choice.get("message")
        delta = dict(message) if isinstance(message, dict) else {}
        calls = list(objects(delta.get("tool_calls")))
        if calls:
            delta["tool_calls"] = [{"index": place} | call for place, call in enumerate(calls)]
        index = {"index": choice.get("index", 0)}
        reason = choice.get("finish_reason") or "stop"
        ends: list[dict[str, Any]] = [
            {"delta": delta, "finish_reason": None},
            {"delta": {}, "finish_reason": reason},
        ]
        frames += [encode(orjson.dumps(head | {"choices": [index | end]})) for end in ends]
    if isinstance(payload.get("usage"), dict):
        frames.append(encode(orjson.dumps(head | {"choices": [], "usage": payload["usage"]})))
    return b"".join(frames) + DONE


def _pieces(choice: Payload) -> Iterator[str]:
    delta: Any = choice.get("delta")
    found = [choice.get("text")]
    if isinstance(delta, dict):
        found += [delta.get("content"), delta.get("reasoning_content"), delta.get("refusal")]
        functions = [call.get("function") for call in objects(delta.get("tool_calls"))]
        for function in objects([delta.get("function_call"), *functions]):
            found += [function.get("name"), function.get("arguments")]
    yield from (piece for piece in found if isinstance(piece, str))
