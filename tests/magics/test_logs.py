"""``%nexhina logs``: the newest calls, from the store of this machine or from a gateway."""

from __future__ import annotations

import json

import polars as pl
import pytest

from nexhina_nb.settings import load
from tests.analysis.rows import row, write_store
from tests.client import mock_server
from tests.client.mock_server import MockServer, Play
from tests.magics.conftest import Notebook
from tests.magics.test_complete import offers

ROWS = [
    row(1),
    row(2, type=5, quota=0, content="upstream 500", other='{"error_code": "internal_error"}'),
    row(3, model_name="o3", token_name="b", other='{"quota_owed": 600, "duration_ms": 2250}'),
    row(4, type=6, quota=30, content="task failed"),
]


@pytest.fixture
def stored(notebook: Notebook) -> Notebook:
    """A notebook beside a store, with no gateway running."""
    home = load().home
    home.mkdir()
    write_store(home / "nexhina.db", ROWS)
    return notebook


def test_the_newest_come_first(stored: Notebook) -> None:
    shown = stored.run("%nexhina logs").value
    lines = repr(shown).splitlines()
    assert lines[0].split() == ["time", "key", "model", "in", "out", "cost", "seconds", "note"]
    assert lines[1].endswith("-$0.00006  1.50     refund, task failed")
    assert lines[2].endswith("b    o3      10  5    $0.0002    2.25     $0.001 not paid")
    assert lines[3].endswith("internal_error, upstream 500")
    assert lines[4].endswith("k    gpt-4o  10  5    $0.0002    1.50")
    data, _ = shown._repr_mimebundle_()
    assert data["text/html"].startswith("<table>")


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("-n 1", [4]),
        ("--errors", [2]),
        ("--type refund", [4]),
        ("--model o*", [3]),
        ("--key b", [3]),
        ("--since 1h", []),
        ("--until 2026-01-01", []),
        ("--since 2026-01-01 -m gpt-4o -n 2", [4, 2]),
    ],
)
def test_conditions(stored: Notebook, options: str, ids: list[int]) -> None:
    shown = stored.run(f"%nexhina logs {options}").value
    assert shown.frame["id"].to_list() == ids
    if not ids:
        assert shown._repr_mimebundle_() == ({"text/plain": "No calls match."}, {})


def test_all_that_match_go_into_the_variable(stored: Notebook) -> None:
    stored.run("%nexhina logs -n 1 --model gpt-4o -o calls")
    assert isinstance(stored.names["calls"], pl.LazyFrame)
    assert stored.names["calls"].collect()["id"].to_list() == [1, 2, 4]


def test_another_gateway_tells_of_the_key(online: Notebook, server: MockServer) -> None:
    server.play(Play(json.dumps({"success": True, "data": ROWS[::-1]}).encode()))
    online.run("shown = %nexhina logs -n 2 -o calls")
    assert online.names["shown"].frame["id"].to_list() == [4, 3]
    assert online.names["calls"].collect()["id"].to_list() == [1, 2, 3, 4]
    assert len(server.seen) == 1


def test_refusals(notebook: Notebook) -> None:
    for line, words in (
        ("%nexhina logs", "there is no store"),
        ("%nexhina logs --errors --type error", "do not go together"),
        ("%nexhina logs -n 0", "shows nothing"),
        ("%nexhina logs --since soon", "is not a moment"),
        ("%nexhina logs --type calls", "--type cannot be"),
    ):
        assert words in notebook.run(line).line


def test_completion(notebook: Notebook) -> None:
    assert offers(notebook, "%nexhina log") == ["logs", "login"]
    assert "refund" in offers(notebook, "%nexhina logs --type ")
    assert "local/chat" in offers(notebook, "%nexhina logs -m lo")


def test_a_gateway_without_a_log_is_an_error(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.error(404, None))
    assert online.run("%nexhina logs").error is not None
