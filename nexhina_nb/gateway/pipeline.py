"""The way of a call: parse, authorise, reserve, route, call, settle, log.

One `Exchange` is one call from its key to its log row. A plain answer is read whole, settled, then
sent; of a stream and of a raw answer (`streaming`) everything is passed on at once except the end,
which waits for the bill.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from nexhina_nb.errors import APIError, BadRequest, ServiceUnavailable, StoreError
from nexhina_nb.gateway import answers
from nexhina_nb.gateway.attempts import first_answer
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.billing import Hold, hold, release
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.kinds import Kind, Reply, rough_tokens
from nexhina_nb.gateway.limits import Turn
from nexhina_nb.gateway.record import Record, read_tags
from nexhina_nb.gateway.router import Leg, upstream_model
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer, Call, Form, read
from nexhina_nb.gateway.upstreams.headers import asked_of_upstream
from nexhina_nb.pricing import tokens as counter
from nexhina_nb.pricing.cost import Ratio, pre_quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.channels import Channel
from nexhina_nb.wire.extensions import QUOTA_HEADER, TAGS_HEADER

_NOTHING = Tokens()
# Given the exchange, which knows the channel that answered, and the whole reply.
Keep = Callable[["Exchange", dict[str, Any]], Awaitable[dict[str, Any] | None]]
# Told whether the bill is on disk, once that is known.
Settled = Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call came to: the tokens that were counted, the quota that was taken; and the reply to
    send in place of the upstream's, if whoever keeps it gave one.
    """

    used: Tokens
    taken: int
    instead: dict[str, Any] | None = None


class Exchange:
    """One call of one caller.

    ``keep`` is given the whole reply before the caller sees its end, where there is one: a plain
    JSON answer, in whose place it may give another, or what the last event of a stream carries. Of
    a plain answer it comes before the bill: what cannot be kept costs nothing. ``settled`` is
    called after the bill. ``pinned`` is the only channel that may answer; ``notes`` are added to
    the log row; the price is that of the model unless ``priced_as`` names another.
    """

    def __init__(
        self,
        gateway: Gateway,
        kind: Kind,
        caller: Caller,
        body: dict[str, Any],
        request_id: str,
        headers: Mapping[str, str],
        *,
        origin: str = "",
        form: Form | None = None,
        keep: Keep | None = None,
        settled: Settled | None = None,
        pinned: int | None = None,
        notes: Mapping[str, Any] | None = None,
        priced_as: str = "",
    ) -> None:
        self.gateway = gateway
        self.kind = kind
        self.caller = caller
        self.body = body
        self.form = form
        self.keep = keep
        self._settled = settled
        self.pinned = pinned
        self.notes = dict(notes or {})
        self.model: str = body["model"]
        self._priced_as = priced_as
        self.stream = kind.is_stream(body)
        self.request_id = request_id
        self.leg: Leg | None = None  # the one that the answer came on
        self._headers = asked_of_upstream(headers)
        self._origin = origin
        self.accounted = False  # whether the call's end is, or surely will be, in the ledger
        self._estimate = 0
        self._hold = Hold(caller, 0)
        self._turn: Turn | None = None
        self._fares: dict[str, Price] = {}
        self._ratios: tuple[Ratio, ...] = ()
        self._settling: asyncio.Task[Bill] | None = None
        self._record = Record(
            request_id,
            caller,
            self.model,
            f"/v1{kind.path}",
            self.stream,
            tags=read_tags(headers.get(TAGS_HEADER, "")),
        )

    @property
    def channel(self) -> Channel | None:
        """The channel that answered; None before that."""
        return None if self.leg is None else self.leg.channel

    async def open(self) -> Answer:
        """Reserve and call; returns the answer of the first channel that gives one.

        Raises APIError; nothing is held then.
        """
        legs = await self._legs()
        self._fares = await self._priced(legs)
        legs = [leg for leg in legs if leg.model in self._fares]
        self._ratios = self.kind.ratios(self.model, self.body)
        self._estimate = rough_tokens(self.kind.prompt(self.body))
        longest = self.kind.longest_answer(self.body)
        group = (await self.gateway.routes()).groups.get(legs[0].group)
        self._turn = await self.gateway.limits.admit(
            self.caller.account, group, self._estimate + longest
        )
        try:
            self._hold = hold(self.caller, max(self._to_hold(leg, longest) for leg in legs))
            leg, answer = await first_answer(self.gateway, legs, self._written, self._record)
        except BaseException:
            self._let_go()
            raise
        self.leg = leg
        self.model = leg.model
        self._record.first_byte = time.monotonic()
        self._record.upstream_id = answer.headers.get("x-request-id", "")
        return answer

    async def _legs(self) -> list[Leg]:
        sticky = self.body.get("prompt_cache_key")
        routes = await self.gateway.routes()
        named = sticky if isinstance(sticky, str) else ""
        legs = routes.legs(self.caller.account, self.model, named)
        if self.pinned is not None:
            legs = [leg for leg in legs if leg.channel.id == self.pinned]
            if not legs:
                raise ServiceUnavailable("the channel that answered before serves no more")
        return legs

    async def _priced(self, legs: Sequence[Leg]) -> dict[str, Price]:
        """Model → price. What was asked for must have one; a fall-back without one is left out."""
        fares = {self.model: await self.gateway.price(self._priced_as or self.model)}
        for model in {leg.model for leg in legs} - fares.keys():
            with suppress(BadRequest):
                fares[model] = await self.gateway.price(model)
        self._record.price = fares[self.model]
        return fares

    def _to_hold(self, leg: Leg, longest: int) -> int:
        """The figure of contract 5.5, or what the longest answer would cost if that is more."""
        price, ratios = self._fares[leg.model], self._ratios
        used = Tokens(prompt=self._estimate, completion=longest)
        least = pre_quota(price, self._estimate, longest or None, leg.ratio, other_ratios=ratios)
        return max(least, self.kind.bill(price, used, ratios, leg.ratio))

    def _written(self, leg: Leg) -> Call:
        """The call as it goes to the channel of a leg."""
        body = self.body
        if (name := upstream_model(leg.channel, leg.model)) != body["model"]:
            body = body | {"model": name}
        if self.stream and self.kind.asks_usage:
            body = body | {"stream_options": (body.get("stream_options") or {}) | _ASK_USAGE}
        if not self.kind.names_model:
            body = {name: value for name, value in body.items() if name != "model"}
        return Call(
            self.kind.path,
            body,
            form=self.form,
            stream=self.stream,
            request_id=self.request_id,
            origin=self._origin,
            headers=self._headers,
        )

    def _let_go(self, used: Tokens = _NOTHING) -> None:
        """Give back what is held: money, and the call's place among those at a time."""
        release(self._hold)
        if self._turn is not None:
            self._turn.leave(used.total)

    async def whole(self, answer: Answer) -> tuple[int, dict[str, str], bytes]:
        """Read a plain answer, settle it; gives status, headers and body to send."""
        try:
            content = await read(answer)
            headers = answers.passed(answer.headers)
            if answer.status >= 400:
                content = answers.refusal(
                    answer.status, content, self.request_id, self.kind.dialect
                )
                with suppress(StoreError):  # the caller is told what the upstream said, not this
                    status = answer.status
                    await self.failed(APIError(f"upstream {status}", status=status))
                return answer.status, headers | answers.JSON, content
            reply = self._reply(answer.headers, content)
            if reply.payload is not None:
                content = answers.renamed(reply.payload, content, self.model)
            self.settle(reply, "done", keep=True)
            bill = await self.bill()
            content = content if bill.instead is None else orjson.dumps(bill.instead)
        finally:
            await answer.aclose()
            if not self.accounted:
                self._let_go()
        return answer.status, headers | {QUOTA_HEADER: str(bill.taken)}, content

    def _reply(self, headers: Mapping[str, str], content: bytes) -> Reply:
        is_json = self.kind.plain == "json" or "json" in headers.get("content-type", "")
        payload = answers.parsed(content) if is_json else None
        return Reply(headers, content, payload, len(content))

    def measured(self, reply: Reply) -> Tokens | None:
        """What a plain answer used, as far as it says."""
        return self.kind.measure(self.body, self.form.files if self.form else (), reply)

    def known_cost(self, answer: Answer) -> dict[str, str]:
        """The header that tells what a sound costs before it comes, if its length costs nothing."""
        price = self._price()
        if price.weights.call is not None:
            used: Tokens | None = Tokens(prompt=1)
        elif price.above or price.weights.completion:
            return {}
        else:
            used = self.measured(Reply(answer.headers, size=1))
        return {QUOTA_HEADER: str(self._cost(used or _NOTHING))}

    def _price(self) -> Price:
        """What the model that answered costs."""
        return self._fares[self.model]

    def _cost(self, used: Tokens) -> int:
        ratio = Decimal(1) if self.leg is None else self.leg.ratio
        return self.kind.bill(self._price(), used, self._ratios, ratio)

    async def kept(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Hand the whole reply to whoever wants to keep it, and may have another one sent."""
        return None if self.keep is None else await self.keep(self, payload)

    async def failed(self, error: Exception) -> None:
        """Write the log row of a call that came to nothing, unless it has one; it costs nothing."""
        if self.accounted:
            return
        self.accounted = True
        told = as_api_error(error)
        other = {"status_code": told.status_code, "error_code": told.code}
        log = self._record.row(_NOTHING, error=told.message, other=other)
        await self.gateway.till.settle(self._hold, 0, log)

    def settle(self, reply: Reply, end: str, *, text: str = "", keep: bool = False) -> None:
        """Charge the call; that goes on although its caller is gone.

        ``text`` is counted where the reply does not say what was used; a sound is closed when it is
        measured; with ``keep`` the reply is kept first.
        """
        self.accounted = True
        self._settling = self.gateway.spawn(self._settle(reply, end, text, keep))

    async def bill(self) -> Bill:
        """What came of `settle`. Raises StoreError, or what prevented that the reply was kept."""
        assert self._settling is not None
        return await asyncio.shield(self._settling)

    async def _settle(self, reply: Reply, end: str, text: str, keep: bool) -> Bill:
        is_paid, used = False, _NOTHING
        try:
            instead = None
            if keep and reply.payload is not None:
                instead = await self.kept(reply.payload | {"model": self.model})
            used = await self._used(reply, text)
            other = {"stream_status": {"end_reason": end}} if self.stream else {}
            log = self._record.row(used, other=other | self.notes)
            taken = await self.gateway.till.settle(self._hold, self._cost(used), log)
            is_paid = True
        except Exception as error:
            # Perhaps nobody waits any more, who would write down that it failed.
            self.accounted = False
            with suppress(StoreError):
                await self.failed(error)
            raise
        finally:
            self._let_go(used)
            if reply.sound is not None:
                reply.sound.close()
            if self._settled is not None:
                self._settled(is_paid)
        return Bill(used, taken, instead)

    async def _used(self, reply: Reply, text: str) -> Tokens:
        if self.kind.plain == "sound":  # its length is read, which takes a while
            used = await asyncio.to_thread(self.measured, reply)
        else:
            used = self.measured(reply)
        # Zeros are believed (contract 5.5), unless there is text that they do not count.
        if used is None or (text and not used.total):
            used = await asyncio.to_thread(self._count, text)
        return used

    def _count(self, text: str) -> Tokens:
        """Without usage from the upstream the text itself is counted (contract 4 and 5.5)."""
        encoding = counter.encoding_for(self.model)
        prompt = sum(counter.count(piece, encoding) for piece in self.kind.prompt(self.body))
        return Tokens(prompt=prompt, completion=counter.count(text, encoding) if text else 0)


_ASK_USAGE = {"include_usage": True}
