"""``%%nexhina moderate``: lines, pictures, and columns of frames."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from PIL import Image

from nexhina_nb.client import ModerationReply
from nexhina_nb.errors import BadInput
from nexhina_nb.wire.moderation import CATEGORIES
from tests.client.mock_server import MockServer, as_json
from tests.magics.conftest import Notebook

TEXTS = ["I will kill you", "have a nice day", None, "have a nice day", ""]


def verdicts(count: int) -> Any:
    rows = [{"flagged": False, "categories": {}, "category_scores": {}}] * count
    return as_json({"id": "modr-1", "model": "m", "results": rows}, **{"X-Nexhina-Quota": "3"})


def test_lines_get_a_verdict_each(served: Notebook) -> None:
    cell = served.run("%%nexhina moderate -o found\nI will kill you\n\nhave a nice day")
    assert cell.error is None
    assert "<table>" in cell.data["text/html"]
    assert "violence" in cell.data["text/plain"]
    found = served.names["found"]
    assert isinstance(found, ModerationReply)
    assert [row.flagged for row in found] == [True, False]
    assert cell.facts["model"] == "local/moderate"


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_frame_gets_columns(served: Notebook, kind: Any) -> None:
    frame = kind({"text": TEXTS, "n": range(5)})
    if kind is pd.DataFrame:
        frame.index = [10, 11, 12, 13, 14]
    served.names["df"] = frame
    cell = served.run("%%nexhina moderate --from df --column text -o checked")
    assert cell.error is None
    said = 'checked: 5 rows, 1 flagged; 2 of 5 rows failed, "moderate_error" says why'
    assert cell.data["text/plain"] == said
    made = served.names["checked"]
    assert type(made) is kind
    names = ["text", "n", "flagged", "category", *CATEGORIES, "moderate_error"]
    assert list(made.columns) == names
    flagged = [None if value is pd.NA else value for value in made["flagged"]]
    assert flagged == [True, False, None, False, None]
    assert made["category"][10 if kind is pd.DataFrame else 0] == "violence"
    scores = made["violence"].to_list()
    assert scores[0] > 0.5 > scores[1] == scores[3]
    assert made["moderate_error"].to_list()[4] == "empty: the text is empty"
    assert list(frame.columns) == ["text", "n"]
    if kind is pd.DataFrame:
        assert list(made.index) == [10, 11, 12, 13, 14]


def test_a_frame_without_gaps_holds_plain_truth_values(served: Notebook) -> None:
    served.names["df"] = pd.DataFrame({"text": ["a", "b"], "moderate_error": ["old", "old"]})
    cell = served.run("%%nexhina moderate --from df --column text -o df")
    assert cell.error is None
    made = served.names["df"]
    assert made["flagged"].dtype == bool
    assert "moderate_error" not in made.columns
    assert "flagged" in served.run("%%nexhina moderate --from df --column text").data["text/html"]


def test_equal_texts_are_sent_once(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pl.DataFrame({"text": TEXTS})
    server.play(verdicts(2))
    cell = online.run("%%nexhina moderate --from df --column text -m m -o made")
    assert server.seen[-1].json == {"model": "m", "input": ["I will kill you", "have a nice day"]}
    assert cell.facts["cost"]["quota"] == 3
    assert [cost.quota for cost in online.magics.state.costs] == [3]
    cell = online.run("%%nexhina moderate --from df --column text -m m")
    assert cell.facts["cached"] == 3
    said = '3 of 5 rows from the cache; 2 of 5 rows failed, "moderate_error" says why'
    assert cell.outputs[1]["data"]["text/plain"] == said
    assert len(server.seen) == 1
    server.play(verdicts(2))
    online.run("%%nexhina moderate --from df --column text -m m --no-cache")
    assert len(server.seen) == 2


def test_a_column_without_texts_has_no_verdicts(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pl.DataFrame({"text": [None, ""]}, schema={"text": pl.String})
    cell = online.run("%%nexhina moderate --from df --column text -o made")
    assert cell.data["text/plain"].startswith("made: 2 rows, 0 flagged; 2 of 2 rows failed")
    assert online.names["made"]["flagged"].to_list() == [None, None]
    assert server.seen == []


def test_pictures_are_judged_with_the_text(
    online: Notebook, server: MockServer, tmp_path: Path
) -> None:
    picture = Image.new("RGB", (8, 8), "red")
    picture.save(tmp_path / "red.png")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    online.names["dot"] = buffer.getvalue()
    server.play(verdicts(1), verdicts(1))
    code = "%%nexhina moderate --image red.png --image dot --image https://x.example/a.png"
    assert online.run(code).error is None
    parts = server.seen[-1].json["input"]
    links = [part["image_url"]["url"] for part in parts]
    assert links[0] == links[1]
    assert links[0].startswith("data:image/png;base64,")
    assert links[2] == "https://x.example/a.png"
    assert online.run(f"{code}\nwhat is this").error is None
    assert server.seen[-1].json["input"][0] == {"type": "text", "text": "what is this"}


def test_prices(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": ["hello there"] * 9})
    cell = online.run("%%nexhina moderate --from df --column text --dry-run -o e")
    assert "local/moderate" in repr(cell.value)
    assert online.names["e"].input_tokens == 2  # equal texts once
    cell = online.run("%%nexhina moderate -m nobody-knows --budget 1\nhello")
    assert "no price is known for nobody-knows" in cell.line
    cell = online.run("%%nexhina moderate --from df --column text --budget 0")
    assert "this batch may cost" in cell.line
    assert {request.method for request in server.seen} <= {"GET"}  # prices are asked for


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "there are no texts → write one a line"),
        ("--column text\nx", "--column needs --from"),
        ("--from df", "--from needs --column → columns: text"),
        ("--from df --column nix", "df has no column 'nix'"),
        ("--from df --column n", "the column 'n' holds no texts but int"),
        ("--from clash --column flagged", "'flagged', which is read, would be overwritten"),
        ("--from df --column text\nx", "there is a text, and --from as well"),
        ("--from df --column text --image a.png", "--image and --from do not go together"),
        ("--image nix.png", "picture nix.png cannot be read"),
        ("--image df", "a DataFrame is no picture"),
        ("--image https://x.example/a.png\none\ntwo", "2 texts came with images"),
        ("--score 1\nx", "moderate has no option --score"),
    ],
)
def test_what_cannot_be_used_is_said(
    online: Notebook, server: MockServer, code: str, said: str
) -> None:
    online.names.update(
        df=pd.DataFrame({"text": ["a"], "n": [1]}),
        clash=pd.DataFrame({"flagged": ["a"]}),
    )
    cell = online.run(f"%%nexhina moderate {code}")
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []
