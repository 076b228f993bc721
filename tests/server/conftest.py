"""A Jupyter server with the extension, over a home folder of its own.

The fixtures of pytest-jupyter are taken in here, not as a plugin of the whole suite: some of them
act on every test that sees them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from pytest_jupyter.jupyter_server import *  # noqa: F403 - fixtures, which need one another
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from nexhina_nb.gateway import process
from nexhina_nb.settings import load


@pytest.fixture
def jp_server_config() -> Config:
    """The extension, and nothing that it does not need."""
    return Config({"ServerApp": {"jpserver_extensions": {"nexhina_nb": True}}})


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whatever its status."""

    code: int
    text: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Browser:
    """Asks the extension's routes. Without ``headers`` it brings the token of the server."""

    def __init__(self, fetch: Callable[..., Awaitable[Any]]) -> None:
        self._fetch = fetch

    async def ask(self, path: str, body: object = None, **options: Any) -> Answer:
        """GET, or POST of a JSON body."""
        if body is not None:
            raw = body if isinstance(body, str) else json.dumps(body)
            options |= {"method": "POST", "body": raw}
        try:
            reply = await self._fetch("nexhina", "api", path, request_timeout=60, **options)
        except HTTPClientError as error:
            reply = error.response
        return Answer(reply.code, reply.body.decode(), reply.headers)

    async def act(self, action: str) -> Any:
        """Start or stop the gateway; the new status."""
        answer = await self.ask("gateway", {"action": action})
        assert answer.code == 200, answer.text
        return answer.json

    async def status(self) -> Any:
        """The status."""
        answer = await self.ask("status")
        assert answer.code == 200, answer.text
        return answer.json

    async def settled(self) -> Any:
        """The status once the gateway no longer runs."""
        while (status := await self.status())["state"] in ("running", "stopping"):
            pass
        return status


@pytest.fixture
def browser(jp_fetch: Callable[..., Awaitable[Any]]) -> Browser:
    return Browser(jp_fetch)


@pytest.fixture
def app(jp_serverapp: ServerApp) -> ServerApp:
    return jp_serverapp


@pytest.fixture(autouse=True)
def _nothing_is_left(_own_home: None) -> Iterator[None]:
    """Whatever a test did: no gateway of its home outlives it."""
    settings = load()
    yield
    process.stop(settings)
