"""The way of a call: parse, authorise, reserve, route, call, settle, log.

One `Exchange` is one call from its key to its log row. A plain answer is read whole, settled, then
sent; of a stream everything is passed on at once except the end marker, which waits for the bill.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson

from nexhina_nb.errors import APIError, BadRequest, InternalError, NexhinaError, Upstream
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.billing import Hold, hold, release
from nexhina_nb.gateway.kinds import Kind, rough_tokens
from nexhina_nb.gateway.record import TAGS_HEADER, Record, read_tags
from nexhina_nb.gateway.relay import StreamTap, rename_model
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer, Call, read
from nexhina_nb.pricing import tokens as counter
from nexhina_nb.pricing.cost import pre_quota, quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.retry import is_retried
from nexhina_nb.store.channels import Channel
from nexhina_nb.wire.errors import to_body
from nexhina_nb.wire.sse import DONE, comment, encode

QUOTA_HEADER = "x-nexhina-quota"
_PASSED_HEADERS = ("content-type", "retry-after", "x-request-id")


@dataclass(slots=True)
class _Ending:
    """How a stream ended (reasons of contract 4); until more is known, nobody waited for it."""

    reason: str = "client_gone"
    error: NexhinaError | None = None


class Exchange:
    """One call of one caller."""

    def __init__(
        self,
        gateway: Gateway,
        kind: Kind,
        caller: Caller,
        body: dict[str, Any],
        request_id: str,
        headers: Mapping[str, str],
    ) -> None:
        self.gateway = gateway
        self.kind = kind
        self.caller = caller
        self.body = body
        self.model: str = body["model"]
        self.stream = bool(kind.streams and body.get("stream"))
        self.accounted = False  # whether the call's end is, or surely will be, in the ledger
        self._estimate = 0
        self._hold = Hold(caller, 0)
        self._price: Price | None = None
        self._record = Record(
            request_id,
            caller,
            self.model,
            f"/v1{kind.path}",
            self.stream,
            tags=read_tags(headers.get(TAGS_HEADER, "")),
        )

    async def open(self) -> Answer:
        """Check, reserve and call; returns the answer of the first channel that gives one.

        Raises APIError; nothing is held then.
        """
        self.kind.check(self.body)
        routes = await self.gateway.routes()
        channels = routes.candidates(self.caller.account, self.model)
        self._price = self._record.price = await self.gateway.price(self.model)
        self._estimate = rough_tokens(self.kind.prompt(self.body))
        self._hold = hold(self.caller, self._to_hold())
        try:
            answer = await self._call_any(channels)
        except BaseException:
            release(self._hold)
            raise
        self._record.first_byte = time.monotonic()
        self._record.upstream_id = answer.headers.get("x-request-id", "")
        return answer

    def _to_hold(self) -> int:
        """The figure of contract 5.5, or what the longest answer would cost if that is more."""
        assert self._price is not None
        longest = self.kind.longest_answer(self.body)
        most = quota(self._price, Tokens(prompt=self._estimate, completion=longest))
        return max(pre_quota(self._price, self._estimate, longest), most)

    async def _call_any(self, channels: list[Channel]) -> Answer:
        """Each channel once, best first; the last one's failure is the caller's."""
        *others, last = channels
        for channel in others:
            try:
                answer = await self._call(channel)
            except APIError as error:
                if not is_retried(error.status_code):
                    raise
                continue
            if not is_retried(answer.status):
                return answer
            await answer.aclose()
        return await self._call(last)

    async def _call(self, channel: Channel) -> Answer:
        self._record.tried.append(channel.id)
        body = self.body
        if self.model in channel.mapping:
            body = body | {"model": channel.mapping[self.model]}
        if self.stream:
            body = body | {"stream_options": (body.get("stream_options") or {}) | _ASK_USAGE}
        call = Call(self.kind.path, body, stream=self.stream, request_id=self._record.request_id)
        return await self.gateway.upstream(channel).send(call)

    async def whole(self, answer: Answer) -> tuple[int, dict[str, str], bytes]:
        """Read a plain answer, settle it; gives status, headers and body to send."""
        try:
            content = await read(answer)
            headers = _passed(answer.headers)
            if answer.status >= 400:
                await self.failed(f"upstream {answer.status}", answer.status)
                return answer.status, headers, content
            payload = _json(content)
            content = rename_model(content, payload.get("model"), self.model)
            taken = await self._settle(payload.get("usage"), "", "done")
        except BaseException:
            release(self._hold)
            raise
        finally:
            await answer.aclose()
        return answer.status, headers | {QUOTA_HEADER: str(taken)}, content

    async def frames(self, answer: Answer) -> AsyncGenerator[bytes]:
        """A stream's frames for the caller. The end marker comes when the bill is on disk.

        A stream that the upstream breaks ends in an error frame, never as if it were complete; what
        came of it is paid for. Closing this generator early counts as the caller having left.
        """
        options = self.body.get("stream_options") or {}
        tap = StreamTap(self.model, wants_usage=bool(options.get("include_usage")))
        self.accounted = True
        ending = _Ending()
        try:
            async with aclosing(self._passed_on(answer, tap, ending)) as frames:
                async for frame in frames:
                    yield frame
        finally:
            if ending.reason == "client_gone":
                self.gateway.spawn(self._settle_stream(tap, ending.reason))
        yield await self._last_frame(tap, ending)

    async def _passed_on(
        self, answer: Answer, tap: StreamTap, ending: _Ending
    ) -> AsyncGenerator[bytes]:
        try:
            async for chunk in answer.chunks():
                for frame in tap.feed(chunk):
                    yield frame
                if tap.done:
                    break
            ending.reason = "done" if tap.done else "eof"
            if not (tap.done or tap.finished):
                ending.error = Upstream("the upstream ended the stream before its end")
        except NexhinaError as error:
            ending.reason, ending.error = "handler_stop", error
        finally:
            await answer.aclose()

    async def _last_frame(self, tap: StreamTap, ending: _Ending) -> bytes:
        error = ending.error
        try:
            taken = await self._settle_stream(tap, ending.reason)
        except NexhinaError as unsettled:
            error = InternalError(f"the bill could not be recorded: {unsettled.message}")
        if error is not None:
            return encode(orjson.dumps(to_body(_as_api_error(error, self._record.request_id))))
        return b"" if tap.failed else comment(f"nexhina-quota {taken}") + DONE

    async def failed(self, reason: str, status: int, code: str | None = None) -> None:
        """Write the log row of a call that was not answered; it costs nothing."""
        other = {"status_code": status, "error_code": code}
        self.accounted = True
        log = self._record.row(Tokens(), error=reason, other=other)
        await self.gateway.till.settle(self._hold, 0, log)

    async def _settle_stream(self, tap: StreamTap, end: str) -> int:
        return await self._settle(tap.usage, "" if tap.usage else tap.text(), end)

    async def _settle(self, usage: object, text: str, end: str) -> int:
        assert self._price is not None
        if isinstance(usage, dict):
            used = Tokens.from_usage(usage)
        else:
            used = await asyncio.to_thread(self._count, text)
        amount = quota(self._price, used)
        self.accounted = True
        other: dict[str, Any] = {"stream_status": {"end_reason": end}} if self.stream else {}
        return await self.gateway.till.settle(
            self._hold, amount, self._record.row(used, other=other)
        )

    def _count(self, text: str) -> Tokens:
        """Without usage from the upstream the text itself is counted (contract 4 and 5.5)."""
        encoding = counter.encoding_for(self.model)
        prompt = sum(counter.count(piece, encoding) for piece in self.kind.prompt(self.body))
        return Tokens(prompt=prompt, completion=counter.count(text, encoding) if text else 0)


_ASK_USAGE = {"include_usage": True}


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    """The upstream's headers that mean something to the caller."""
    return {
        name: value
        for name, value in headers.items()
        if name in _PASSED_HEADERS or name.startswith("x-ratelimit-")
    }


def _json(content: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(content)
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict):
        raise Upstream("the upstream's answer is not JSON", code="bad_response_body")
    return payload


def _as_api_error(error: NexhinaError, request_id: str) -> APIError:
    api = error if isinstance(error, APIError) else Upstream(error.message, code="stream_broken")
    api.request_id = request_id
    return api


def model_of(body: dict[str, Any]) -> str:
    """The model a body asks for, for messages; BadRequest when there is none."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest(
            "you must provide a model", code="missing_required_parameter", param="model"
        )
    return model
