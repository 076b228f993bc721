"""What the browser is told, in every state of the gateway, and what it is not told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from nexhina_nb import AsyncClient, discovery
from nexhina_nb.errors import APIError
from nexhina_nb.gateway import process
from nexhina_nb.release import version
from nexhina_nb.settings import load
from tests.conftest import RunningGateway
from tests.server.conftest import Browser

NOBODY = {"key": None, "today": None, "pid": None}


async def test_stopped(browser: Browser) -> None:
    status = await browser.status()
    assert status == {
        "state": "stopped", "owned": False, "base_url": None, "version": version(),
        "error": None, **NOBODY,
    }  # fmt: skip
    for path in ("models", "calls"):
        answer = await browser.ask(path)
        assert answer.code == 503
        assert answer.json["message"] == "no gateway is running"
        assert "%nexhina gateway start" in answer.json["hint"]


async def test_started_asked_and_stopped(browser: Browser) -> None:
    started = await browser.act("start")
    running = discovery.find(load().home)
    assert running is not None
    assert (started["state"], started["owned"]) == ("running", True)
    assert (started["base_url"], started["pid"]) == (running.base_url, running.pid)
    assert started["today"] == {"calls": 0, "errors": 0, "quota": 0, "usd": "0"}

    async with AsyncClient(tags={"notebook": "a.ipynb", "cell": "c1"}) as client:
        reply = await client.chat("What is 6 * 7?")
        with pytest.raises(APIError):
            await client.chat("hi", model="local/embed")
    await asyncio.sleep(1.0)  # the status before may be shown for that long
    status = await browser.status()
    quota = reply.cost.quota
    assert quota
    assert status["today"]["quota"] == status["key"]["used"] == quota
    assert (status["today"]["calls"], status["today"]["errors"]) == (1, 1)
    assert status["today"]["usd"] == status["key"]["used_usd"] == f"{reply.cost.usd.normalize():f}"
    assert status["key"]["name"] == "notebook"

    failed, answered = (await browser.ask("calls")).json["calls"]
    assert (failed["ok"], answered["ok"]) == (False, True)
    assert failed["note"]
    assert answered["request_id"] == reply.request_id
    assert (answered["notebook"], answered["cell"]) == ("a.ipynb", "c1")
    assert (answered["model"], answered["quota"]) == ("local/chat", quota)
    assert answered["usd"] == status["today"]["usd"]
    assert answered["output_tokens"] == reply.usage.completion_tokens
    assert isinstance(answered["seconds"], float)
    assert len((await browser.ask("calls", params={"limit": "1"})).json["calls"]) == 1

    stopped = await browser.act("stop")
    assert (stopped["state"], stopped["owned"], stopped["error"]) == ("stopped", False, None)
    assert not discovery.is_alive(running.pid)


async def test_models_and_their_prices(browser: Browser) -> None:
    await browser.act("start")
    rows = {row["id"]: row for row in (await browser.ask("models")).json["models"]}
    chat = rows["local/chat"]
    assert "openai" in chat["kinds"]
    assert chat["context"] > 0
    assert float(chat["input"]) > 0
    assert float(chat["output"]) > 0
    assert (chat["per_call"], chat["unit"], chat["owner"]) == (None, None, "nexhina_nb")
    priced = {name: (row["per_call"], row["unit"]) for name, row in rows.items()}
    assert priced["local/image"] == ("0.002", "image")
    assert priced["local/speak"] == ("1", "1M characters")
    assert priced["local/transcribe"] == ("0.00001", "second")


async def test_two_starts_at_once_are_one(browser: Browser) -> None:
    first, second, third = await asyncio.gather(*(browser.act("start") for _ in range(3)))
    assert first["state"] == "running"
    assert first["pid"] == second["pid"] == third["pid"]


async def test_on_the_way(browser: Browser) -> None:
    starting = asyncio.ensure_future(browser.act("start"))
    seen = []
    while not starting.done():
        seen.append((await browser.status())["state"])
    assert "starting" in seen
    assert (await starting)["state"] == "running"


async def test_somebody_elses_gateway_is_used_and_can_be_stopped(browser: Browser) -> None:
    settings = load()
    running, child = process.start(settings)
    assert child is not None
    with contextlib.closing(child.process.stdin):  # type: ignore[type-var]
        assert (await browser.act("start"))["pid"] == running.pid
        status = await browser.status()
        assert (status["state"], status["owned"]) == ("running", False)
        # Its parent has to notice that it is gone.
        waiting = asyncio.create_task(asyncio.to_thread(child.process.wait, 30))
        assert (await browser.act("stop"))["state"] == "stopped"
        assert await waiting == 0


async def test_a_killed_child_is_reported_and_can_be_replaced(browser: Browser) -> None:
    first = await browser.act("start")
    os.kill(first["pid"], signal.SIGKILL)
    status = await browser.settled()
    assert status["state"] == "failed"
    assert "SIGKILL" in status["error"]
    assert process.LOG_NAME in status["error"]
    answer = await browser.ask("models")
    assert (answer.code, "SIGKILL" in answer.json["message"]) == (503, True)
    second = await browser.act("start")
    assert (second["state"], second["owned"], second["error"]) == ("running", True, None)
    assert second["base_url"] != first["base_url"]
    assert (await browser.ask("models")).code == 200


async def test_a_child_that_was_told_to_leave_is_no_failure(browser: Browser) -> None:
    pid = (await browser.act("start"))["pid"]
    os.kill(pid, signal.SIGTERM)
    status = await browser.settled()
    assert (status["state"], status["error"]) == ("stopped", None)


async def test_a_gateway_that_cannot_start_says_why(browser: Browser) -> None:
    settings = load()
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "nexhina.db").write_bytes(b"not a database" * 1000)
    answer = await browser.ask("gateway", {"action": "start"})
    assert answer.code == 502
    assert "not a database" in answer.json["message"]
    status = await browser.status()
    assert status["state"] == "failed"
    assert "not a database" in status["error"]
    assert (await browser.act("stop"))["state"] == "stopped"


async def test_settings_that_make_no_sense(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_PORT", "many")
    status = await browser.status()
    assert status["state"] == "failed"
    assert "port" in status["error"]
    for answer in (await browser.ask("models"), await browser.ask("gateway", {"action": "start"})):
        assert answer.code == 502
        assert "port" in answer.json["message"]


async def test_a_gateway_elsewhere(
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    shared_gateway: RunningGateway,
) -> None:
    key = shared_gateway.new_key(quota=500_000, remain=250_000)
    monkeypatch.setenv("NEXHINA_BASE_URL", shared_gateway.base_url)
    monkeypatch.setenv("NEXHINA_API_KEY", key)
    answer = await browser.ask("status")
    status = answer.json
    assert (status["state"], status["owned"], status["pid"]) == ("remote", False, None)
    assert status["base_url"] == shared_gateway.base_url
    assert status["key"]["available_usd"] == "0.5"
    assert status["today"]["calls"] == 0
    refused = await browser.ask("gateway", {"action": "start"})
    assert refused.code == 400
    assert "NEXHINA_BASE_URL" in refused.json["hint"]
    assert key not in answer.text + refused.text


async def test_a_gateway_elsewhere_that_does_not_answer(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("NEXHINA_API_KEY", "sk-x")
    status = await browser.status()
    assert (status["state"], status["key"]) == ("remote", None)
    assert "cannot reach" in status["error"]
    assert (await browser.ask("models")).code == 502


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "9" * 5000])
async def test_bad_limits(browser: Browser, limit: str) -> None:
    answer = await browser.ask("calls", params={"limit": limit})
    assert answer.code == 400
    assert "1 to 1000" in answer.json["message"]


@pytest.mark.parametrize("body", ["[]", "null", "{}", '{"action": "jump"}', '{"action": 1}', "{"])
async def test_bad_actions(browser: Browser, body: str) -> None:
    answer = await browser.ask("gateway", body)
    assert answer.code == 400
    assert answer.json["message"]


async def test_every_route_asks_for_a_login(browser: Browser) -> None:
    nobody: dict[str, Any] = {"headers": {"Authorization": ""}}
    for path in ("status", "models", "calls"):
        assert (await browser.ask(path, **nobody)).code == 403, path
    assert (await browser.ask("gateway", {"action": "start"}, **nobody)).code == 403
    assert discovery.find(load().home) is None


def cookies(answer: Any) -> dict[str, str]:
    found = (line.split(";")[0].partition("=") for line in answer.headers.get_list("Set-Cookie"))
    return {name: value for name, _, value in found}


async def test_a_browsers_post_needs_its_xsrf_token(
    browser: Browser, app: ServerApp, jp_fetch: Callable[..., Any]
) -> None:
    token = {"token": app.identity_provider.token}
    nobody = {"headers": {"Authorization": ""}}
    logged_in = cookies(await jp_fetch("login", **nobody))
    logged_in |= cookies(await browser.ask("status", params=token, **nobody))
    cookie = "; ".join(f"{name}={value}" for name, value in logged_in.items())
    headers = {"Authorization": "", "Cookie": cookie}
    assert (await browser.ask("status", headers=dict(headers))).code == 200
    refused = await browser.ask("gateway", {"action": "stop"}, headers=dict(headers))
    assert refused.code == 403
    allowed = headers | {"X-XSRFToken": logged_in["_xsrf"]}
    assert (await browser.ask("gateway", {"action": "stop"}, headers=allowed)).code == 200


async def test_no_key_is_ever_told(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    told = [(await browser.ask("gateway", {"action": "start"})).text]
    running = discovery.find(load().home)
    assert running is not None
    told += [(await browser.ask(path)).text for path in ("status", "models", "calls")]
    told += [(await browser.ask("gateway", {"action": "stop"})).text, caplog.text]
    assert "running" in told[0]
    assert not [text for text in told if running.key.reveal() in text]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEXHINA_API_KEY", "sk-wrong-but-secret"),
        ("NEXHINA_BASE_URL", "http://me:sk-wrong-but-secret@127.0.0.1:1/v1"),
    ],
)
async def test_no_wrong_key_is_told_either(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    told = [(await browser.ask("gateway", {"action": "start"})).text]
    told += [(await browser.ask(path)).text for path in ("status", "models", "calls")]
    assert json.loads(told[1])["error"]
    assert "wrong-but-secret" not in "".join(told)
    monkeypatch.delenv(name)


async def test_looking_does_not_keep_an_idle_server_alive(browser: Browser, app: ServerApp) -> None:
    before = app.web_app.settings["started"]
    assert app.web_app.last_activity() == before
    await browser.status()
    assert app.web_app.last_activity() == before
    await browser.act("stop")
    assert app.web_app.last_activity() > before
