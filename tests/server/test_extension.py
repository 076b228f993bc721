"""The extension inside a Jupyter server: an early start, an orderly end, and kernels that find the
gateway by themselves.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

import nexhina_nb
from nexhina_nb import discovery
from nexhina_nb.gateway import process
from nexhina_nb.settings import load
from tests.server.conftest import Browser

ASK = """
import nexhina_nb as nx
with nx.Client() as client:
    print(client.base_url, client.chat("What is 6 * 7?").cost.source)
"""


def test_the_hook_names_the_extension() -> None:
    (point,) = nexhina_nb._jupyter_server_extension_points()
    assert point["app"].name == "nexhina_nb"


def own(app: ServerApp) -> Any:
    """The extension's own object in a server."""
    (extension,) = app.extension_manager.extension_apps["nexhina_nb"]
    return extension


async def test_the_end_of_the_server_is_the_end_of_its_gateway(
    browser: Browser, app: ServerApp
) -> None:
    pid = (await browser.act("start"))["pid"]
    await app.cleanup_extensions()
    assert not discovery.is_alive(pid)
    assert discovery.find(load().home) is None


async def test_the_end_of_the_server_leaves_somebody_elses_gateway(
    browser: Browser, app: ServerApp
) -> None:
    running, child = process.start(load())
    assert (await browser.act("start"))["owned"] is False
    await app.cleanup_extensions()
    assert discovery.is_alive(running.pid)
    process.stop(load(), child)


async def test_a_server_that_ends_while_the_gateway_starts(
    browser: Browser, app: ServerApp
) -> None:
    starting = asyncio.create_task(browser.act("start"))
    while (await browser.status())["state"] != "starting":
        pass
    await app.cleanup_extensions()
    await starting
    assert discovery.find(load().home) is None


async def test_a_server_that_ends_starts_no_gateway_any_more(
    browser: Browser, app: ServerApp
) -> None:
    await app.cleanup_extensions()
    refused = await browser.ask("gateway", {"action": "start"})
    assert refused.code == 502
    assert "the Jupyter server ends" in refused.json["message"]
    assert discovery.find(load().home) is None


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXHINA_AUTOSTART", "1")


async def test_it_starts_with_the_server_if_asked_to(early: None, browser: Browser) -> None:
    seen = set()
    while (status := await browser.status())["state"] != "running":
        seen.add(status["state"])
    assert status["owned"] is True
    # The server answered before the gateway was there.
    assert seen <= {"stopped", "starting"}
    assert seen


async def test_it_is_not_started_when_another_one_is_named(
    early: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", "http://127.0.0.1:1/v1")
    assert not own(request.getfixturevalue("jp_serverapp"))._is_wanted_early()


@pytest.fixture
def broken(early: None) -> None:
    home = load().home
    home.mkdir(parents=True, exist_ok=True)
    (home / "nexhina.db").write_bytes(b"not a database" * 1000)


async def test_an_early_start_that_fails_is_in_the_servers_log(
    broken: None, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    while (status := await browser.status())["state"] != "failed":
        pass
    assert "not a database" in status["error"]
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert any(text.startswith("nexhina_nb: the gateway did not start") for text in warnings)


def test_settings_that_make_no_sense_do_not_stop_the_server(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    home = load().home
    home.mkdir(parents=True, exist_ok=True)
    (home / "nexhina.toml").write_text("autostart = 3")
    app = request.getfixturevalue("jp_serverapp")
    (home / "nexhina.toml").unlink()
    assert "nexhina_nb" in app.extension_manager.extension_apps
    assert own(app).service is not None


async def test_a_kernel_of_the_server_finds_the_gateway(browser: Browser, app: ServerApp) -> None:
    status = await browser.act("start")
    manager = app.kernel_manager
    kernel = await manager.start_kernel(kernel_name="python3")
    client = manager.get_kernel(kernel).client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        printed: list[str] = []
        reply = await client.execute_interactive(
            ASK, output_hook=lambda message: printed.append(message["content"].get("text", ""))
        )
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(kernel, now=True)
    assert "".join(printed).split() == [status["base_url"], "gateway"]
    (call,) = (await browser.ask("calls")).json["calls"]
    assert call["model"] == "local/chat"
