"""Codes (contract 7.6), and what they are turned into (5.7): quota in a wallet, or a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.door import ADMIN, USER, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of, id_of, page_of
from nexhina_nb.store import codes
from nexhina_nb.store.accounts import Account

_MOST_CODES = 100


def routes(door: Door) -> list[BaseRoute]:
    """The administrator's side, and that of whoever has a code."""
    desk = Codes(door)
    path = "/api/redemption"
    return [
        door.route(path, desk.list, "GET", ADMIN),
        door.route(f"{path}/search", desk.list, "GET", ADMIN, guard="search"),
        door.route(f"{path}/invalid", desk.delete_unusable, "DELETE", ADMIN),
        door.route(f"{path}/{{id}}", desk.show, "GET", ADMIN),
        door.route(f"{path}/{{id}}", desk.delete, "DELETE", ADMIN),
        door.route(path, desk.create, "POST", ADMIN),
        door.route(path, desk.change, "PUT", ADMIN),
        door.route("/api/user/topup", desk.top_up, "POST", USER, guard="login"),
        door.public("/api/user/redeem_key", desk.redeem_key, "POST"),
    ]


class Codes:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway

    async def list(self, request: Request, _: Account) -> dict[str, Any]:
        """codes, masked, newest first; `keyword`, `status` (1, 2, 3, expired)"""
        page, query = page_of(request), request.query_params
        rows, total = await self._gateway.read(
            lambda connection: codes.list_codes(
                connection,
                keyword=query.get("keyword", ""),
                status=query.get("status", ""),
                offset=page.offset,
                limit=page.size,
            )
        )
        return page.of(rows, total)

    async def show(self, request: Request, _: Account) -> dict[str, Any]:
        """one code, masked"""
        return await self._gateway.read(codes.find_code, id_of(request))

    async def create(self, request: Request, person: Account) -> Sequence[str]:
        """make up to 100 codes; they are shown this once"""
        fields = await fields_of(request)
        name, quota = fields.text("name", least=1, most=20), fields.whole("quota", least=1)
        if name is None or quota is None:
            raise BadInput("a code needs a 'name' and a 'quota'")
        count = fields.whole("count", least=1, most=_MOST_CODES) or 1
        expires = fields.whole("expired_time") or 0
        made = await self._door.act(
            request,
            person,
            "create codes",
            {"name": name, "quota": quota, "count": count, "expired_time": expires},
            lambda connection: codes.create_codes(
                connection, person.user_id, name, quota, count=count, expired_time=expires
            ),
        )
        # Shown here, once, on purpose.
        return [row.code.reveal() for row in made]

    async def change(self, request: Request, person: Account) -> dict[str, Any]:
        """change a code that nobody has used; `?status_only=1` only switches it"""
        fields = await fields_of(request)
        code_id, status = fields.id(), fields.whole("status", least=1, most=2)
        changes: dict[str, Any] = {"status": status}
        if not request.query_params.get("status_only"):
            changes = {
                "name": fields.text("name", least=1, most=20),
                "quota": fields.whole("quota", least=1),
                "expired_time": fields.whole("expired_time"),
            }
        return await self._door.act(
            request,
            person,
            "change code",
            {"id": code_id, **changes},
            lambda connection: codes.change_code(connection, code_id, **changes),
        )

    async def delete(self, request: Request, person: Account) -> None:
        """forget a code that nobody has used"""
        code_id = id_of(request)
        await self._door.act(
            request, person, "delete code", {"id": code_id}, codes.delete_code, code_id
        )

    async def delete_unusable(self, request: Request, person: Account) -> int:
        """forget the codes that are off or expired; how many it were"""
        return await self._door.act(
            request, person, "delete invalid codes", {}, codes.delete_unusable
        )

    async def top_up(self, request: Request, person: Account) -> int:
        """turn a code into quota in the caller's wallet; how much it was"""
        code = _code_in(await fields_of(request))
        return await self._gateway.write(codes.redeem, code, person.user_id)

    async def redeem_key(self, request: Request) -> dict[str, Any]:
        """turn a code into a key of one's own, which is shown this once"""
        fields = await fields_of(request)
        code, name = _code_in(fields), fields.text("name", most=48) or ""
        token_id, key, quota = await self._gateway.write(codes.open_with_code, code, name)
        # Shown here, once, on purpose.
        return {"id": token_id, "key": key.reveal(), "quota": quota}


def _code_in(fields: Fields) -> str:
    code = fields.text("key", least=1, most=64)
    if code is None:
        raise BadInput("the code is missing: send it as 'key'")
    return code
