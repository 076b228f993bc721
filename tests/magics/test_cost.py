"""``%nexhina cost`` and its neighbours, against a scripted server."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from tests.client import mock_server
from tests.client.mock_server import MockServer, Play
from tests.magics.conftest import Notebook

DAY = 86_400
NOON = int(time.mktime((2026, 3, 4, 12, 0, 0, 0, 0, -1)))
ROWS = [
    {"type": 2, "model_name": "gpt-4o", "prompt_tokens": 10, "completion_tokens": 5,
     "quota": 500, "created_at": NOON, "other": json.dumps(
         {"tags": {"notebook": "/notes/lesson.ipynb", "cell": "c1"}})},
    {"type": 6, "model_name": "gpt-4o", "quota": 100, "created_at": NOON, "other": "{broken"},
    {"type": 2, "model_name": "<b>o3</b>", "prompt_tokens": 1, "completion_tokens": 0,
     "quota": 5000, "created_at": NOON - DAY, "other": ""},
    {"type": 5, "model_name": "gpt-4o", "quota": 0, "created_at": NOON},
]  # fmt: skip
USAGE = {
    "name": "mine", "total_granted": 10_000, "total_used": 5_400, "total_available": 4_600,
    "unlimited_quota": False, "expires_at": 0,
}  # fmt: skip


def answer(data: Any, **more: Any) -> Play:
    return Play(json.dumps({"success": True, "data": data, **more}).encode())


def play_account(server: MockServer, rows: Any = ROWS) -> None:
    server.play(answer(rows), answer(USAGE, code=True))


def test_by_model_is_the_default(online: Notebook, server: MockServer) -> None:
    play_account(server)
    report = online.run("%nexhina cost").value
    lines = repr(report).splitlines()
    assert lines[0].split() == [
        "model",
        "calls",
        "input",
        "tokens",
        "output",
        "tokens",
        "quota",
        "USD",
    ]
    assert lines[1].split() == ["<b>o3</b>", "1", "1", "0", "5000", "$0.01"]
    assert lines[2].split() == ["gpt-4o", "1", "10", "5", "400", "$0.0008"]
    assert lines[3].split() == ["total", "2", "11", "5", "5400", "$0.0108"]
    assert lines[4] == "The key mine: $0.0092 left, $0.0108 used."
    assert not any(line.startswith("Magics of this kernel") for line in lines)
    data, _ = report._repr_mimebundle_()
    assert ">&lt;b&gt;o3&lt;/b&gt;</td>" in data["text/html"]
    assert "<b>" not in data["text/html"]


def test_by_day_is_in_order_of_time(online: Notebook, server: MockServer) -> None:
    play_account(server)
    online.run("%nexhina cost --by day -o spent")
    spent = online.names["spent"]
    assert spent["day"].to_list() == ["2026-03-03", "2026-03-04"]
    assert spent["quota"].to_list() == [5000, 400]
    assert spent["USD"].sum() == Decimal("0.0108")


def test_by_cell_names_the_cells_it_knows(online: Notebook, server: MockServer) -> None:
    play_account(server)
    online.magics.state.cells["c1"] = "[7] Sum up"
    online.run("%nexhina cost --by cell -o spent")
    rows = online.names["spent"][["notebook", "cell", "text", "quota"]].to_numpy().tolist()
    assert rows == [["", "(unknown)", "", 4900], ["lesson.ipynb", "c1", "[7] Sum up", 500]]


def test_a_full_log_says_that_it_is_cut(online: Notebook, server: MockServer) -> None:
    play_account(server, ROWS[:1] * 1000)
    assert "Only the newest 1,000 calls" in repr(online.run("%nexhina cost").value)


def test_without_a_log_the_kernel_tells_what_it_knows(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.stream("x", quota=9), mock_server.stream("y"))
    online.run("%%nexhina\nHi")
    online.run("%%nexhina -m nobody-knows\nHi")
    server.play(mock_server.error(404, None))
    shown = repr(online.run("%nexhina cost").value)
    assert "keeps no log that a key may read" in shown
    assert "Magics of this kernel: 2 commands, $0.0" in shown


def test_models_and_usage(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.models("gpt-4o", "o3"), answer(USAGE, code=True))
    assert online.run("%nexhina models gpt -o found").value.ids == ["gpt-4o"]
    assert online.names["found"].ids == ["gpt-4o"]
    assert online.run("left = %nexhina usage").error is None
    assert online.names["left"].available == 4_600


def test_only_the_gateway_of_this_machine_learns_of_cells(
    online: Notebook, server: MockServer
) -> None:
    server.play(mock_server.stream("x"))
    online.names["__vsc_ipynb_file__"] = "/notes/secret-plans.ipynb"
    online.run("%%nexhina\nHi")
    assert "secret-plans" not in str(server.seen[-1].headers)
    assert not [name for name in server.seen[-1].headers if "tags" in name]


def test_other_notebooks_are_one_row(online: Notebook, server: MockServer) -> None:
    tags = {"tags": {"notebook": "/notes/other.ipynb", "cell": "c9"}}
    rows = [*ROWS, ROWS[0] | {"other": json.dumps(tags), "quota": 70}]
    online.names["__vsc_ipynb_file__"] = "/notes/lesson.ipynb"
    play_account(server, rows)
    report = online.run("%nexhina cost --by cell -o spent").value
    assert online.names["spent"]["notebook"].to_list() == ["", "lesson.ipynb", "(other notebooks)"]
    assert "--all" in repr(report)
    play_account(server, rows)
    online.run("%nexhina cost --by cell --all -o spent")
    assert online.names["spent"]["cell"].to_list() == ["(unknown)", "c1", "c9"]
    play_account(server, rows)
    online.run("%nexhina cost --by notebook --until 2026-03-04 -o spent")
    assert online.names["spent"]["notebook"].to_list()[0] == "(unknown)"


def test_by_a_tag(online: Notebook, server: MockServer) -> None:
    tags = {"tags": {"project": "atlas"}}
    play_account(server, [*ROWS, ROWS[0] | {"other": json.dumps(tags), "quota": 70}])
    online.run("%nexhina cost --by tag:project -o spent")
    rows = online.names["spent"][["tag:project", "quota"]].to_numpy().tolist()
    assert rows == [["(no such tag)", 5400], ["atlas", 70]]
    refused = online.run("%nexhina cost --by tag:").line
    assert refused == "BadInput: --by cannot be 'tag:' → did you mean tag:NAME?"


PRICES = {"data": [to_pricing_row("gpt-4o", Price.per_million(100, 400))]}


def test_a_dry_run_has_the_prices_of_the_gateway(online: Notebook, server: MockServer) -> None:
    server.price_page = Play(json.dumps(PRICES).encode())
    online.run("%%nexhina --dry-run -m gpt-4o --max-tokens 10 -o chat\nHello")
    online.run("%%nexhina respond --dry-run -m gpt-4o --max-tokens 10 -o respond\nHello")
    online.run("%%nexhina embed --dry-run -m gpt-4o -o embed\nHello")
    assert online.names["chat"].quota == online.names["respond"].quota == (400, 2400)
    assert online.names["embed"].quota == (50, 50)
    assert f"price {server.root}/api/pricing" in str(online.names["chat"])
    refused = online.run("%%nexhina -m gpt-4o --max-tokens 10 --budget 0.001\nHello")
    assert "this call may cost $0.0048, the budget is $0.001" in refused.line
    assert server.seen == []
    assert len(server.looked) == 1


def test_a_dry_run_without_a_gateway_has_list_prices(notebook: Notebook) -> None:
    notebook.run("%config Nexhina.base_url = 'nowhere'")
    notebook.run("%%nexhina --dry-run -m gpt-4o --max-tokens 10 -o chat\nHello")
    listed = Catalog.bundled().price("gpt-4o")
    assert notebook.names["chat"].price == listed
