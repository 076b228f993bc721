"""What a key was billed, by everything that it can be asked by."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from nexhina_nb.analysis.cells import GONE
from nexhina_nb.analysis.costs import OTHERS, UNTAGGED, Place, Sum, cost, summed
from nexhina_nb.analysis.frames import from_rows
from nexhina_nb.client import Client
from nexhina_nb.discovery import Running, announce, holding
from nexhina_nb.errors import BadInput, GatewayNotRunning
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load
from nexhina_nb.store.tables import logs as table
from tests.analysis.rows import row
from tests.conftest import RunningGateway


def called(notebook: str, cell: str, quota: int) -> dict[str, Any]:
    tags = {"notebook": notebook, "cell": cell}
    return row(quota=quota, other=json.dumps({"tags": {k: v for k, v in tags.items() if v}}))


def save(path: Path, **cells: str) -> str:
    content = {"cells": [{"id": name, "source": [text]} for name, text in cells.items()]}
    path.write_text(json.dumps(content))
    return str(path)


def test_cells_of_this_notebook_have_their_text_after_a_restart(tmp_path: Path) -> None:
    here = save(tmp_path / "here.ipynb", abcdefghijk="%%nexhina\nSum up\nall of it", two="x")
    rows = [
        called(here, "abcdefghijk", 7), called(here, "deleted", 5), called(here, "now", 3),
        called("/far/away.ipynb", "c1", 20), called("/far/other.ipynb", "c2", 20),
        called("", "", 1),
    ]  # fmt: skip
    found = summed("cell", from_rows(rows), Place(here, {"now": "[3] just run"}))
    assert {key: figures.quota for key, figures in found.items()} == {
        (OTHERS, "", ""): 40,
        ("here.ipynb", "abcdefghijk", "Sum up"): 7,
        ("here.ipynb", "deleted", GONE): 5,
        ("here.ipynb", "now", "[3] just run"): 3,
        ("", "(unknown)", ""): 1,
    }


def test_a_copy_of_a_notebook_has_texts_of_its_own(tmp_path: Path) -> None:
    copy = save(tmp_path / "copy.ipynb", c1="another text")
    rows = [called("/a/n.ipynb", "c1", 2), called(copy, "c1", 1)]
    place = Place("/a/n.ipynb", {"c1": "[3] just run"}, everything=True)
    assert list(summed("cell", from_rows(rows), place)) == [
        ("n.ipynb", "c1", "[3] just run"),
        ("copy.ipynb", "c1", "another text"),
    ]


def test_all_cells_of_all_notebooks(tmp_path: Path) -> None:
    rows = [
        called("/a/n.ipynb", "c1", 1),
        called("/b/n.ipynb", "c1", 2),
        called("/b/m.ipynb", "c", 3),
    ]
    found = summed("cell", from_rows(rows), Place("/a/n.ipynb", everything=True))
    # Two notebooks of one name are told apart by their folders.
    assert [key[0] for key in found] == ["m.ipynb", "/b/n.ipynb", "/a/n.ipynb"]
    by_notebook = summed("notebook", from_rows([*rows, called("", "", 9)]), Place())
    assert [key[0] for key in by_notebook] == ["(unknown)", "m.ipynb", "/b/n.ipynb", "/a/n.ipynb"]


@pytest.mark.parametrize("text", ["{broken", "[]", '{"cells": 3}', '{"cells": [{"id": "c1"}]}'])
def test_a_notebook_that_cannot_be_read_has_no_texts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    found = summed("cell", from_rows([called(str(path), "c1", 1)]), Place(str(path)))
    assert list(found) == [("n.ipynb", "c1", "")]


def test_failed_calls_cost_nothing_and_refunds_give_back() -> None:
    rows = [row(quota=9), row(type=5, quota=0, model_name="x"), row(type=6, quota=4)]
    assert summed("model", from_rows(rows), Place()) == {("gpt-4o",): Sum(1, 10, 5, 5)}
    assert summed("key", from_rows(rows), Place()) == {("k",): Sum(1, 10, 5, 5)}


def test_a_store_at_hand_gives_more_than_1000_calls_of_the_own_key(gateway: RunningGateway) -> None:
    home = gateway.settings.home
    with Client(gateway.base_url, gateway.new_key()) as stranger:
        stranger.chat("hello")
    with holding(home):
        url = str(gateway.store.engine.url)
        announce(home, Running(gateway.base_url, os.getpid(), Secret(gateway.key), url))
        with Client(settings=gateway.settings) as client:
            client.chat("hello")
        with gateway.store.writing() as connection:
            last = select(table).order_by(table.c.id.desc()).limit(1)
            mine = dict(connection.execute(last).mappings().one())
            mine |= {"id": None, "quota": 1}
            copies = [{k: v for k, v in mine.items() if k != "id"} for _ in range(1200)]
            connection.execute(insert(table), copies)
        found = cost("key", settings=gateway.settings)
        lately = cost("day", since="1h", until="2020-01-01", settings=gateway.settings)
    assert found.total.calls == 1201
    assert [line for line in found.notes if "newest" in line] == []
    assert len(found.sums) == 1
    assert lately.total == Sum()


def test_the_table(gateway: RunningGateway) -> None:
    with Client(gateway.base_url, gateway.key) as client:
        quota = client.chat("hello").cost.quota
        found = cost("model", client=client)
    frame = found.frame()
    assert frame.columns.to_list() == [
        "model",
        "calls",
        "input tokens",
        "output tokens",
        "quota",
        "USD",
    ]
    assert frame["USD"].sum() == Decimal(quota or 0) / 500_000
    assert repr(found).splitlines()[-1].startswith("The key t: ")
    assert "total" in found._repr_mimebundle_()[0]["text/html"]


def tagged(quota: int, **tags: str) -> dict[str, Any]:
    return row(quota=quota, other=json.dumps({"tags": tags}))


def test_a_tag_of_ones_own() -> None:
    rows = [
        tagged(5, project="atlas", cell="c1"), tagged(3, project="atlas"),
        tagged(20, project="tag:é"), tagged(1, team="x"), row(quota=2, other="{broken"),
        row(quota=4, other='{"tags": ["project"]}'), row(quota=6, other='{"tags": {"project": 7}}'),
    ]  # fmt: skip
    found = summed("tag:project", from_rows(rows), Place())
    assert {key: figures.quota for key, figures in found.items()} == {
        ("tag:é",): 20, (UNTAGGED,): 13, ("atlas",): 8,
    }  # fmt: skip
    assert list(summed("tag:cell", from_rows(rows), Place()))[1] == ("c1",)


def test_the_tags_of_a_client_come_back(gateway: RunningGateway) -> None:
    with Client(gateway.base_url, gateway.key, tags={"cell": "a & b"}) as client:
        billed = client.chat("hello").cost.quota
        found = cost("tag:cell", client=client)
    assert {key: figures.quota for key, figures in found.sums.items()} == {("a & b",): billed}
    assert found.frame().columns[0] == "tag:cell"
    assert repr(found).splitlines()[1].split()[:3] == ["a", "&", "b"]


@pytest.mark.parametrize("by", ["tag:", "tag", "tags:x", ""])
def test_a_tag_has_a_name(by: str) -> None:
    with pytest.raises(BadInput) as refused:
        cost(by)
    assert "tag:NAME" in str(refused.value.hint)


def test_refusals() -> None:
    with pytest.raises(BadInput, match="by 'moon'"):
        cost("moon")
    with pytest.raises(GatewayNotRunning):
        cost(settings=load())
