"""What a key may know about itself: its balance and its own log rows (contract 7.3 and 7.5)."""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.auth import Caller, address_of
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.accounts import ROLE_COMMON
from nexhina_nb.store.logs import newest_of_token, spending_of_token
from nexhina_nb.store.periods import renews_at
from nexhina_nb.store.terms import NEVER

# Columns, and a key of `other`, that only an administrator may see (contract 8).
_HIDDEN = ("channel", "user_id")
_HIDDEN_OTHER = "admin_info"
MOST_ROWS = 1000  # contract 7.5
# What the database can hold as a time, and a day far beyond all of them.
_LATEST = 1 << 62


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Where a key asks about itself, also one that is spent or expired."""

    async def usage(request: Request) -> JSONResponse:
        """what the key was given, used and has left"""
        caller = await _caller(gateway, request)
        return JSONResponse({"code": True, "message": "ok", "data": _usage(caller)})

    async def log(request: Request) -> JSONResponse:
        """the key's newest 1,000 log rows, or `limit` of them"""
        caller = await _caller(gateway, request)
        limit = min(_whole(request, "limit") or MOST_ROWS, MOST_ROWS)
        rows = await run_in_threadpool(_rows, gateway, caller.account.token_id, limit)
        return JSONResponse({"success": True, "message": "", "data": rows})

    async def stat(request: Request) -> JSONResponse:
        """what the key spent from `start_timestamp` to `end_timestamp` (Unix s, both included)"""
        caller = await _caller(gateway, request)
        span = _whole(request, "start_timestamp"), _whole(request, "end_timestamp")
        sums = await run_in_threadpool(_spending, gateway, caller.account.token_id, *span)
        return JSONResponse({"success": True, "message": "", "data": sums})

    return [
        # Clients write them with and without the slash, and nobody is redirected here.
        Route("/api/usage/token/", usage, methods=["GET"]),
        Route("/api/usage/token", usage, methods=["GET"]),
        Route("/api/log/token", log, methods=["GET"]),
        Route("/api/log/token/", log, methods=["GET"]),
        # Ours: what contract 7.5 gives a user at /api/log/self/stat, for one key.
        Route("/api/log/token/stat", stat, methods=["GET"]),
    ]


async def _caller(gateway: Gateway, request: Request) -> Caller:
    key = request.headers.get("authorization")
    return await gateway.accounts.authenticate(key, address_of(request.scope), to_look=True)


def _usage(caller: Caller) -> dict[str, Any]:
    account = caller.account
    available = caller.wallet.left
    if not account.unlimited_quota:
        available = min(available, caller.allowance.left)
    return {
        "object": "token_usage",
        "name": account.token_name,
        "total_granted": available + account.token_used,
        "total_used": account.token_used,
        "total_available": available,
        # A key with a wallet of its own has no cap, and yet a limit: its money.
        "unlimited_quota": account.unlimited_quota and account.role != ROLE_COMMON,
        "model_limits": dict.fromkeys(sorted(account.models or ()), True),
        "model_limits_enabled": account.models is not None,
        "expires_at": 0 if account.expired_time == NEVER else account.expired_time,
    } | _budget(caller, int(time.time()))


def _budget(caller: Caller, now: int) -> dict[str, Any]:
    """The budget of the present period, of a key that has one."""
    account = caller.account
    if not account.budget_period:
        return {}
    left = caller.budget.left(account, now)
    return {
        "budget": account.budget,
        "budget_period": account.budget_period,
        "budget_used": account.budget - left,
        "budget_available": max(left, 0),
        "budget_renews_at": renews_at(account.budget_period, max(now, caller.budget.since)),
    }


def _whole(request: Request, name: str) -> int | None:
    """A number of the query; nothing and 0 mean not given. Raises BadRequest."""
    text = request.query_params.get(name, "")
    if text and not (text.isascii() and text.isdecimal()):
        raise BadRequest(f"'{name}' is not a whole number", param=name)
    return min(int(text[:20] or 0), _LATEST) or None


def _rows(gateway: Gateway, token_id: int, limit: int) -> list[dict[str, Any]]:
    with gateway.store.reading() as connection:
        rows = newest_of_token(connection, token_id, limit)
    return [_shown(row) for row in rows]


def _spending(
    gateway: Gateway, token_id: int, start: int | None, end: int | None
) -> dict[str, int]:
    with gateway.store.reading() as connection:
        return spending_of_token(connection, token_id, start, end)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    other = json.loads(row["other"])
    other.pop(_HIDDEN_OTHER, None)
    shown = {name: value for name, value in row.items() if name not in _HIDDEN}
    return shown | {"other": json.dumps(other)}
