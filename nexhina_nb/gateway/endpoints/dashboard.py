"""What programs made for OpenAI's old billing pages ask for (contract 7.9)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.price import QUOTA_PER_USD
from nexhina_nb.store.options import list_options
from nexhina_nb.store.tables import users
from nexhina_nb.store.terms import NEVER

_UNLIMITED_USD = 100_000_000
_ROOTS = ("/v1/dashboard/billing", "/dashboard/billing")


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Both questions, with and without the version."""

    async def subscription(request: Request) -> JSONResponse:
        """what the key, or its user, was given in all, in USD"""
        try:
            caller, of_key = await _asked(gateway, request)
        except APIError as error:
            return _failure(error)
        used = await _used(gateway, caller, of_key=of_key)
        return JSONResponse(_subscription(caller, used, of_key=of_key))

    async def usage(request: Request) -> JSONResponse:
        """what the key, or its user, has used, in US cents"""
        try:
            caller, of_key = await _asked(gateway, request)
        except APIError as error:
            return _failure(error)
        used = await _used(gateway, caller, of_key=of_key)
        return JSONResponse({"object": "list", "total_usage": _usd(used * 100)})

    return [
        Route(f"{root}/{name}", endpoint, methods=["GET"])
        for root in _ROOTS
        for name, endpoint in (("subscription", subscription), ("usage", usage))
    ]


async def _asked(gateway: Gateway, request: Request) -> tuple[Caller, bool]:
    """Who asks, and whether the key is meant rather than its user."""
    key = request.headers.get("authorization")
    caller = await gateway.accounts.authenticate(key, to_look=True)
    options = await gateway.read(list_options)
    return caller, options["DisplayTokenStatEnabled"] == "true"


def _subscription(caller: Caller, used: int, *, of_key: bool) -> dict[str, Any]:
    account = caller.account
    left = caller.allowance.left if of_key else caller.wallet.left
    limit: float = _usd(left + used)
    if of_key and account.unlimited_quota:
        limit = _UNLIMITED_USD
    until = account.expired_time if of_key and account.expired_time != NEVER else 0
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "soft_limit_usd": limit,
        "hard_limit_usd": limit,
        "system_hard_limit_usd": limit,
        "access_until": until,
    }


async def _used(gateway: Gateway, caller: Caller, *, of_key: bool) -> int:
    if of_key:
        return caller.account.token_used
    return await gateway.read(_spent_by, caller.account.user_id)


def _spent_by(connection: Connection, user_id: int) -> int:
    spent = select(users.c.used_quota).where(users.c.id == user_id)
    return int(connection.execute(spent).scalar_one())


def _usd(quota: int) -> float:
    """For the wire, which has a JSON number here; nothing is calculated with it."""
    return float(Decimal(quota) / QUOTA_PER_USD)


def _failure(error: APIError) -> JSONResponse:
    return JSONResponse({"error": {"message": error.message, "type": "upstream_error"}})
