"""Channels made, changed and copied (contract 7.4).

Keys go to files first, then the store is told where they are; what nobody needs is dropped last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.channel_forms import changed
from nexhina_nb.gateway.admin.channel_keys import (
    drop_keys,
    is_own,
    kept,
    keys_at,
    parse_keys,
    preview,
)
from nexhina_nb.gateway.admin.channel_places import check_place, origin
from nexhina_nb.gateway.admin.channels import PATH, record
from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of, id_of
from nexhina_nb.secret import Secret
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import Channel, add_channel, change_channel, find_channel

_LONGEST_KEYS = 200_000
_LONGEST_NAME = 64
_MOST_AT_ONCE = 100
_MODES = ("random", "polling")
_NOT_THIS_ONE = {"test_time": 0, "response_time": 0, "other_info": ""}
_NO_MONEY = {"balance": 0.0, "balance_updated_time": 0, "used_quota": 0}


def routes(door: Door) -> list[BaseRoute]:
    """What writes whole channels."""
    desk = _Saving(door)
    return [
        door.route(PATH, desk.create, "POST", ADMIN),
        door.route(PATH, desk.change, "PUT", ADMIN),
        door.route(f"{PATH}/copy/{{id}}", desk.copy, "POST", ADMIN),
    ]


class _Saving:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway
        self._home = door.gateway.settings.home

    async def create(self, request: Request, person: Account) -> dict[str, Any]:
        """make channels; `mode` single, batch (one for each key) or multi_to_single"""
        fields = await fields_of(request)
        # one-api sends the channel itself, and means one for each line of its key.
        body, mode = fields.values.get("channel"), fields.text("mode") or "single"
        if body is None:
            body, mode = fields.values, "batch"
        if not isinstance(body, dict):
            raise BadInput("'channel' must be an object")
        private = self._gateway.settings.allow_private_urls
        channel = changed(Channel(name="", type="openai", models=(), allow_private=private), body)
        channel = replace(channel, multi_key_mode=_mode(fields) or "random")
        sets = _sets(mode, _keys_in(body) or [])
        await check_place(channel)
        with_key = bool(fields.flag("batch_add_set_key_prefix_2_name"))
        names = _names(channel.name, sets, with_key=with_key)

        def add(connection: Connection, places: Sequence[tuple[str, ...]]) -> list[int]:
            return [
                add_channel(connection, replace(channel, name=name, keys=keys))
                for name, keys in zip(names, places, strict=True)
            ]

        params = {"names": names, "type": channel.code, "mode": mode}
        async with kept(self._home, sets) as places:
            ids = await self._door.act(request, person, "create channels", params, add, places)
        return {"ids": ids}

    async def change(self, request: Request, person: Account) -> dict[str, Any]:
        """change a channel: what is absent stays; `key_mode` append adds to its keys"""
        fields = await fields_of(request)
        body, mode = fields.values, _mode(fields)
        before = await self._gateway.read(find_channel, fields.id())
        keys, appends = _keys_in(body), fields.text("key_mode") == "append"
        await self._check_move(before, changed(before, body), keeps=keys is None or appends)

        def write(connection: Connection, new: tuple[str, ...]) -> Channel:
            fresh = find_channel(connection, before.id)
            if (fresh.keys, fresh.base_url) != (before.keys, before.base_url):
                raise BadInput("somebody else has just changed this channel", hint="ask again")
            channel = self._moved(fresh, changed(fresh, body))
            channel = replace(channel, multi_key_mode=mode or channel.multi_key_mode)
            if keys is not None:
                states = channel.key_states if appends else {}
                places = (*fresh.keys, *new) if appends else new
                channel = replace(channel, keys=places, key_states=states)
            change_channel(connection, channel)
            return channel

        params = {"id": before.id, "name": before.name, "fields": sorted(body)}
        async with kept(self._home, [keys or []]) as (new,):
            done = await self._door.act(request, person, "change channel", params, write, new)
        await run_in_threadpool(drop_keys, self._home, [*{*before.keys} - {*done.keys}])
        return record(self._gateway, done)

    async def copy(self, request: Request, person: Account) -> dict[str, int]:
        """make a channel like another one; `suffix` of its name, `reset_balance` (true)"""
        query = request.query_params
        before = await self._gateway.read(find_channel, id_of(request))
        resets = query.get("reset_balance", "true").lower() != "false"
        name = _fitting(before.name + query.get("suffix", "_copy"))
        own = [place for place in before.keys if is_own(place)]
        sets = await run_in_threadpool(lambda: [keys_at(self._home, [place]) for place in own])

        def add(connection: Connection, places: Sequence[tuple[str, ...]]) -> int:
            new = dict(zip(own, places, strict=True))
            keys = tuple(p for place in before.keys for p in new.get(place, (place,)))
            changes: Mapping[str, Any] = _NOT_THIS_ONE | (_NO_MONEY if resets else {})
            return add_channel(connection, replace(before, name=name, keys=keys, **changes))

        params = {"id": before.id, "name": name}
        async with kept(self._home, sets) as places:
            made = await self._door.act(request, person, "copy channel", params, add, places)
        return {"id": made}

    async def _check_move(self, before: Channel, after: Channel, *, keeps: bool) -> None:
        """A key must not follow a channel to another server: whoever changes where it leads could
        read a key there that he was never shown.
        """
        if (after.base_url, after.type) == (before.base_url, before.type):
            return
        await check_place(self._moved(before, after))
        if before.keys and keeps and origin(before) != origin(after):
            raise BadInput(
                "the base URL leads to another server, where the channel's keys must not go",
                hint="send the key for it as 'key'",
            )

    def _moved(self, before: Channel, after: Channel) -> Channel:
        """Only the machine's owner may lead a channel into a private network, unless it is open."""
        if (after.base_url, after.type) == (before.base_url, before.type):
            return after
        return replace(after, allow_private=self._gateway.settings.allow_private_urls)


def _keys_in(body: Mapping[str, Any]) -> list[Secret] | None:
    """The keys that a body brings; None where there are none, or only what hides one."""
    text = Fields(body).text("key", most=_LONGEST_KEYS) or ""
    return None if not text.strip() or "*" in text or "…" in text else parse_keys(text)


def _sets(mode: str, keys: Sequence[Secret]) -> list[Sequence[Secret]]:
    """The keys of each of the channels that are to be made."""
    if mode == "batch" and len(keys) <= _MOST_AT_ONCE:
        return [[key] for key in keys] or [[]]
    if mode == "multi_to_single" or (mode == "single" and len(keys) <= 1):
        return [keys]
    raise BadInput(
        f"'mode' {mode!r:.40} does not fit {len(keys)} keys",
        hint=f"single for one key, batch for up to {_MOST_AT_ONCE}, or multi_to_single",
    )


def _names(name: str, sets: Sequence[Sequence[Secret]], *, with_key: bool) -> list[str]:
    """A name for each channel: no two are alike."""
    if len(sets) == 1 and not with_key:
        return [name]
    signs = [f" {preview(keys[0])}" if with_key and keys else "" for keys in sets]
    return [_fitting(f"{name}{sign} {n}".rstrip()) for n, sign in enumerate(signs, 1)]


def _fitting(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise BadInput(f"the name of a channel has at most {_LONGEST_NAME} characters")
    return name


def _mode(fields: Fields) -> str | None:
    mode = fields.text("multi_key_mode") or None
    if mode is not None and mode not in _MODES:
        raise BadInput(f"'multi_key_mode' is {' or '.join(_MODES)}")
    return mode
