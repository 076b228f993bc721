"""A scripted server behind a gateway, and what the gateway wrote down of a call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.prices import set_price
from tests.conftest import RunningGateway
from tests.gateway.sick_server import Peer, Received, Scene, SickServer


@contextmanager
def elsewhere(
    gateway: RunningGateway,
    scenes: Mapping[str, Scene],
    *models: str,
    keys: tuple[str, ...] = (),
    mapping: Mapping[str, str] | None = None,
) -> Iterator[SickServer]:
    """A server that plays a scene for each last part of a path, as the channel of ``models``."""
    with SickServer(scenes) as server:
        channel = Channel(
            name="elsewhere", type="openai", models=models, base_url=server.url,
            keys=keys, mapping=dict(mapping or {}),
        )  # fmt: skip
        with gateway.store.writing() as connection:
            add_channel(connection, channel)
        yield server


def answering(body: bytes | dict[str, Any], *headers: str, status: str = "200 OK") -> Scene:
    """A scene that always answers the same."""
    if isinstance(body, dict):
        body, headers = json.dumps(body).encode(), (*headers, "Content-Type: application/json")
    return lambda peer, request: peer.answer(body, *headers, status=status)


def sending(content_type: str, *pieces: bytes) -> Scene:
    """A scene that answers in pieces."""

    def scene(peer: Peer, request: Received) -> None:
        peer.begin(f"Content-Type: {content_type}")
        for piece in pieces:
            peer.chunk(piece)
        peer.chunk(b"")

    return scene


def price(gateway: RunningGateway, model: str, price: Price) -> None:
    """Set a price of the gateway's own."""
    with gateway.store.writing() as connection:
        set_price(connection, model, json.dumps(to_pricing_row(model, price)))


def post(gateway: RunningGateway, path: str, **options: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {gateway.key}"} | options.pop("headers", {})
    return httpx2.post(gateway.base_url + path, headers=headers, timeout=30, **options)


def leave(gateway: RunningGateway, path: str, when: Callable[[], bool], **options: Any) -> None:
    """Make a call and close the connection as soon as ``when`` says so, before the answer."""
    headers = {"authorization": f"Bearer {gateway.key}"}

    async def scene() -> None:
        async with httpx2.AsyncClient(headers=headers, timeout=30) as client:
            task = asyncio.create_task(client.post(gateway.base_url + path, **options))
            while not when():
                assert not task.done()
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(scene())


def rows(gateway: RunningGateway, count: int = 1) -> list[Any]:
    """The newest log rows, once there are so many."""
    deadline = time.monotonic() + 10
    found: list[Any] = []
    while len(found) < count and time.monotonic() < deadline:
        with gateway.store.reading() as connection:
            found = list(newest_of_token(connection, 1))
        time.sleep(0.01)
    assert len(found) >= count
    return found
