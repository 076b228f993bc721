"""What a key may know about itself: its balance and its own log rows (contract 7.3 and 7.5)."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.accounts import NEVER
from nexhina_nb.store.logs import newest_of_token

# Columns that only an administrator may see.
_HIDDEN = ("channel", "user_id")


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The two routes."""

    async def usage(request: Request) -> JSONResponse:
        """what the key was given, used and has left"""
        caller = await gateway.accounts.authenticate(request.headers.get("authorization"))
        await gateway.accounts.refresh(caller)
        return JSONResponse({"code": True, "message": "ok", "data": _usage(caller)})

    async def log(request: Request) -> JSONResponse:
        """the key's newest 1,000 log rows"""
        caller = await gateway.accounts.authenticate(request.headers.get("authorization"))
        rows = await run_in_threadpool(_rows, gateway, caller.account.token_id)
        return JSONResponse({"success": True, "message": "", "data": rows})

    return [
        Route("/api/usage/token/", usage, methods=["GET"]),
        Route("/api/log/token", log, methods=["GET"]),
    ]


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
        "unlimited_quota": account.unlimited_quota,
        "model_limits": dict.fromkeys(sorted(account.model_limits), True),
        "model_limits_enabled": bool(account.model_limits),
        "expires_at": 0 if account.expired_time == NEVER else account.expired_time,
    }


def _rows(gateway: Gateway, token_id: int) -> list[dict[str, Any]]:
    with gateway.store.reading() as connection:
        rows = newest_of_token(connection, token_id)
    return [{k: v for k, v in row.items() if k not in _HIDDEN} for row in rows]
