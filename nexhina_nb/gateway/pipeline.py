"""The way of a call: parse, authorise, reserve, route, call, settle, log.

One `Exchange` is one call from its key to its log row. A plain answer is read whole, settled, then
sent; of a stream (`streaming`) everything is passed on at once except the end marker, which waits
for the bill.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nexhina_nb.errors import APIError, StoreError, Upstream
from nexhina_nb.gateway import answers
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.billing import Hold, hold, release
from nexhina_nb.gateway.failover import moves_on
from nexhina_nb.gateway.kinds import Kind, rough_tokens
from nexhina_nb.gateway.record import Record, read_tags
from nexhina_nb.gateway.relay import renamed
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer, Call, read
from nexhina_nb.pricing import tokens as counter
from nexhina_nb.pricing.cost import pre_quota, quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.channels import Channel
from nexhina_nb.wire.extensions import QUOTA_HEADER, TAGS_HEADER


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call came to: the tokens that were counted, the quota that was taken."""

    used: Tokens
    taken: int


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
        self.request_id = request_id
        self.accounted = False  # whether the call's end is, or surely will be, in the ledger
        self._estimate = 0
        self._hold = Hold(caller, 0)
        self._price = Price()
        self._settling: asyncio.Task[Bill] | None = None
        self._record = Record(
            request_id,
            caller,
            self.model,
            f"/v1{kind.path}",
            self.stream,
            tags=read_tags(headers.get(TAGS_HEADER, "")),
        )

    async def open(self) -> Answer:
        """Reserve and call; returns the answer of the first channel that gives one.

        Raises APIError; nothing is held then.
        """
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
        longest = self.kind.longest_answer(self.body)
        most = quota(self._price, Tokens(prompt=self._estimate, completion=longest))
        return max(pre_quota(self._price, self._estimate, longest or None), most)

    async def _call_any(self, channels: list[Channel]) -> Answer:
        """Each channel once, best first; the last one's failure is the caller's."""
        *others, last = channels
        for channel in others:
            try:
                answer = await self._call(channel)
            except APIError as error:
                if not moves_on(error.status_code, error.code):
                    raise
                continue
            if not moves_on(answer.status):
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
        call = Call(self.kind.path, body, stream=self.stream, request_id=self.request_id)
        answer = await self.gateway.upstream(channel).send(call)
        if 300 <= answer.status < 400:
            await answer.aclose()
            raise Upstream("the upstream sent the call elsewhere", code="bad_response_status_code")
        return answer

    async def whole(self, answer: Answer) -> tuple[int, dict[str, str], bytes]:
        """Read a plain answer, settle it; gives status, headers and body to send."""
        try:
            content = await read(answer)
            headers = answers.passed(answer.headers)
            if answer.status >= 400:
                content = answers.refusal(answer.status, content, self.request_id)
                with suppress(StoreError):  # the caller is told what the upstream said, not this
                    await self.failed(f"upstream {answer.status}", answer.status)
                return answer.status, headers | answers.JSON, content
            payload = answers.parsed(content)
            bill = await self.settle(payload.get("usage"), "", "done")
        finally:
            await answer.aclose()
            if not self.accounted:
                release(self._hold)
        content = renamed(payload, content, self.model)
        return answer.status, headers | {QUOTA_HEADER: str(bill.taken)}, content

    async def failed(self, reason: str, status: int, code: str | None = None) -> None:
        """Write the log row of a call that was not answered; it costs nothing."""
        if self.accounted:
            return
        self.accounted = True
        other = {"status_code": status, "error_code": code}
        log = self._record.row(Tokens(), error=reason, other=other)
        await self.gateway.till.settle(self._hold, 0, log)

    def settle(self, usage: object, text: str, end: str) -> asyncio.Future[Bill]:
        """Charge the call, once: whoever asks again gets the same bill.

        It goes on although who waits for it is gone; ``text`` is counted where ``usage`` is none.
        """
        self.accounted = True
        if self._settling is None:
            self._settling = self.gateway.spawn(self._settle(usage, text, end))
        return asyncio.shield(self._settling)

    async def _settle(self, usage: object, text: str, end: str) -> Bill:
        try:
            used = Tokens.from_usage(usage) if isinstance(usage, dict) else Tokens()
            # Zeros are believed (contract 5.5), unless there is text that they do not count.
            if not used.total and (text or not isinstance(usage, dict)):
                used = await asyncio.to_thread(self._count, text)
            other = {"stream_status": {"end_reason": end}} if self.stream else {}
            log = self._record.row(used, other=other)
            amount = quota(self._price, used)
            return Bill(used, await self.gateway.till.settle(self._hold, amount, log))
        except StoreError:
            self.accounted = False
            raise
        finally:
            release(self._hold)

    def _count(self, text: str) -> Tokens:
        """Without usage from the upstream the text itself is counted (contract 4 and 5.5)."""
        encoding = counter.encoding_for(self.model)
        prompt = sum(counter.count(piece, encoding) for piece in self.kind.prompt(self.body))
        return Tokens(prompt=prompt, completion=counter.count(text, encoding) if text else 0)


_ASK_USAGE = {"include_usage": True}
