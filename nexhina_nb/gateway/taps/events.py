"""Streams of typed events: Responses, images, speech, transcripts, Anthropic messages.

Their end is an event like others, so it is that event which waits for the bill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.taps.base import (
    FrameTap,
    Payload,
    data_of,
    is_quota_comment,
    payload_of,
    with_payload,
)
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire.errors import to_body
from nexhina_nb.wire.sse import encode


def _nothing(_: Payload) -> None:
    return None


def _no_text(_: Payload) -> str:
    return ""


def _flat(error: APIError) -> Payload:
    return {"type": "error", **to_body(error)}


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a family of events means. Each function is given one event.

    ``usage`` finds usage in it and ``text`` the text that it adds; ``reply`` the whole reply, which
    the last event of some families carries; ``holder`` the object in it that names the model.
    ``ends`` are the types after which nothing comes, ``fails`` those that tell of a failure;
    ``fault`` is the event that tells of one from here.
    """

    ends: frozenset[str]
    fails: frozenset[str] = frozenset({"error"})
    usage: Callable[[Payload], Payload | None] = _nothing
    text: Callable[[Payload], str] = _no_text
    reply: Callable[[Payload], Payload | None] = _nothing
    holder: Callable[[Payload], Payload | None] = _nothing
    fault: Callable[[APIError], Payload] = _flat


class EventTap(FrameTap):
    """Reads one stream of typed events. ``endings``: how many events of ``grammar.ends`` come, such
    as one for each image; after the last one the stream is over.
    """

    def __init__(self, model: str, grammar: Grammar, *, endings: int = 1) -> None:
        super().__init__()
        self._model = model
        self._grammar = grammar
        self._endings = endings
        self._held = b""
        self._number = 0

    @property
    def complete(self) -> bool:
        return self.done

    def closing(self, used: Tokens) -> tuple[bytes, bytes]:
        return b"", self._held

    def fault(self, error: APIError) -> bytes:
        payload = self._grammar.fault(error)
        if self._number:
            payload["sequence_number"] = self._number
        return encode(orjson.dumps(payload), "error")

    def _pass(self, frame: bytes) -> bytes | None:
        data = data_of(frame)
        if self.done or (data is None and is_quota_comment(frame)):
            return None
        payload = payload_of(data)
        # Relays are known to add chat's end marker to streams that have none.
        if payload is None:
            return None if data is not None and data.strip() == b"[DONE]" else frame
        self._read(payload)
        frame = self._renamed(frame, payload)
        if _kind(payload) not in self._grammar.ends:
            return frame
        self._endings -= 1
        if self._endings > 0:
            return frame
        self.done, self._held = True, frame
        return None

    def _read(self, payload: Payload) -> None:
        grammar = self._grammar
        number = payload.get("sequence_number")
        self._number = number + 1 if isinstance(number, int) else self._number
        self.failed = self.failed or _kind(payload) in grammar.fails
        if text := grammar.text(payload):
            self._text.append(text)
        self.reply = grammar.reply(payload) or self.reply
        if (usage := grammar.usage(payload)) is not None:
            # Some events carry only the part that changed, as Anthropic's last one does.
            self.usage = {**(self.usage or {}), **usage}

    def _renamed(self, frame: bytes, payload: Payload) -> bytes:
        holder = self._grammar.holder(payload)
        if holder is None or holder.get("model") in (None, "", self._model):
            return frame
        holder["model"] = self._model
        return with_payload(frame, payload)


def _kind(payload: Payload) -> str:
    kind = payload.get("type")
    return kind if isinstance(kind, str) else ""
