"""The scripted server, one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nexhina_nb.client import Client
from tests.client.mock_server import MockServer, serve


@pytest.fixture
def server() -> Iterator[MockServer]:
    with serve() as running:
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[Client]:
    with Client(server.base_url, "sk-test", max_retries=0) as made:
        yield made
