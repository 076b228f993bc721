"""``%%nexhina embed --into`` and ``--too-long``; ``rerank --queries``."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nexhina_nb as nx
from nexhina_nb.batch.long_texts import TooLong
from nexhina_nb.errors import BadInput
from nexhina_nb.magics import verbs
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog
from tests.client.mock_server import MockServer, embeddings
from tests.magics.conftest import Notebook
from tests.magics.test_vectors import ranking

KINDS = pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
EMBED = "%%nexhina embed --from df --column text"
RERANK = "%%nexhina rerank --from docs --column text --queries asked --query-column q"
MODEL = "text-embedding-3-small"
LIMIT = Catalog.bundled().context_length(MODEL) or 0
LONG = "water " * LIMIT + "fire " * 1000


@KINDS
def test_the_column_has_its_name(served: Notebook, kind: Any) -> None:
    frame = kind({"text": ["a cat", "a dog", None]})
    served.names["df"] = frame
    served.run(f"{EMBED} -o plain")
    cell = served.run(f'{EMBED} --into "my vector" -o named')
    assert cell.error is None
    assert cell.data["text/plain"] == (
        'named: 3 rows, "my vector" holds vectors of 256 numbers; 2 of 3 rows from the cache; '
        '1 of 3 rows failed, "my vector_error" says why'
    )
    plain, named = served.names["plain"], served.names["named"]
    assert list(plain.columns) == ["text", "embedding", "embedding_error"]
    assert list(named.columns) == ["text", "my vector", "my vector_error"]
    assert named["my vector_error"].to_list()[2] == "missing: there is no text"
    found = nx.matrix(named["my vector"])
    assert np.array_equal(found, nx.matrix(plain["embedding"]), equal_nan=True)
    assert list(frame.columns) == ["text"]


@KINDS
def test_an_earlier_column_is_replaced(served: Notebook, kind: Any) -> None:
    frame = kind({"v_error": ["old"], "v": [1], "text": ["a cat"]})
    served.names["df"] = frame
    cell = served.run(f"{EMBED} --into v -o made")
    assert cell.error is None
    made = served.names["made"]
    assert list(made.columns) == ["v", "text"]
    assert nx.matrix(made["v"]).shape == (1, 256)
    assert frame["v"].to_list() == [1]


@KINDS
@pytest.mark.parametrize("column", ["v", "v_error"])
def test_the_texts_are_never_overwritten(
    online: Notebook, server: MockServer, kind: Any, column: str
) -> None:
    frame = kind({column: ["a cat"], "n": [1]})
    online.names["df"] = frame
    cell = online.run(f"%%nexhina embed --from df --column {column} --into v -o df")
    assert isinstance(cell.error, BadInput)
    assert f"the column '{column}', which is read, would be overwritten" in cell.line
    assert online.names["df"] is frame
    assert frame[column].to_list() == ["a cat"]
    assert list(frame.columns) == [column, "n"]
    assert server.seen == []


@pytest.mark.parametrize(
    ("how", "sent"),
    [("", 1), ("--too-long error", 1), ("--too-long truncate", 2), ("--too-long split", 3)],
)
def test_what_is_sent_of_long_texts(
    online: Notebook, server: MockServer, how: str, sent: int
) -> None:
    online.names["df"] = pd.DataFrame({"text": ["tea", LONG]})
    vectors = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    server.play(embeddings(vectors[:sent]))
    cell = online.run(f"{EMBED} -m {MODEL} {how} -o made")
    assert cell.error is None
    texts = server.seen[-1].json["input"]
    assert len(texts) == sent
    encoding = tokens.encoding_for(MODEL)
    assert max(tokens.count(text, encoding) for text in texts) <= LIMIT
    made = online.names["made"]
    assert ("embedding_error" in made) is (sent == 1)
    if sent == 1:
        assert made["embedding_error"][1].startswith("context_length_exceeded: ")
    elif sent == 2:
        assert LONG.startswith(texts[1])
        assert list(made["embedding"][1]) == [0, 1]
    else:
        assert "".join(texts[1:]) == LONG
        mixed = np.asarray(made["embedding"][1])
        assert 0 < mixed[0] < mixed[1]  # the second part is the shorter one


@KINDS
def test_long_texts_on_the_built_in_model(served: Notebook, kind: Any) -> None:
    served.names["df"] = kind({"text": ["water", LONG]})
    similar = {}
    for how in ("truncate", "split"):
        cell = served.run(f"{EMBED} --into v --too-long {how} -o made")
        assert cell.error is None
        made = served.names["made"]
        assert list(made.columns) == ["text", "v"]
        water, long = nx.matrix(made["v"])
        similar[how] = water @ long / np.linalg.norm(water) / np.linalg.norm(long)
    assert similar["truncate"] == pytest.approx(1, abs=1e-3)
    assert similar["split"] < similar["truncate"] - 1e-3


def test_the_price_before_is_that_of_what_is_sent(online: Notebook, server: MockServer) -> None:
    frame = pd.DataFrame({"text": [LONG]})
    online.names.update(df=pd.concat([frame, pd.DataFrame({"text": ["tea"]})]))
    told = {}
    for how in ("error", "truncate", "split"):
        cell = online.run(f"{EMBED} -m {MODEL} --into v --too-long {how} --dry-run -o told")
        assert cell.error is None
        told[how] = online.names["told"].input_tokens
    whole = tokens.count(LONG, tokens.encoding_for(MODEL))
    assert told["error"] == 1
    assert told["truncate"] == LIMIT + 1
    assert told["split"] == pytest.approx(whole + 1, abs=1)
    assert list(online.names["df"].columns) == ["text"]
    assert server.seen == []


def test_the_ways_are_those_of_the_batch() -> None:
    verb = verbs.find("embed")
    assert verb is not None
    assert dict(verbs.options(verb))["too_long"].choices == get_args(TooLong)


@KINDS
def test_each_query_ranks_the_documents(served: Notebook, kind: Any) -> None:
    served.names["asked"] = kind({"q": ["money back", "a cat"], "text": ["x", "y"]})
    served.names["docs"] = kind({"text": ["The cat slept.", "A refund of money.", None]})
    cell = served.run(f"{RERANK} -o ranked")
    assert cell.error is None
    assert cell.data["text/plain"] == (
        "ranked: 6 rows, a ranking for each of 2 queries; "
        '2 of 6 rows failed, "rerank_error" says why'
    )
    ranked = served.names["ranked"]
    assert type(ranked) is kind
    columns = ["q", "text", "text_document", "relevance_score", "rank", "rerank_error"]
    assert list(ranked.columns) == columns
    assert ranked["q"].to_list() == ["money back"] * 3 + ["a cat"] * 3
    found = ranked["text_document"].to_list()
    assert (found[0], found[3]) == ("A refund of money.", "The cat slept.")
    cell = served.run(f"{RERANK} -n 1")
    assert cell.error is None
    assert "A refund of money." in cell.data["text/plain"]
    assert cell.facts["model"] == "local/rerank"


def test_the_queries_may_come_first_and_cost_nothing_twice(
    online: Notebook, server: MockServer
) -> None:
    online.names["asked"] = pd.DataFrame({"q": ["one", "one"]})
    online.names["docs"] = pd.DataFrame({"text": ["a", "b"]})
    line = "%%nexhina rerank --queries asked --query-column q --from docs --column text -o made"
    server.play(ranking(0.1, 0.9))
    cell = online.run(line)
    assert cell.error is None
    (seen,) = server.seen
    assert (seen.json["query"], seen.json["documents"]) == ("one", ["a", "b"])
    assert online.names["made"]["text"].to_list() == ["b", "a", "b", "a"]
    assert [cost.quota for cost in online.magics.state.costs] == [3]
    first = online.names["made"]
    assert online.run(line).error is None
    pd.testing.assert_frame_equal(online.names["made"], first)
    assert len(server.seen) == 1


def test_the_price_of_several_queries(online: Notebook, server: MockServer) -> None:
    online.names["asked"] = pd.DataFrame({"q": ["one", "two"]})
    online.names["docs"] = pd.DataFrame({"text": ["a", "b"]})
    told = []
    for query in ("-q one", "--queries asked --query-column q"):
        line = f"%%nexhina rerank --from docs --column text {query} -m gpt-4o --dry-run -o told"
        assert online.run(line).error is None
        told.append(online.names["told"].input_tokens)
    assert told[1] == 2 * told[0]
    assert server.seen == []


def test_what_is_said_of_failed_rows_can_be_seen(online: Notebook, server: MockServer) -> None:
    online.names["docs"] = pd.DataFrame({"text": ["a", "b", None]})
    line = "%%nexhina rerank -q one --from docs --column text"
    server.play(ranking(0.1, 0.9), ranking(0.1, 0.9))
    cells = [online.run(f"{line} {more}") for more in ("", "-n 2 -o best", "-o all")]
    assert [cell.error for cell in cells] == [None] * 3
    shown = [cell.outputs[-1]["data"]["text/plain"] for cell in cells]
    assert shown == [
        "1 of 3 rows failed",
        "1 of 3 rows failed",
        '2 of 3 rows from the cache; 1 of 3 rows failed, "rerank_error" says why',
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--queries asked --query-column q\na", "--queries needs --from → add --from FRAME"),
        ("--queries asked --query-column q -q a", "--query and --queries do not go together"),
        ("-q a --query-column q\na", "--query-column needs --queries → name the frame"),
        ("--from docs --column text", "rerank needs --query"),
        ("--from docs --column text --queries asked", "--queries needs --query-column → columns"),
        ("--from docs --column text --queries asked --query-column p", "asked has no column 'p'"),
        (
            "--from docs --column text --queries number --query-column q",
            "number is no pandas or polars DataFrame but an int → --queries FRAME",
        ),
        (
            "--from docs --column text --queries other --query-column q",
            "one frame is of polars, the other of pandas",
        ),
    ],
)
def test_what_cannot_be_used_is_said(
    online: Notebook, server: MockServer, line: str, said: str
) -> None:
    online.names.update(
        asked=pd.DataFrame({"q": ["a"]}),
        other=pl.DataFrame({"q": ["a"]}),
        docs=pd.DataFrame({"text": ["a"]}),
        number=3,
    )
    cell = online.run(f"%%nexhina rerank {line}")
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []


def test_the_page_names_both_ways_to_ask(notebook: Notebook) -> None:
    page = notebook.run("%%nexhina rerank --help\n").value.text
    assert "%%nexhina rerank --query TEXT|--queries FRAME [OPTION]…" in page
    page = notebook.run("%nexhina help embed").value.text
    assert "--too-long error|truncate|split" in page
    assert "--into NAME" in page
