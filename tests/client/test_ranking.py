from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client.ranking import Ranked, RerankReply, read_ranking
from nexhina_nb.errors import Upstream
from tests.client.flows import TARGET, answer

DOCUMENTS: list[Any] = ["<b>first</b>", "second", {"text": "third", "id": 3}]


def read(results: Any, top_n: int | None = None, **body: Any) -> RerankReply:
    asked = {"documents": DOCUMENTS, "model": "ranker", "top_n": top_n}
    whole = {"results": results} | body
    return read_ranking(TARGET, answer(whole, x_nexhina_quota="3"), whole, asked)


def row(index: Any, score: Any) -> dict[str, Any]:
    return {"index": index, "relevance_score": score}


ROWS = [row(1, 0.2), row(2, 0.9), row(0, 0.5)]


def test_best_first_with_the_documents_as_they_were_passed() -> None:
    reply = read(ROWS, usage={"total_tokens": 9, "prompt_tokens": 9})
    assert list(reply) == [
        Ranked(2, 0.9, DOCUMENTS[2]),
        Ranked(0, 0.5, DOCUMENTS[0]),
        Ranked(1, 0.2, DOCUMENTS[1]),
    ]
    assert reply.documents == [DOCUMENTS[2], DOCUMENTS[0], DOCUMENTS[1]]
    assert (len(reply), reply[0].index, reply[:1][0].index) == (3, 2, 2)
    assert (reply.model, reply.cost.quota) == ("ranker", 3)
    assert reply.usage is not None
    assert reply.usage.total_tokens == 9
    assert repr(reply) == "<RerankReply 3 documents, best: document 2 (0.900)>"


def test_top_n_holds_even_if_the_server_ignores_it() -> None:
    assert [ranked.index for ranked in read(ROWS, top_n=2)] == [2, 0]


def test_equal_scores_stay_in_order() -> None:
    assert [r.index for r in read([row(1, 0.5), row(0, 0.5)])] == [1, 0]


def test_frame() -> None:
    frame = read(ROWS).frame()
    assert list(frame.columns) == ["rank", "index", "relevance_score", "document"]
    assert frame["rank"].tolist() == [1, 2, 3]
    assert frame["index"].tolist() == [2, 0, 1]


def test_shown_as_an_escaped_table() -> None:
    data, metadata = read(ROWS)._repr_mimebundle_()
    assert "<b>" not in data["text/html"]
    assert "&lt;b&gt;first" in data["text/html"]
    assert "third" in data["text/plain"]
    assert metadata["nexhina"]["cost"]["quota"] == 3
    json.dumps(metadata)


def test_no_results() -> None:
    assert len(read([])) == 0
    assert repr(read([])) == "<RerankReply 0 documents>"
    assert len(read([]).frame()) == 0


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "x",
        [3],
        [row(3, 0.1)],
        [row(-1, 0.1)],
        [row(0, "high")],
        [row("0x", 0.1)],
        [row(0, 0.1), row(0, 0.2)],
        [{"index": 0}],
        [row(None, None)],
    ],
)
def test_rankings_that_make_no_sense(bad: object) -> None:
    with pytest.raises(Upstream):
        read(bad)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.permutations(range(3)))
def test_falling_scores_whatever_the_order(scores: list[float], order: list[int]) -> None:
    reply = read([row(index, scores[index]) for index in order])
    assert [r.score for r in reply] == sorted(scores, reverse=True)
    assert all(r.score == scores[r.index] for r in reply)
