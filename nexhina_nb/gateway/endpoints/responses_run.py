"""One response in the background: what it is now, and its events so far.

Its events are numbered anew, and it has an id of its own: both were told to the caller before there
was a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson

from nexhina_nb.errors import APIError, InternalError, RateLimited, Upstream
from nexhina_nb.gateway.dialects.responses.joined import output_so_far
from nexhina_nb.gateway.dialects.responses.objects import failed
from nexhina_nb.gateway.endpoints.responses_archive import Context, held_upstream
from nexhina_nb.gateway.kinds.responses import ENDS
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.taps.base import payload_of
from nexhina_nb.store.responses import KeptResponse
from nexhina_nb.wire.extensions import QUOTA_COMMENT
from nexhina_nb.wire.faults import read_fault
from nexhina_nb.wire.sse import Comment, Event, comment, encode

Payload = dict[str, Any]

_SAID_ALREADY = ("response.created", "response.queued")


class Run:
    """A response under way, for those who ask and those who follow.

    ``is_unwanted``: its caller has cancelled it.
    """

    def __init__(self, exchange: Exchange, response: Payload, context: Context) -> None:
        self.exchange = exchange
        self.is_over = self.is_unwanted = False
        self._context = context
        self._response = response
        self._created_at = int(time.time())
        self._upstream_id = ""
        self._events: list[Payload] = []
        self._last: Payload | None = None
        self._quota: int | None = None
        self._news = asyncio.Event()
        for kind in _SAID_ALREADY:
            self._publish({"type": kind, "response": response})

    @property
    def key(self) -> tuple[int, str]:
        """Whose it is, and its id."""
        return self.exchange.caller.account.user_id, str(self._response["id"])

    def kept(self) -> KeptResponse:
        """The response as it would be kept now."""
        events, reply = tuple(self._events), self._response
        if not reply["output"]:
            reply = reply | {"output": output_so_far(events)}
        if self._last is not None and not self.is_over:
            events = (*events, self._last)
        user_id, id = self.key
        channel = self.exchange.channel
        return KeptResponse(
            user_id=user_id,
            id=id,
            created_at=self._created_at,
            model=self.exchange.model,
            input=self._context.items,
            reply=reply,
            channel=channel.id if channel else 0,
            upstream_id=self._upstream_id,
            previous_id=self._context.previous,
            events=events,
        )

    async def frames(self, after: int) -> AsyncIterator[bytes]:
        """The events after a number, as they come, to the end of the response."""
        place = after + 1
        while True:
            for event in self._events[place:]:
                if event["type"] in ENDS and self._quota is not None:
                    yield comment(f"{QUOTA_COMMENT} {self._quota}")
                yield encode(orjson.dumps(event), event["type"])
                place += 1
            if self.is_over and place >= len(self._events):
                return
            if place >= len(self._events):
                await self._news.wait()

    @property
    def is_complete(self) -> bool:
        """Whether the last event is known; all that is left is to keep it."""
        return self._last is not None

    def take(self, event: Event | Comment) -> None:
        """Take in what the call brings. Raises Upstream where it tells of a failure."""
        if isinstance(event, Comment):
            name, _, figure = event.text.partition(" ")
            self._quota = int(figure) if name == QUOTA_COMMENT else self._quota
            return
        payload = payload_of(event.data.encode()) or {}
        if payload.get("type") == "error":
            fault = read_fault(payload)
            raise Upstream(fault.message or "the upstream failed", code=fault.code)
        self._learn(payload)

    def complete(self, response: Payload) -> None:
        """Take in a reply that came whole."""
        status = response.get("status") or "completed"
        self._learn({"type": f"response.{status}", "response": response})

    def fail(self, error: APIError) -> None:
        """End as a response that failed."""
        self._response = failed(self.kept().reply, _code(error), error.message)
        self._last = self._numbered({"type": "response.failed", "response": self._response})

    def cancel(self) -> None:
        """End as a response that its caller did not want any more; no event tells of it."""
        self._response = self.kept().reply | {"status": "cancelled"}
        self._last = None

    def end(self) -> None:
        """Let those who follow see the end."""
        last, self._last = self._last, None
        self.is_over = True
        if last is not None:
            self._publish(last)
        self._news.set()

    def _learn(self, payload: Payload) -> None:
        response = payload.get("response")
        if isinstance(response, dict):
            self._upstream_id = held_upstream(response, self.exchange.request_id)
            payload["response"] = self._response = self._own(response)
        kind = payload.get("type")
        if not isinstance(kind, str) or not kind.isprintable():
            return
        if kind in ENDS:
            self._last = self._numbered(payload)
        elif kind not in _SAID_ALREADY:
            self._publish(payload)

    def _own(self, response: Payload) -> Payload:
        """The upstream's response, as the caller knows it."""
        ours = {name: self._response[name] for name in ("id", "created_at", "store")}
        previous = self._context.previous or None
        output = response.get("output") or []
        told = {"background": True, "previous_response_id": previous, "output": output}
        return response | ours | told

    def _publish(self, event: Payload) -> None:
        self._events.append(self._numbered(event))
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _numbered(self, event: Payload) -> Payload:
        return event | {"sequence_number": len(self._events)}


def _code(error: APIError) -> str:
    """Which of the codes that a response knows says it best (contract 1.19)."""
    if error.status_code == RateLimited.status:
        return "rate_limit_exceeded"
    return "invalid_prompt" if error.status_code < InternalError.status else "server_error"
