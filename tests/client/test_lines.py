"""Lines: the session of a client on connections of its own, or on the caller's, in threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, Client, core
from nexhina_nb.client.lines import Line, open_line
from nexhina_nb.client.shell import Shell
from tests.client.mock_server import MockServer, error, models


def ask(client: Shell, times: int = 1, look: Callable[[Line], None] = lambda line: None) -> Any:
    """Ask for the models on a line, several times at once; the last answer."""

    async def main() -> Any:
        async with open_line(client, times) as line:
            look(line)
            calls = [line.run(core.models(line.session)) for _ in range(times)]
            return (await asyncio.gather(*calls))[-1]

    return asyncio.run(main())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_line_has_connections_of_its_own(server: MockServer, kind: Any) -> None:
    server.play(models("a"))
    client = kind(server.base_url, "sk-test", timeout=7).with_tags(cell="3")
    asyncio.run(client.close()) if kind is AsyncClient else client.close()
    assert [model.id for model in ask(client)] == ["a"]
    headers = server.seen[0].headers
    assert headers["authorization"] == "Bearer sk-test"
    assert headers["x-nexhina-tags"] == "cell=3"


def test_a_line_tries_once_and_knows_how_patient_the_client_is(server: MockServer) -> None:
    server.play(error(503, "no_available_channel"), models("a"))
    seen: list[int] = []
    with (
        Client(server.base_url, "sk-test", max_retries=5) as client,
        pytest.raises(errors.ServiceUnavailable),
    ):
        ask(client, look=lambda line: seen.append(line.patience))
    assert seen == [5]
    assert len(server.seen) == 1


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_callers_own_connections_are_used_in_threads(server: MockServer, library: Any) -> None:
    server.play(*[models("a")] * 3)
    with library.Client(headers={"X-Own": "yes"}) as http:
        ask(Client(server.base_url, "sk-test", http_client=http), times=3)
        assert not http.is_closed
    assert [seen.headers["x-own"] for seen in server.seen] == ["yes"] * 3
    for thread in threading.enumerate():
        if thread.name.startswith("nexhina-call"):
            thread.join(10)  # each has given its answer, so it ends
            assert not thread.is_alive()


def test_connections_of_another_loop_are_refused(server: MockServer) -> None:
    async def main() -> None:
        async with httpx2.AsyncClient() as http:
            client = AsyncClient(server.base_url, "sk-test", http_client=http)
            with pytest.raises(errors.BadInput, match="another loop"):
                async with open_line(client, 1):
                    pass

    asyncio.run(main())
    assert server.seen == []
