"""Channels tried out (contract 6.9): a real call that costs the caller nothing here, the balance,
the models.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput, NexhinaError, NotFound
from nexhina_nb.gateway.admin.channel_keys import parse_keys
from nexhina_nb.gateway.admin.channel_places import check_place
from nexhina_nb.gateway.admin.channel_questions import (
    ask,
    balance_at,
    models_at,
    trial_call,
)
from nexhina_nb.gateway.admin.channels import PATH
from nexhina_nb.gateway.admin.door import ADMIN, Door, request_id
from nexhina_nb.gateway.admin.envelope import fields_of, id_of
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.providers import type_of
from nexhina_nb.gateway.upstreams.registry import connect
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import Channel, change_channel, find_channel, list_channels
from nexhina_nb.store.notes import note
from nexhina_nb.wire.codes import ChannelStatus, LogType

_AT_ONCE = 8
_LONGEST_KEY = 10_000


def routes(door: Door) -> list[BaseRoute]:
    """What asks an upstream."""
    desk = _Trials(door)
    return [
        door.route(f"{PATH}/test", desk.try_all, "GET", ADMIN),
        door.route(f"{PATH}/test/{{id}}", desk.try_one, "GET", ADMIN),
        door.route(f"{PATH}/update_balance/{{id}}", desk.balance, "GET", ADMIN),
        door.route(f"{PATH}/fetch_models/{{id}}", desk.models_of, "GET", ADMIN),
        door.route(f"{PATH}/fetch_models", desk.models_there, "POST", ADMIN),
    ]


@dataclass(frozen=True, slots=True)
class _Trial:
    """What came of a call: how long it took, and the error if it failed."""

    channel: Channel
    model: str
    seconds: float
    error: NexhinaError | None = None


class _Trials:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._gateway = door.gateway
        self._running: asyncio.Task[None] | None = None

    async def try_one(self, request: Request, person: Account) -> Response:
        """send a channel one short call; `model`, `endpoint_type`, `stream`"""
        query = request.query_params
        channel = await self._gateway.read(find_channel, id_of(request))
        trial = await self._try(
            channel,
            query.get("model", ""),
            query.get("endpoint_type", ""),
            stream=query.get("stream", "").lower() in ("true", "1"),
        )
        await self._gateway.write(_write_down, trial, person, request_id(request))
        told: dict[str, Any] = {"success": True, "message": ""}
        if trial.error is not None:
            api = as_api_error(trial.error)
            told = {"success": False, "message": trial.error.message, "error_code": api.code}
        return JSONResponse(told | {"time": round(trial.seconds, 3)})

    async def try_all(self, request: Request, person: Account) -> Any:
        """try every channel that is not off by hand, in the background; 409 while that goes on"""
        if self._running is not None and not self._running.done():
            return JSONResponse({"success": False, "message": "a test is running already"}, 409)
        task_id, asked = secrets.token_hex(8), request_id(request)
        # Not one of the tasks that a shutdown waits for: nobody has paid for it.
        self._running = asyncio.create_task(self._try_each(person, asked))
        return {"task_id": task_id, "status": "running"}

    async def balance(self, request: Request, _: Account) -> Response:
        """ask a channel's upstream how much money is left there"""
        channel = await self._gateway.read(find_channel, id_of(request))
        if channel.type == "local" or self._gateway.upstreams.count_keys(channel) > 1:
            raise BadInput("only a channel with an upstream and one key has a balance")
        try:
            left = float(await balance_at(self._gateway, channel))
        except NexhinaError as error:
            raise BadInput(error.message, hint=error.hint) from None
        now = int(time.time())
        await self._gateway.write(_change, channel.id, {"balance": left, _TIME: now})
        return JSONResponse({"success": True, "message": "", "balance": left})

    async def models_of(self, request: Request, _: Account) -> list[str]:
        """ask a channel's upstream for its models"""
        channel = await self._gateway.read(find_channel, id_of(request))
        if channel.type == "local":
            raise BadInput("the built-in engines are no upstream", hint="GET /v1/models names them")
        try:
            return await models_at(self._gateway.upstream(channel, 0))
        except NexhinaError as error:
            raise BadInput(error.message, hint=error.hint) from None

    async def models_there(self, request: Request, _: Account) -> list[str]:
        """ask an upstream that is no channel yet for its models: `base_url`, `type`, `key`"""
        fields = await fields_of(request)
        kind = type_of(fields.whole("type") or 1)
        if kind == "local":
            raise BadInput("the built-in engines are no upstream", hint="GET /v1/models names them")
        keys = parse_keys(fields.text("key", most=_LONGEST_KEY) or "")
        channel = Channel(
            name="new",
            type=kind,
            models=(),
            base_url=fields.text("base_url", most=2_000) or "",
            allow_private=self._gateway.settings.allow_private_urls,
        )
        await check_place(channel)
        try:
            port = connect(channel, self._gateway.settings, keys[0] if keys else None)
            async with aclosing(port):
                return await models_at(port)
        except NexhinaError as error:
            raise BadInput(error.message, hint=error.hint) from None

    async def _try_each(self, person: Account, asked: str) -> None:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def attempt(channel: Channel) -> None:
            async with turn:
                trial = await self._try(channel)
            with suppress(NotFound):  # deleted meanwhile
                await self._gateway.write(_write_down, trial, person, asked)

        rows = await self._gateway.read(list_channels)
        wanted = [row for row in rows if row.status != ChannelStatus.DISABLED]
        await asyncio.gather(*map(attempt, wanted))

    async def _try(
        self, channel: Channel, model: str = "", kind: str = "", *, stream: bool = False
    ) -> _Trial:
        model = model or channel.test_model or channel.models[0]
        started, error = time.monotonic(), None
        try:
            catalog = await self._gateway.catalog()
            await ask(
                self._gateway, channel, trial_call(channel, model, catalog, kind, stream=stream)
            )
        except NexhinaError as caught:
            error = caught
        return _Trial(channel, model, time.monotonic() - started, error)


_TIME = "balance_updated_time"


def _write_down(connection: Connection, trial: _Trial, person: Account, asked: str) -> None:
    """Keep how it went with the channel, and in the log of whoever asked; nobody pays for it."""
    now = int(time.time())
    spent = {"response_time": round(trial.seconds * 1000)} if trial.error is None else {}
    _change(connection, trial.channel.id, {"test_time": now} | spent)
    other: dict[str, Any] = {"channel": trial.channel.id, "model": trial.model}
    kind = LogType.CONSUME
    if trial.error is not None:
        kind, other = LogType.ERROR, other | {"error_code": as_api_error(trial.error).code}
    note(
        connection,
        kind,
        person.user_id,
        person.username,
        "channel test",
        other=other,
        request_id=asked,
    )


def _change(connection: Connection, channel_id: int, values: dict[str, Any]) -> None:
    change_channel(connection, replace(find_channel(connection, channel_id), **values))
