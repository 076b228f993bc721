"""What other gateways send is shown as far as it makes sense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexhina_nb.server import figures
from nexhina_nb.settings import load
from tests.client.mock_server import MockServer, Play, error, models, serve

ROW = {
    "type": 2, "created_at": 1_700_000_000, "model_name": "gpt-4o", "quota": 600, "use_time": 3,
    "prompt_tokens": 5, "completion_tokens": 7, "is_stream": True, "request_id": "r1",
    "other": '{"tags": {"notebook": "a.ipynb"}}', "content": "",
}  # fmt: skip


def rows(*found: object) -> Play:
    return Play(json.dumps({"success": True, "data": found}).encode())


@pytest.fixture
def server() -> Any:
    with serve() as running:
        yield running


def settings_for(server: MockServer) -> Any:
    return load(base_url=server.base_url, api_key="sk-x")


async def test_calls(server: MockServer) -> None:
    server.play(rows({"type": 1}, ROW, {"type": 5, "content": "no", "other": "{"}))
    answered, failed = await figures.calls(settings_for(server), 20)
    assert answered == {
        "request_id": "r1", "time": 1_700_000_000, "model": "gpt-4o", "ok": True,
        "input_tokens": 5, "output_tokens": 7, "quota": 600, "usd": "0.0012", "seconds": 3.0,
        "stream": True, "notebook": "a.ipynb", "cell": None, "note": None,
    }  # fmt: skip
    assert (failed["ok"], failed["note"], failed["usd"]) == (False, "no", "0")


async def test_exact_times(server: MockServer) -> None:
    server.play(rows(ROW | {"other": '{"duration_ms": 2750}'}))
    (call,) = await figures.calls(settings_for(server), 20)
    assert call["seconds"] == 2.75


@pytest.mark.parametrize("other", [None, 1, "[]", '{"tags": 1}', {"tags": {"cell": "c"}}])
async def test_any_remarks(server: MockServer, other: object) -> None:
    server.play(rows(ROW | {"other": other, "quota": "much"}))
    (call,) = await figures.calls(settings_for(server), 20)
    assert call["notebook"] is None
    assert call["quota"] == 0
    assert call["cell"] == ("c" if isinstance(other, dict) else None)


async def test_remarks_that_are_no_text_are_left_out(server: MockServer) -> None:
    tags = {"tags": {"notebook": ["a"], "cell": 7}}
    server.play(rows(ROW | {"other": tags, "content": {"en": "no"}}))
    (call,) = await figures.calls(settings_for(server), 20)
    assert (call["notebook"], call["cell"], call["note"]) == (None, None, None)


async def test_prices(server: MockServer) -> None:
    server.play(models("no such model", "gpt-4o"))
    unknown, known = await figures.models(settings_for(server))
    none = {"input": None, "output": None, "per_call": None, "unit": None}
    assert unknown.items() >= none.items()
    assert (known["input"], known["output"], known["context"]) == ("2.5", "10", 128_000)
    fixed = {"model_ratio": 0, "model_price": 0.02}
    server.play(models("painter", pricing=fixed))
    (a_call,) = await figures.models(settings_for(server))
    assert a_call.items() >= (none | {"per_call": "0.02", "unit": "call"}).items()


async def test_a_gateway_that_tells_nothing_of_spending(server: MockServer) -> None:
    # Asked for the balance, for the sums, and for the rows instead of them.
    server.play(*[error(404, None)] * 3)
    assert await figures.spending(settings_for(server)) == {"key": None, "today": None}
