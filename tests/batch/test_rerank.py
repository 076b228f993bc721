"""`nx.rerank`: rows in falling order of relevance, for one query and for a frame of queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.inputs import EMPTY, MISSING, read
from nexhina_nb.batch.ranked import ranked
from nexhina_nb.batch.rerank import Ranking
from nexhina_nb.client import Client
from tests.batch.upstream import Faults, Upstream, score, serve

DOCUMENTS = [f"document {number}" for number in range(40)]


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """A client for many examples."""
    with serve() as upstream, Client(upstream.base_url, "sk") as client:
        yield client


def order(query: str, documents: list[str]) -> list[int]:
    """The right order, equal scores as they stand."""
    return sorted(range(len(documents)), key=lambda row: -score(query, documents[row]))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_every_kind_of_frame(upstream: Upstream, client: Client, kind: Any) -> None:
    frame = kind({"text": DOCUMENTS, "n": list(range(40))})
    made = nx.rerank(frame, "what", client=client, top_n=5)
    assert type(made) is type(frame)
    if isinstance(made, pa.Table):
        made = pl.from_arrow(made)
    made = made.collect() if isinstance(made, pl.LazyFrame) else made
    best = order("what", DOCUMENTS)[:5]
    assert made["n"].to_list() == best
    assert made["rank"].to_list() == [1, 2, 3, 4, 5]
    assert made["relevance_score"].to_list() == [score("what", DOCUMENTS[row]) for row in best]
    assert list(made.columns) == ["text", "n", "relevance_score", "rank"]
    assert upstream.bodies[0]["top_n"] == 5


@settings(max_examples=50)
@given(
    st.lists(
        st.none() | st.sampled_from(["", " ", "a", "b", "c"]) | st.text(min_size=1), max_size=15
    ),
    st.none() | st.integers(1, 20),
)
def test_any_column(shared: Client, texts: list[Any], top_n: int | None) -> None:
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object).array}, index=[7] * len(texts))
    made = nx.rerank(frame, "q", client=shared, top_n=top_n, cache=False, progress=False)
    good = [row for row, text in enumerate(texts) if text and text.strip()]
    best = sorted(good, key=lambda row: -score("q", texts[row]))[:top_n]
    rows = best + ([row for row in range(len(texts)) if row not in good] if top_n is None else [])
    assert list(made["text"].fillna("")) == [texts[row] or "" for row in rows]
    assert made["rank"].dropna().to_list() == list(range(1, len(best) + 1))
    assert ("rerank_error" in made.columns) == (len(rows) > len(best))
    assert (made.index == 7).all()


def test_running_again_asks_nobody(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": DOCUMENTS})
    first = nx.rerank(frame, "what", client=client)
    second = nx.rerank(frame, "what", client=client)
    pd.testing.assert_frame_equal(first, second)
    assert upstream.requests == 1
    nx.rerank(frame, "else", client=client)
    nx.rerank(frame[::-1], "what", client=client)
    nx.rerank(frame, "what", client=client, top_n=3)
    nx.rerank(frame, "what", client=client, cache=False)
    assert upstream.requests == 5


def test_a_document_that_is_refused_comes_last(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(refusal=lambda text: text == "document 7")
    frame = pl.DataFrame({"text": DOCUMENTS})
    made = nx.rerank(frame, "what", client=client)
    assert made["text"].to_list()[-1] == "document 7"
    assert made["rank"].to_list() == [*range(1, 40), None]
    assert made["relevance_score"].to_list()[-1] is None
    assert made["rerank_error"].to_list()[-1].startswith("invalid_value: ")
    others = [text for text in DOCUMENTS if text != "document 7"]
    assert made["text"].to_list()[:-1] == [others[row] for row in order("what", others)]
    answered = upstream.answered.copy()
    assert nx.rerank(frame, "what", client=client).equals(made)
    assert upstream.answered == answered
    with pytest.raises(errors.BatchFailed, match="1 of 40 rows failed, the first is row 7"):
        nx.rerank(frame, "what", client=client, errors="raise")


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_frame_of_queries(upstream: Upstream, client: Client, kind: Any) -> None:
    queries = kind({"q": ["one", "two", "one"], "n": [1, 2, 3]})
    documents = kind({"text": DOCUMENTS[:6], "n": list(range(6))})
    made = nx.rerank(queries, documents, query="q", on="text", top_n=2, client=client)
    assert type(made) is type(queries)
    table = made.to_pydict() if isinstance(made, pa.Table) else made.to_dict()
    columns = {name: list(pd.Series(values)) for name, values in table.items()}
    assert list(columns) == ["q", "n", "text", "n_document", "relevance_score", "rank"]
    best = [row for query in ("one", "two", "one") for row in order(query, DOCUMENTS[:6])[:2]]
    assert columns["q"] == ["one", "one", "two", "two", "one", "one"]
    assert columns["n"] == [1, 1, 2, 2, 3, 3]
    assert columns["n_document"] == best
    assert columns["rank"] == [1, 2] * 3
    assert upstream.requests == 2


def test_documents_of_a_query_travel_together_unless_told(
    upstream: Upstream, client: Client
) -> None:
    frame = pd.DataFrame({"text": [*DOCUMENTS, *DOCUMENTS]})
    made = nx.rerank(frame, "what", client=client)
    assert [len(body["documents"]) for body in upstream.bodies] == [40]
    assert len(made) == 80
    upstream.forget()
    split = nx.rerank(frame, "what", client=client, batch_size=15)
    assert sorted(len(body["documents"]) for body in upstream.bodies) == [10, 15, 15]
    pd.testing.assert_frame_equal(made, split)


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((), {}, "rerank needs a query → pass a text"),
        ((), {"query": float("nan")}, "the query is missing"),
        ((["a", "b"],), {}, "type list, not a text → pass one text; for many: rerank(frame_of"),
        ((), {"query": ["a", "b"]}, "the query is of type list, not a text"),
        ((["a", "b"],), {"query": "q"}, "a list is no frame"),
        (("",), {}, "the query is an empty text"),
        (("a",), {"query": "b"}, "there are two queries"),
        (("a",), {"on": "rank"}, "the column 'rank', which is read, would be overwritten"),
        (("a",), {"top_n": 0}, "top_n cannot be 0"),
        (("a",), {"on": "body"}, "no column 'body'"),
        ((pd.DataFrame({"text": ["a"]}),), {}, "the column of queries is needed"),
        ((pl.DataFrame({"text": ["a"]}),), {"query": "text"}, "one frame is of pandas"),
        ((pl.DataFrame({"text": ["a"], "text_document": ["b"]}),), {"query": "text"}, "one frame"),
        (
            (pd.DataFrame({"text": ["a"], "text_document": ["b"]}),),
            {"query": "text"},
            "several columns 'text_document'",
        ),
        ((3,), {"query": "text"}, "an int is no frame"),
    ],
)
def test_what_cannot_be_used_is_said(
    upstream: Upstream, client: Client, arguments: tuple[Any, ...], options: Any, said: str
) -> None:
    with pytest.raises(errors.BadInput) as caught:
        nx.rerank(pd.DataFrame({"text": ["a"], "rank": "b"}), *arguments, client=client, **options)
    assert said in str(caught.value)
    assert not upstream.sent


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_columns_of_nothing_keep_their_types(client: Client, kind: Any) -> None:
    made = nx.rerank(kind({"text": ["", None]}), "q", client=client)
    if kind is pa.table:
        assert [str(made.schema.field(n).type) for n in ("relevance_score", "rank")] == [
            "double",
            "int64",
        ]
    else:
        kinds = [str(made[name].dtype) for name in ("relevance_score", "rank")]
        assert kinds == (["float64", "Int64"] if kind is pd.DataFrame else ["Float64", "Int64"])


def test_documents_that_a_server_leaves_out_are_not_lost(
    upstream: Upstream, client: Client
) -> None:
    best = b'{"results": [{"index": 1, "relevance_score": 0.5}]}'
    upstream.faults.answer = lambda body: (200, {}, best) if "documents" in body else None
    frame = pl.DataFrame({"text": ["a", "b", "a"]})
    for _ in range(2):  # an incomplete ranking is not kept
        made = nx.rerank(frame, "q", client=client)
        assert made["text"].to_list() == ["b", "a", "a"]
        assert made["rank"].to_list() == [1, None, None]
        assert made["rerank_error"][1].startswith("not_ranked: ")
    assert upstream.requests == 2
    with pytest.raises(errors.BatchFailed, match="2 of 3 rows failed, the first is row 0"):
        nx.rerank(frame, "q", client=client, errors="raise")


def test_a_shorter_ranking_than_was_asked_for_is_a_loss(upstream: Upstream, client: Client) -> None:
    best = b'{"results": [{"index": 1, "relevance_score": 0.5}]}'
    upstream.faults.answer = lambda body: (200, {}, best) if "documents" in body else None
    frame = pl.DataFrame({"text": ["a", "b", "c", "a"]})
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="3 of 4 documents got no score"):
            made = nx.rerank(frame, "q", client=client, top_n=2)
        assert made["text"].to_list() == ["b"]
    assert upstream.requests == 2
    nx.rerank(frame, "q", client=client, top_n=1)
    nx.rerank(frame, "q", client=client, top_n=1)
    assert upstream.requests == 3


def first_at_once(texts: list[str]) -> float:
    """All but the request with this document take far too long."""
    return 0.0 if "document 0" in texts else 600.0


def test_the_deadline_ends_it(upstream: Upstream, client: Client) -> None:
    upstream.faults.slow = first_at_once
    frame = pl.DataFrame({"text": [*DOCUMENTS, None]})
    options: Any = {"client": client, "batch_size": 10, "deadline": 2.0}
    made = nx.rerank(frame, "what", **options)
    assert made["rank"].to_list() == [*range(1, 11), *[None] * 31]
    late = ["not_done: the deadline came first"] * 30
    assert made["rerank_error"].to_list() == [*[None] * 10, *late, "missing: there is no text"]
    with pytest.raises(errors.BatchFailed, match="31 of 41 rows failed, the first is row 10"):
        nx.rerank(frame, "what", errors="raise", **{**options, "deadline": 0.1})
    upstream.faults = Faults()
    assert nx.rerank(frame, "what", client=client)["rank"].to_list() == [*range(1, 41), None]


def test_top_n_does_not_hide_what_was_never_scored(upstream: Upstream, client: Client) -> None:
    upstream.faults.slow = first_at_once
    frame = pl.DataFrame({"text": [*DOCUMENTS, None]})
    options: Any = {"client": client, "batch_size": 10, "deadline": 2.0, "top_n": 3}
    with pytest.warns(RuntimeWarning, match="30 of 41 documents got no score") as caught:
        made = nx.rerank(frame, "what", **options)
    assert caught[0].filename == __file__
    assert made["text"].to_list() == [DOCUMENTS[row] for row in order("what", DOCUMENTS[:10])[:3]]
    with pytest.raises(errors.BatchFailed, match="31 of 41 rows failed"):
        nx.rerank(frame, "what", errors="raise", **{**options, "deadline": 0.1})
    upstream.faults = Faults(refusal=lambda text: text == "document 7")
    with pytest.warns(RuntimeWarning, match="1 of 41 documents got no score"):
        nx.rerank(frame, "else", client=client, top_n=3)


@pytest.mark.parametrize("name", ["relevance_score", "rank", "rerank_error"])
def test_columns_of_queries_are_not_overwritten(
    upstream: Upstream, client: Client, name: str
) -> None:
    queries = pd.DataFrame({"q": ["a"], name: ["mine"]})
    with pytest.raises(errors.BadInput, match=f"{name!r} of the queries would be overwritten"):
        nx.rerank(queries, pd.DataFrame({"text": ["b"]}), query="q", client=client)
    assert not upstream.sent


def test_its_own_result_may_be_ranked_again(client: Client) -> None:
    once = nx.rerank(pd.DataFrame({"text": ["a", None]}), "one", client=client)
    again = nx.rerank(once, "two", client=client)
    assert list(again.columns) == list(once.columns)
    assert again["relevance_score"].to_list()[0] == score("two", "a")


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_views_of_arrow_are_ranked_too(client: Client, kind: pa.DataType) -> None:
    columns = [pa.array(DOCUMENTS, pa.string_view()), pa.array(DOCUMENTS).cast(kind)]
    table = pa.table(columns, names=["text", "same"])
    made = nx.rerank(table, "what", client=client)
    assert made.schema.field("same").type == kind
    assert made["text"].to_pylist() == [DOCUMENTS[row] for row in order("what", DOCUMENTS)]


def test_what_arrow_takes_no_rows_of_is_refused(upstream: Upstream, client: Client) -> None:
    nested = pa.array([{"a": "b"}], pa.struct([("a", pa.string_view())]))
    with pytest.raises(errors.BadInput, match="takes no rows of the column 'x'"):
        nx.rerank(pa.table({"text": ["a"], "x": nested}), "q", client=client)
    assert not upstream.sent


def test_rows_of_a_batch_that_was_stopped_stay_in_the_frame() -> None:
    documents = read(["a", None, "b"], "x")
    made = ranked(Ranking(scores={1: 0.5}), documents, None)
    assert (made.rows, made.ranks) == ([2, 0, 1], [1, None, None])
    assert [why and why.partition(":")[0] for why in made.errors] == [None, "not_done", "missing"]
    assert ranked(Ranking(scores={1: 0.5}), documents, 2).rows == [2]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_queries_that_are_none_say_why(upstream: Upstream, client: Client, kind: Any) -> None:
    queries = kind({"q": ["a", None, " "], "n": [1, 2, 3]})
    documents = kind({"text": ["x", "y", None]})
    made = nw.from_native(nx.rerank(queries, documents, query="q", client=client), eager_only=True)
    assert made["n"].to_list() == [1] * 3 + [2] * 3 + [3] * 3
    assert made["rank"].cast(nw.Float64).fill_nan(None).fill_null(0).to_list() == [1, 2] + [0] * 7
    missing, empty = (f"{why} (in the query)" for why in (MISSING, EMPTY))
    reasons = [why if isinstance(why, str) else None for why in made["rerank_error"].to_list()]
    assert reasons == [None, None, MISSING, missing, missing, MISSING, empty, empty, MISSING]
    assert upstream.requests == 1
    with pytest.warns(RuntimeWarning, match="^2 queries are missing or empty; without top_n"):
        best = nx.rerank(queries, documents, query="q", top_n=1, client=client)
    assert len(best) == 1
    with pytest.raises(errors.BatchFailed, match="7 of 9 rows failed"):
        nx.rerank(queries, documents, query="q", client=client, errors="raise")


def test_queries_of_nothing_are_not_asked(upstream: Upstream, client: Client) -> None:
    queries = pd.DataFrame({"q": [None, ""]})
    made = nx.rerank(queries, pd.DataFrame({"text": ["a"]}), query="q", client=client)
    assert len(made["rerank_error"].dropna()) == 2
    assert not upstream.sent
    for blank in ("  ", "\ud800"):
        with pytest.raises(errors.BadInput, match="the query is"):
            nx.rerank(pd.DataFrame({"text": ["a"]}), blank, client=client)


def test_the_price_before(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a b c"] * 100})
    estimate = nx.rerank(frame, "d e", client=client, dry_run=True)
    assert (estimate.verb, estimate.input_tokens) == ("rerank", 5)
    assert not upstream.sent


def test_with_the_real_gateway(shared_gateway: Any) -> None:
    frame = pd.DataFrame({"text": ["Bread is baked.", "Paris is in France.", "Tea is hot."]})
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        made = nx.rerank(frame, "capital of France", client=client)
        plain = client.rerank("capital of France", list(frame["text"]))
    assert list(made.index) == [row.index for row in plain]
    assert np.array_equal(made["relevance_score"], [row.score for row in plain])
