"""``%%nexhina embed`` and ``rerank`` in a real shell, against a scripted server."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import FILE_NAME, Cache
from nexhina_nb.client import RerankReply, Vectors
from nexhina_nb.errors import BadInput, GatewayNotRunning, QuotaExceeded
from nexhina_nb.settings import load
from tests.client.mock_server import MockServer, Play, embeddings
from tests.magics.conftest import Notebook

KINDS = [pd.DataFrame, pl.DataFrame]
EMBED = "%%nexhina embed --from df --column text"
MATRIX = [[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]


def ranking(*scores: float) -> Play:
    results = [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]
    body = {"results": results, "model": "ranker", "usage": {"total_tokens": 7}}
    return Play(json.dumps(body).encode(), headers={"X-Nexhina-Quota": "3"})


def test_lines_become_vectors(online: Notebook, server: MockServer) -> None:
    server.play(embeddings(MATRIX, **{"X-Nexhina-Quota": "4"}))
    online.names["word"] = "tea"
    cell = online.run("%%nexhina embed -m e -o v --dimensions 2\n{{word}}\n\n two words \nthree\n")
    assert cell.error is None
    body = server.seen[-1].json
    assert body["input"] == ["tea", " two words ", "three"]
    assert (body["model"], body["dimensions"]) == ("e", 2)
    vectors = online.names["v"]
    assert isinstance(vectors, Vectors)
    assert np.array_equal(vectors, np.array(MATRIX, np.float32))
    assert cell.data["text/plain"].startswith("3 × 2 float32\n")
    assert cell.facts["cost"]["quota"] == 4
    assert [cost.quota for cost in online.magics.state.costs] == [4]


def test_long_vectors_are_shown_in_short(online: Notebook, server: MockServer) -> None:
    server.play(embeddings([[0.123456789] * 300] * 2))
    shown = online.run("%%nexhina embed\na\nb").data["text/plain"]
    assert "0.1235" in shown
    assert len(shown) < 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_gets_a_column(online: Notebook, server: MockServer, kind: Any) -> None:
    frame = kind({"text": ["a", "b", "c"], "n": [1, 2, 3]})
    online.names["df"] = frame
    server.play(embeddings(MATRIX))
    cell = online.run("%%nexhina embed --from df --column text -o df2")
    assert cell.error is None
    assert server.seen[-1].json["input"] == ["a", "b", "c"]
    made = online.names["df2"]
    assert type(made) is kind
    assert list(made.columns) == ["text", "n", "embedding"]
    assert np.array_equal(np.stack(made["embedding"].to_list()), np.array(MATRIX))
    assert list(frame.columns) == ["text", "n"]
    shown = 'df2: 3 rows, "embedding" holds vectors of 2 numbers'
    assert cell.data["text/plain"] == shown
    assert cell.facts["model"] == "embedder"


def test_running_again_costs_nothing(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": ["a", "b", "c", "a", None]})
    server.play(embeddings(MATRIX, **{"X-Nexhina-Quota": "4"}))
    online.run("%%nexhina embed --from df --column text -o first")
    cell = online.run("%%nexhina embed --from df --column text -o second")
    assert len(server.seen) == 1
    assert cell.data["text/plain"] == (
        'second: 5 rows, "embedding" holds vectors of 2 numbers; 4 of 5 rows from the cache; '
        '1 of 5 rows failed, "embedding_error" says why'
    )
    assert (cell.facts["cached"], cell.facts["cost"]["quota"]) == (4, 0)
    pd.testing.assert_frame_equal(online.names["first"], online.names["second"])
    assert [cost.quota for cost in online.magics.state.costs] == [4]
    server.play(embeddings(MATRIX))
    online.run("%%nexhina embed --from df --column text --no-cache")
    assert len(server.seen) == 2


def test_the_answers_on_disk_need_no_gateway(notebook: Notebook) -> None:
    notebook.names["df"] = pd.DataFrame({"text": ["a"]})
    cell = notebook.run("%%nexhina embed --from df --column text")
    assert isinstance(cell.error, GatewayNotRunning)
    cell = notebook.run("%%nexhina embed --from df --column text --dry-run")
    assert cell.error is None
    name = Address("embed", "", "local/embed", dimensions=None).of(b"a")
    with Cache(load().home / "cache" / FILE_NAME, 1 << 30) as cache:
        cache.put({name: np.ones(2, "<f4").tobytes()})
    cell = notebook.run("%%nexhina embed --from df --column text -o made")
    assert cell.error is None
    assert list(notebook.names["made"]["embedding"][0]) == [1, 1]


def test_a_batch_that_breaks_off_has_a_price_too(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": [f"t{row}" for row in range(65)]})
    error = b'{"error": {"message": "no", "code": "insufficient_user_quota"}}'
    refused = Play(error, status=403)
    server.play(embeddings([[1.0]] * 64, **{"X-Nexhina-Quota": "4"}), refused)
    online.run("%config Nexhina.max_concurrency = 1")
    cell = online.run("%%nexhina embed --from df --column text")
    assert isinstance(cell.error, QuotaExceeded)
    # What calls cost that were broken off is not known.
    assert [cost.quota for cost in online.magics.state.costs] == [None]
    # Of one call that is refused it is.
    online.names["df"] = pd.DataFrame({"text": ["a"]})
    server.play(refused)
    online.run("%%nexhina embed --from df --column text -m other")
    assert len(online.magics.state.costs) == 1


def test_without_a_variable_the_frame_is_shown(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": ["a", "b", "c"]})
    server.play(embeddings(MATRIX))
    cell = online.run("%%nexhina embed --from df --column text")
    assert "embedding" in cell.data["text/html"]
    assert cell.facts["seconds"] > 0


def test_documents_are_ranked(online: Notebook, server: MockServer) -> None:
    server.play(ranking(0.1, 0.9, 0.5))
    cell = online.run("%%nexhina rerank -q 'what?' -n 2 -o r\none\ntwo\nthree")
    body = server.seen[-1].json
    assert (body["query"], body["documents"]) == ("what?", ["one", "two", "three"])
    assert body["top_n"] == 2
    reply = online.names["r"]
    assert isinstance(reply, RerankReply)
    assert reply.documents == ["two", "three"]
    assert "two" in cell.data["text/html"]
    assert cell.facts["cost"]["quota"] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_is_sorted(online: Notebook, server: MockServer, kind: Any) -> None:
    online.names["df"] = kind({"text": ["one", "two", "three"], "n": [1, 2, 3]})
    server.play(ranking(0.1, 0.9, 0.5))
    cell = online.run("%%nexhina rerank -q what --from df --column text -o best")
    assert cell.error is None
    best = online.names["best"]
    assert type(best) is kind
    assert best["n"].to_list() == [2, 3, 1]
    assert best["rank"].to_list() == [1, 2, 3]
    assert best["relevance_score"].to_list() == [0.9, 0.5, 0.1]
    first = cell.data["text/plain"].splitlines()[1]
    assert first.split() == ["1", "1", "0.9000", "two"]
    assert cell.facts["model"] == "ranker"


def test_prices_and_budgets(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": ["a b c", "d e f"] * 1000})
    model = "-m text-embedding-3-large"
    cell = online.run(f"%%nexhina embed --from df --column text {model} --dry-run -o e")
    assert online.names["e"].input_tokens == 6
    assert "text-embedding-3-large" in repr(cell.value)
    cell = online.run(f"%%nexhina embed --from df --column text {model} --budget 0.0000001")
    assert isinstance(cell.error, BadInput)
    assert "nothing was sent; raise the budget" in cell.line
    cell = online.run("%%nexhina rerank -q a --from df --column text --dry-run")
    assert "local/rerank" in repr(cell.value)
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%%nexhina embed", "there are no texts → write one a line, or use --from"),
        ("%%nexhina embed --column text\na", "--column needs --from"),
        ("%%nexhina embed --from df --column text\na", "there is a text, and --from as well"),
        ("%%nexhina rerank\na", "rerank needs --query"),
        ("%%nexhina rerank -q a --from df", "--from needs --column → columns: text"),
        ("%%nexhina embed --into v\na", "--into needs --from → add --from FRAME --column NAME"),
        ("%%nexhina embed --into v", "--into needs --from → "),
        ("%%nexhina embed --too-long split\na", "--too-long needs --from → add --from FRAME"),
        (f"{EMBED} --too-long cut", "cannot be 'cut' → choose from: error, truncate, split"),
        (f"{EMBED} --into text", "the column 'text', which is read, would be overwritten → rename"),
    ],
)
def test_what_cannot_be_used_is_said(
    online: Notebook, server: MockServer, code: str, said: str
) -> None:
    online.names["df"] = pd.DataFrame({"text": ["a", None]})
    cell = online.run(code)
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []
