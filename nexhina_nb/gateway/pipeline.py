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
from typing import Any

import orjson

from nexhina_nb.errors import APIError, StoreError, Upstream
from nexhina_nb.gateway import answers
from nexhina_nb.gateway.attempts import Attempts
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.billing import Hold, hold, release
from nexhina_nb.gateway.captures import capture
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.fares import Bill, Fares, priced
from nexhina_nb.gateway.kinds import Kind, Reply, rough_tokens
from nexhina_nb.gateway.limits import Turn
from nexhina_nb.gateway.low_balance import low_balance
from nexhina_nb.gateway.measuring import Meter
from nexhina_nb.gateway.outgoing import Outgoing
from nexhina_nb.gateway.record import Record, in_log, read_tags
from nexhina_nb.gateway.router import Leg, pinned_to
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer, Form, read
from nexhina_nb.gateway.upstreams.headers import asked_of_upstream
from nexhina_nb.gateway.upstreams.overrides import Facts
from nexhina_nb.gateway.ways import Way
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.channels import Channel
from nexhina_nb.store.preferences import preferences
from nexhina_nb.wire.extensions import LOW_BALANCE_HEADER, QUOTA_HEADER, TAGS_HEADER

_NOTHING = Tokens()
# Given the exchange, which knows the channel that answered, and the whole reply.
Keep = Callable[["Exchange", dict[str, Any]], Awaitable[dict[str, Any] | None]]
# Told whether the bill is on disk, once that is known.
Settled = Callable[[bool], None]


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
        address: str = "",
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
        self._facts = Facts(f"/v1{kind.path}", self.model, headers)
        self.accounted = False  # whether the call's end is, or surely will be, in the ledger
        self._estimate = 0
        self._hold = Hold(caller, 0)
        self._turn: Turn | None = None
        self._told: Mapping[str, str] = {}
        self._fares = Fares(kind)
        self._meter = Meter(kind, body, form)
        self._outgoing = Outgoing(
            kind, body, form, self.stream, request_id, origin, asked_of_upstream(headers)
        )
        self._way: Way | None = None
        self._settling: asyncio.Task[Bill] | None = None
        self._record = _begun(self, headers.get(TAGS_HEADER, ""), address)

    @property
    def channel(self) -> Channel | None:
        """The channel that answered; None before that."""
        return None if self.leg is None else self.leg.channel

    async def open(self) -> Answer:
        """Reserve and call; returns the answer of the first channel that gives one.

        Raises APIError; nothing is held then.
        """
        longest, sticky = self.kind.longest_answer(self.body), self._sticky
        await self._take_turn(longest)
        try:
            legs = await self._affordable(await self._legs(sticky))
            most = max(self._fares.to_hold(leg, self._estimate, longest) for leg in legs)
            self._hold = hold(self.caller, most)
            written = self._outgoing.to
            attempts = Attempts(self.gateway, self.kind, written, self._record, self._facts)
            way, answer = await attempts.first_answer(legs, sticky)
        except BaseException:
            self._let_go()
            raise
        self._way, self.leg, self.model = way, way.leg, way.leg.model
        self._record.first_byte = time.monotonic()
        self._record.upstream_id = answer.headers.get("x-request-id", "")
        return answer

    async def _take_turn(self, longest: int) -> None:
        """Wait until the limits of the key and its group let the call in (contract 2.1: before it
        is asked for which model).
        """
        account, limits = self.caller.account, self.gateway.limits
        group = (await self.gateway.routes()).group_of(account, self.model)
        self._estimate = rough_tokens(self.kind.prompt(self.body))
        try:
            self._turn = await limits.admit(account, group, self._estimate + longest)
        except APIError:
            self._told = limits.told(account, group)
            raise

    @property
    def limit_headers(self) -> Mapping[str, str]:
        """What the caller is told to be left of its limits, as it is now."""
        return self._told if self._turn is None else self._turn.headers

    @property
    def _sticky(self) -> str:
        """Calls in which this is the same prefer the same channel and key."""
        sticky = self.body.get("prompt_cache_key")
        return sticky if isinstance(sticky, str) else ""

    async def _affordable(self, legs: Sequence[Leg]) -> list[Leg]:
        """The legs whose models have a price."""
        prices = await priced(self.gateway.price, legs, self.model, self._priced_as)
        self._record.price = prices[self.model]
        self._fares = Fares(self.kind, prices, self.kind.ratios(self.model, self.body))
        return [leg for leg in legs if leg.model in prices]

    async def _legs(self, sticky: str) -> list[Leg]:
        routes = await self.gateway.routes()
        legs = routes.legs(self.caller.account, self.model, sticky)
        return legs if self.pinned is None else pinned_to(self.pinned, legs, self.model)

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
            reply = self._meter.reply(answer.headers, content)
            if reply.payload is not None:
                content = answers.renamed(reply.payload, content, self.model)
            self.settle(reply, "done", keep=True)
            bill = await self.bill()
            content = content if bill.instead is None else orjson.dumps(bill.instead)
        finally:
            await answer.aclose()
            if not self.accounted:
                self._let_go()
        headers[QUOTA_HEADER] = str(bill.taken)
        if bill.low is not None:
            headers[LOW_BALANCE_HEADER] = f"{bill.low:f}"
        return answer.status, headers, content

    def masked(self, text: str) -> str:
        """What the upstream said of a failure, without what gives away its channel."""
        assert self._way is not None
        return self.gateway.upstreams.masked(self._way.leg.channel, self._way.key, text)

    def known_cost(self, answer: Answer) -> dict[str, str]:
        """The header that tells what a sound costs before it comes, if its length costs nothing."""
        begun = self._meter.told(Reply(answer.headers, size=1))
        cost = self._fares.known_cost(self.leg, self.model, begun)
        return {} if cost is None else {QUOTA_HEADER: str(cost)}

    async def kept(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Hand the whole reply to whoever wants to keep it, and may have another one sent."""
        return None if self.keep is None else await self.keep(self, payload)

    async def failed(self, error: Exception) -> None:
        """Write the log row of a call that came to nothing, unless it has one; it costs nothing."""
        if self.accounted:
            return
        self.accounted = True
        if self._way is not None and isinstance(error, Upstream):  # what came was no answer
            self.gateway.health.failed(self._way.target)
        told = as_api_error(error)
        other = {"status_code": told.status_code, "error_code": told.code}
        log = self._record.row(_NOTHING, error=in_log(told), other=other)
        try:
            await self.gateway.till.settle(self._hold, 0, log)
        finally:
            self._let_go()

    def settle(
        self,
        reply: Reply,
        end: str,
        *,
        text: str = "",
        keep: bool = False,
        broken: bool = False,
    ) -> None:
        """Charge the call; that goes on although its caller is gone.

        ``text`` is counted where the reply does not say what was used; a sound is closed when it is
        measured; with ``keep`` the reply is kept first; ``broken``: the upstream ended it early.
        """
        self.accounted = True
        if self._way is not None and broken:
            self.gateway.health.failed(self._way.target)
        elif self._way is not None and end in ("done", "eof"):
            self.gateway.health.went_well(self._way.target)
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
            used = await self._meter.used(reply, self.model, text)
            other = {"stream_status": {"end_reason": end}} if self.stream else {}
            log = self._record.row(used, other=other | self.notes)
            taken = await self.gateway.till.settle(
                self._hold, self._fares.cost(self.leg, self.model, used), log
            )
            is_paid = True
            low = await low_balance(self.gateway, self.caller, self.request_id, taken)
            said = text or reply.payload or f"[{reply.size:,} bytes]"
            capture(self.gateway, self.caller.account, self.request_id, self.body, said)
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
        return Bill(used, taken, low, instead)


def _begun(exchange: Exchange, tags: str, address: str) -> Record:
    return Record(
        exchange.request_id,
        exchange.caller,
        exchange.model,
        f"/v1{exchange.kind.path}",
        exchange.stream,
        tags=read_tags(tags),
        ip=address if preferences(exchange.caller.account.setting).record_ip else "",
    )
