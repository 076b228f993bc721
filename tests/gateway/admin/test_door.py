"""Who is let in: keys that manage, access tokens with the id of their user, and nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request

from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.settings import load
from nexhina_nb.store.accounts import Account, create_root_user, create_token, create_user
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.people import renew_access_token


async def who(request: Request, person: Account) -> str:
    """who asks"""
    return person.username


async def asked(store: Store, folder: Path, *headers: dict[str, str]) -> list[httpx2.Response]:
    gateway = Gateway(load(environ={}, cwd=folder, home=folder), store)
    app = Starlette(routes=[Door(gateway).route("/api/who", who, "GET", ADMIN)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        paths = ("/api/who", "/api/who/")
        found = [await client.get(paths[n % 2], headers=row) for n, row in enumerate(headers)]
    await gateway.aclose()
    return found


def test_the_door_opens_to_whom_it_should(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    with store.writing() as connection:
        root, ada = create_root_user(connection), create_user(connection, "ada")
        manages = create_token(connection, root, "m", manages=True)[1].reveal()
        ordinary = create_token(connection, root, "o")[1].reveal()
        hers = create_token(connection, ada, "a", manages=True)[1].reveal()
        tokens = {n: renew_access_token(connection, n) for n in (root, ada)}
    me, other = {"New-Api-User": str(root)}, {"New-Api-User": str(ada)}
    rows: list[tuple[dict[str, str], int, bool]] = [
        ({"Authorization": f"Bearer {manages}"}, 200, True),
        ({"Authorization": f"Bearer {manages}"} | other, 401, False),
        ({"Authorization": f"Bearer {ordinary}"} | me, 200, False),
        ({"Authorization": f"Bearer {hers}"}, 200, False),
        ({"Authorization": tokens[root]} | me, 200, True),
        ({"Authorization": f"Bearer {tokens[root]}"} | me, 200, True),
        ({"Authorization": tokens[root]}, 401, False),
        ({"Authorization": tokens[ada]} | other, 200, False),
        ({"Authorization": "nonsense"} | me, 200, False),
        ({}, 401, False),
    ]
    replies = asyncio.run(asked(store, tmp_path, *(headers for headers, _, _ in rows)))
    store.close()
    for reply, (_, status, success) in zip(replies, rows, strict=True):
        assert (reply.status_code, reply.json()["success"]) == (status, success), reply.text
    assert replies[0].json() == {"success": True, "message": "", "data": "root"}
