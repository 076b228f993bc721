"""The responses that a gateway keeps, and what a request that goes on from one of them means."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

from nexhina_nb.errors import APIError, BadRequest, NotFound
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.dialects.responses.ids import response_id, response_of
from nexhina_nb.gateway.dialects.responses.objects import failed
from nexhina_nb.gateway.dialects.responses.thread import Item, Thread, items_of, listed
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.responses import (
    LONGEST_ID,
    KeptResponse,
    delete_response,
    find_response,
    save_response,
)

Payload = dict[str, Any]

UNDER_WAY = frozenset({"queued", "in_progress"})
_DAY = 86_400
_STOPPED = "the gateway was stopped while this response was under way"


class Running(Protocol):
    """A response under way, as it would be kept now."""

    def kept(self) -> KeptResponse: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a request brings and what it goes on from; ``pinned`` is the channel whose server holds
    that itself.
    """

    items: list[Item]
    previous: str = ""
    pinned: int | None = None


class Archive:
    """The kept responses; of those ``under_way`` in this process the newest state counts."""

    def __init__(self, gateway: Gateway) -> None:
        self.under_way: dict[tuple[int, str], Running] = {}
        self._gateway = gateway

    async def find(self, user_id: int, id: str) -> KeptResponse | None:
        """A response of a user. One that nobody is working on any more has failed."""
        if (running := self.under_way.get((user_id, id))) is not None:
            return running.kept()
        kept = await self._gateway.read(find_response, user_id, id, self._expired())
        if kept is not None and kept.status in UNDER_WAY:
            kept = _stopped(kept)
            await self.save(kept)
        return kept

    async def get(self, user_id: int, id: str) -> KeptResponse:
        """The same; raises NotFound."""
        if (kept := await self.find(user_id, id)) is None:
            raise NotFound(f"Response with id '{id[:LONGEST_ID]}' not found")
        return kept

    async def save(self, kept: KeptResponse) -> None:
        """Keep a response. Raises StoreError."""
        await self._gateway.keep(save_response, kept, self._expired())

    async def delete(self, user_id: int, id: str) -> None:
        """Forget a response; nothing happens if there is none."""
        await self._gateway.write(delete_response, user_id, id)

    async def keep(self, context: Context, exchange: Exchange, reply: Payload) -> Payload | None:
        """Keep the reply of an exchange; gives what the caller is to be sent in its place."""
        id = reply.get("id")
        if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
            return None
        told = reply
        if (reply.get("previous_response_id") or "") != context.previous:
            told = reply | {"previous_response_id": context.previous}
        kept = KeptResponse(
            user_id=exchange.caller.account.user_id,
            id=id,
            created_at=int(time.time()),
            model=exchange.model,
            input=context.items,
            reply=told,
            channel=exchange.channel.id if exchange.channel else 0,
            upstream_id=held_upstream(reply, exchange.request_id),
            previous_id=context.previous,
        )
        await self.save(kept)
        return told if told is not reply else None

    async def context(
        self, caller: Caller, body: Payload, request_id: str, *, may_pin: bool = True
    ) -> Context:
        """What a request brings and goes on from. Where no server holds that, or it is not to be
        relied upon, it becomes part of the body's input.

        Raises NotFound (previous_response_not_found), or BadRequest if that is not finished.
        """
        user_id = caller.account.user_id
        await self._resolve_references(user_id, body)
        own = listed(body, request_id)
        if not (previous := body.get("previous_response_id")):
            return Context(own)
        kept = await self._previous(user_id, previous)
        is_held = may_pin and kept.upstream_id != ""
        if is_held and await self._serves(kept.channel, caller, body["model"]):
            body["previous_response_id"] = kept.upstream_id
            return Context(own, previous, kept.channel)
        past = [item for one in await self._chain(kept) for item in (*one.input, *one.output)]
        del body["previous_response_id"]
        body["input"] = Thread([*past, *items_of(body)], {"previous_response_id": previous})
        return Context(own, previous)

    async def _previous(self, user_id: int, id: str) -> KeptResponse:
        where = "previous_response_id"
        if (kept := await self.find(user_id, id)) is None:
            raise NotFound(
                f"Previous response with id '{id[:LONGEST_ID]}' not found",
                code="previous_response_not_found",
                param=where,
            )
        if kept.status in UNDER_WAY:
            raise BadRequest(f"the response '{id}' is not finished yet", param=where)
        return kept

    async def _chain(self, last: KeptResponse) -> list[KeptResponse]:
        """The response and all that it goes on from, oldest first."""
        chain = {last.id: last}
        before = last.previous_id
        # An upstream that gives one id twice must not make a circle of it.
        while before and before not in chain:
            chain[before] = await self._previous(last.user_id, before)
            before = chain[before].previous_id
        return list(chain.values())[::-1]

    async def _serves(self, channel: int, caller: Caller, model: str) -> bool:
        try:
            legs = (await self._gateway.routes()).legs(caller.account, model)
        except APIError:
            return False  # whoever makes the call says what is wrong with the model
        return any(leg.channel.id == channel for leg in legs)

    async def _resolve_references(self, user_id: int, body: Payload) -> None:
        """Put the items themselves where the input refers to them. What is not kept here may be
        known to the upstream.
        """
        items = body.get("input")
        for place, item in enumerate(items if isinstance(items, list) else ()):
            if item.get("type") == "item_reference":
                found = await self._item(user_id, str(item.get("id")))
                body["input"][place] = item if found is None else found

    async def _item(self, user_id: int, id: str) -> Item | None:
        home = response_of(id)
        kept = await self.find(user_id, home) if home else None
        items = (*kept.input, *kept.output) if kept else ()
        return next((item for item in items if item.get("id") == id), None)

    def _expired(self) -> int:
        return int(time.time() - self._gateway.settings.keep_days * _DAY)


def _stopped(kept: KeptResponse) -> KeptResponse:
    reply = failed(kept.reply, "server_error", _STOPPED)
    last = {"type": "response.failed", "sequence_number": len(kept.events), "response": reply}
    return replace(kept, reply=reply, events=(*kept.events, last))


def held_upstream(reply: Payload, request_id: str) -> str:
    """The id under which the upstream holds a response itself; empty if it does not.

    An id that was not made here is the upstream's own; that it holds the response, it must say:
    some servers speak the API and forget at once.
    """
    id = reply.get("id")
    is_theirs = isinstance(id, str) and id != response_id(request_id)
    return str(id) if is_theirs and reply.get("store") is True else ""
