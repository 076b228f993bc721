"""The keys of one channel, each by its number (contract 7.4): on, off, away. None is ever shown
whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput, ServiceUnavailable
from nexhina_nb.gateway.admin.channel_keys import drop_keys, is_own, kept, keys_at, preview
from nexhina_nb.gateway.admin.channels import PATH
from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of
from nexhina_nb.secret import Secret
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import Channel, change_channel, find_channel

_ON, _BY_HAND, _AUTOMATICALLY = 1, 2, 3
_MOST_ROWS = 100
_STATUS, _DELETIONS = "get_key_status", ("delete_key", "delete_disabled_keys")
_SWITCHES = ("disable_key", "enable_key", "enable_all_keys", "disable_all_keys")
_States = Mapping[int, Mapping[str, Any]]


def routes(door: Door) -> list[BaseRoute]:
    """One route for all that can be done."""
    return [door.route(f"{PATH}/multi_key/manage", _Keys(door).manage, "POST", ADMIN)]


class _Keys:
    """The answers of this route."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway
        self._home = door.gateway.settings.home

    async def manage(self, request: Request, person: Account) -> Any:
        """the keys of `channel_id`: `action` get_key_status, enable_key, disable_key, \
delete_key, enable_all_keys, disable_all_keys, delete_disabled_keys"""
        fields = await fields_of(request)
        channel = await self._gateway.read(find_channel, fields.id("channel_id"))
        action = fields.text("action") or _STATUS
        sets = await run_in_threadpool(self._sets, channel)
        total = sum(map(len, sets))
        if action == _STATUS:
            return _told(fields, channel.key_states, [key for keys in sets for key in keys])
        if action in _SWITCHES:
            states = _switched(action, _chosen(fields, action, total), channel.key_states)
            return await self._switch(request, person, channel, action, states)
        if action not in _DELETIONS:
            raise BadInput(
                "'action' is unknown", hint=", ".join((_STATUS, *_SWITCHES, *_DELETIONS))
            )
        gone: Collection[int] = _chosen(fields, action, total)
        if action == "delete_disabled_keys":
            off = {n for n, row in channel.key_states.items() if _status(row) == _AUTOMATICALLY}
            gone = off.intersection(gone)
        if gone:
            await self._delete(request, person, channel, sets, gone)
        return len(gone)

    def _sets(self, channel: Channel) -> list[list[Secret]]:
        """The keys at each of the channel's places."""
        try:
            return [keys_at(self._home, [place]) for place in channel.keys]
        except ServiceUnavailable as error:
            raise BadInput(f"the keys cannot be read: {error.message}", hint=error.hint) from None

    async def _switch(
        self, request: Request, person: Account, before: Channel, action: str, states: _States
    ) -> int:
        def write(connection: Connection) -> int:
            change_channel(connection, replace(_same(connection, before), key_states=states))
            return len(states)

        params = {"id": before.id, "off": sorted(states)}
        return await self._door.act(request, person, action.replace("_", " "), params, write)

    async def _delete(
        self,
        request: Request,
        person: Account,
        before: Channel,
        sets: Sequence[Sequence[Secret]],
        gone: Collection[int],
    ) -> None:
        """Write the keys that stay to new files: a file is never changed under a running call."""
        left, touched = _left(sets, gone), []
        for place, keys, rest in zip(before.keys, sets, left, strict=True):
            if len(rest) < len(keys):
                if not is_own(place):
                    raise BadInput(f"this key was not written here: remove it from {place}")
                touched.append((place, rest))
        if not any(left):
            raise BadInput("a channel needs a key", hint="switch the channel off, or delete it")

        def write(connection: Connection, places: Sequence[tuple[str, ...]]) -> None:
            fresh = _same(connection, before)
            new = {place: row for (place, _), row in zip(touched, places, strict=True)}
            keys = tuple(p for place in before.keys for p in new.get(place, (place,)))
            states = _moved_up(fresh.key_states, gone, sum(map(len, sets)))
            change_channel(connection, replace(fresh, keys=keys, key_states=states))

        params = {"id": before.id, "indexes": sorted(gone)}
        async with kept(self._home, [rest for _, rest in touched]) as places:
            await self._door.act(request, person, "delete keys", params, write, places)
        await run_in_threadpool(drop_keys, self._home, [place for place, _ in touched])


def _same(connection: Connection, before: Channel) -> Channel:
    fresh = find_channel(connection, before.id)
    if (fresh.keys, fresh.key_states) != (before.keys, before.key_states):
        raise BadInput("somebody else has just changed these keys", hint="ask again")
    return fresh


def _chosen(fields: Fields, action: str, total: int) -> set[int]:
    """The numbers of the keys that an action is about."""
    if not action.endswith("_key"):
        return set(range(total))
    index = fields.whole("key_index")
    if index is None or index >= total:
        raise BadInput(f"'key_index' must be a whole number below {total}")
    return {index}


def _switched(action: str, chosen: set[int], states: _States) -> dict[int, Mapping[str, Any]]:
    rest = {index: state for index, state in states.items() if index not in chosen}
    if action.startswith("disable"):
        off = {"status": _BY_HAND, "reason": "switched off by hand", "time": int(time.time())}
        # What is off already keeps its reason.
        rest |= {index: states.get(index, off) for index in chosen}
    return dict(sorted(rest.items()))


def _left(sets: Sequence[Sequence[Secret]], gone: Collection[int]) -> list[list[Secret]]:
    left, start = [], 0
    for keys in sets:
        left.append([key for index, key in enumerate(keys, start) if index not in gone])
        start += len(keys)
    return left


def _moved_up(states: _States, gone: Collection[int], total: int) -> dict[int, Mapping[str, Any]]:
    """The states by the numbers that the keys have once some are gone."""
    kept_ones = [index for index in range(total) if index not in gone]
    return {new: states[old] for new, old in enumerate(kept_ones) if old in states}


def _told(fields: Fields, states: _States, keys: Sequence[Secret]) -> dict[str, Any]:
    number = fields.whole("page", most=10_000) or 1
    size = min(fields.whole("page_size") or 10, _MOST_ROWS)
    wanted = fields.whole("status", most=3) or None
    rows = [_row(index, states.get(index, {}), key) for index, key in enumerate(keys)]
    counts = Counter(row["status"] for row in rows)
    found = [row for row in rows if wanted in (None, row["status"])]
    return {
        "keys": found[(number - 1) * size : number * size],
        "total": len(found),
        "page": number,
        "page_size": size,
        "total_pages": -(-len(found) // size),
        "enabled_count": counts[_ON],
        "manual_disabled_count": counts[_BY_HAND],
        "auto_disabled_count": counts[_AUTOMATICALLY],
    }


def _row(index: int, state: Mapping[str, Any], key: Secret) -> dict[str, Any]:
    return {
        "index": index,
        "status": _status(state),
        "disabled_time": state.get("time", 0),
        "reason": state.get("reason", ""),
        "key_preview": preview(key),
    }


def _status(state: Mapping[str, Any]) -> int:
    return int(state.get("status", _AUTOMATICALLY)) if state else _ON
