"""A chat that remembers what it sends to its front end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nexhina_nb.client import Client
from nexhina_nb.widgets.chat import Chat
from tests.client.mock_server import MockServer, serve


class Watched(Chat):
    """`sent` holds the messages; `wish` does what the front end does."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(*args, **options)

    def send(self, content: Any, buffers: Any = None) -> None:
        self.sent.append(content)
        super().send(content, buffers)

    def wish(self, do: str, **more: Any) -> None:
        self._handle_custom_msg({"do": do, **more}, [])

    @property
    def last(self) -> dict[str, Any]:
        """The last turn as the front end knows it."""
        turn: dict[str, Any] = self.get_state()["_turns"][-1]
        return turn

    def wait(self, state: str = "done") -> dict[str, Any]:
        until(lambda: bool(self._turns) and self.last["state"] == state)
        return self.last


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[MockServer]:
    """A scripted server."""
    with serve() as running:
        yield running


@pytest.fixture
def open_chat(server: MockServer) -> Iterator[Callable[..., Watched]]:
    """Makes chats, and closes them and their clients before the server, which waits for them."""
    opened: list[tuple[Watched, Client | None]] = []

    def make(base_url: str = "", key: str = "", **options: Any) -> Watched:
        client = Client(base_url, key, max_retries=0) if base_url else None
        chat = Watched(client=client, **options)
        opened.append((chat, client))
        return chat

    yield make
    for chat, client in opened:
        chat.close()
        if client is not None:
            client.close()
