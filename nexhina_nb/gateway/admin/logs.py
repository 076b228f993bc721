"""The usage log for people (contract 7.5): pages, sums, files, captured calls, pruning by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.gateway.admin.door import ADMIN, ROOT, USER, Door
from nexhina_nb.gateway.admin.envelope import page_of, whole_of
from nexhina_nb.gateway.admin.log_files import log_file
from nexhina_nb.gateway.pruner import prune_all
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.captures import find_capture
from nexhina_nb.store.log_search import (
    MOST_COUNTED,
    LogFilter,
    count_logs,
    search_logs,
    stat_of_logs,
)
from nexhina_nb.store.pruning import BATCH, prune_logs

_HIDDEN = ("channel_name",)


def routes(door: Door) -> list[BaseRoute]:
    """Every question about the log, each behind the role that it needs."""
    desk = Logs(door)
    path = "/api/log"
    return [
        door.route(f"{path}/self/stat", desk.own_stat, "GET", USER),
        door.route(f"{path}/self/search", desk.retired, "GET", USER),
        door.route(f"{path}/self", desk.own, "GET", USER),
        door.route(f"{path}/stat", desk.stat, "GET", ADMIN),
        door.route(f"{path}/search", desk.retired, "GET", ADMIN),
        door.route(f"{path}/export", desk.export, "GET", ADMIN),
        door.route(f"{path}/capture", desk.capture, "GET", ADMIN),
        door.route(path, desk.everybody, "GET", ADMIN),
        door.route(path, desk.delete, "DELETE", ROOT),
    ]


class Logs:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway

    async def everybody(self, request: Request, _: Account) -> dict[str, Any]:
        """log rows of everybody, newest first"""
        return await self._page(request, wanted(request))

    async def own(self, request: Request, person: Account) -> dict[str, Any]:
        """the caller's log rows, newest first"""
        found = await self._page(request, wanted(request, person), MOST_COUNTED)
        first = page_of(request).offset + 1
        found["items"] = [_for_user(row, n) for n, row in enumerate(found["items"], first)]
        return found

    async def stat(self, request: Request, _: Account) -> dict[str, int]:
        """what was spent, and calls and tokens of the last minute"""
        return await self._gateway.read(stat_of_logs, wanted(request))

    async def own_stat(self, request: Request, person: Account) -> dict[str, int]:
        """the same of the caller alone"""
        return await self._gateway.read(stat_of_logs, wanted(request, person))

    async def export(self, request: Request, _: Account) -> Response:
        """the rows that the list would give, all of them, as a file: `format` is csv or parquet"""
        name = request.query_params.get("format", "csv")
        return await log_file(self._gateway.store, wanted(request), name)

    async def capture(self, request: Request, person: Account) -> Mapping[str, Any]:
        """what a captured call said; that somebody looked is in the log"""
        request_id = request.query_params.get("request_id", "")
        params = {"request_id": request_id[:64]}
        found = await self._door.act(
            request, person, "read capture", params, find_capture, request_id
        )
        if found is None:
            raise NotFound("no call of this id was captured")
        return found

    async def delete(self, request: Request, person: Account) -> int:
        """delete rows older than `target_timestamp`; how many it were"""
        before = whole_of(request, "target_timestamp")
        if not before or before < 0:
            raise BadInput("'target_timestamp' is needed")
        # Not the row that says who did it.
        before = min(before, int(time.time()))
        gone = await self._door.act(
            request, person, "delete logs", {"target_timestamp": before}, prune_logs, before
        )
        return gone if gone < BATCH else gone + await prune_all(self._gateway, prune_logs, before)

    async def retired(self, _request: Request, _: Account) -> None:
        """retired: the list takes the filters"""
        raise BadInput("this search is retired", hint="GET /api/log/ takes the filters")

    async def _page(
        self, request: Request, filters: LogFilter, most: int | None = None
    ) -> dict[str, Any]:
        page = page_of(request)
        items = await self._gateway.read(
            lambda connection: search_logs(connection, filters, offset=page.offset, limit=page.size)
        )
        return page.of(items, await self._gateway.read(count_logs, filters, most))


def wanted(request: Request, account: Account | None = None) -> LogFilter:
    """The filter of a query; of one account only, which may not ask for users and channels."""
    query = request.query_params
    texts = ("model_name", "token_name", "group", "request_id", "upstream_request_id")
    filters: dict[str, Any] = {name: query.get(name, "") for name in texts}
    numbers = {"type": "type", "start": "start_timestamp", "end": "end_timestamp"}
    filters |= {name: whole_of(request, key) or 0 for name, key in numbers.items()}
    if account is not None:
        return LogFilter(user_id=account.user_id, **filters)
    channel = whole_of(request, "channel") or 0
    return LogFilter(username=query.get("username", ""), channel=channel, **filters)


def _for_user(row: dict[str, Any], place: int) -> dict[str, Any]:
    other = json.loads(row["other"] or "{}")
    other.pop("admin_info", None)
    kept = {name: value for name, value in row.items() if name not in _HIDDEN}
    return kept | {"id": place, "other": json.dumps(other)}
