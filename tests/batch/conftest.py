"""The counting upstream, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nexhina_nb.client import Client
from tests.batch.upstream import Upstream, serve


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve() as running:
        yield running


@pytest.fixture
def client(upstream: Upstream) -> Iterator[Client]:
    with Client(upstream.base_url, "sk-test") as made:
        yield made
