"""`local/rerank`: scores in [0, 1] from words and meaning."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.engines.rerank import lexical, rerank, semantic

RETRIEVAL = json.loads((Path(__file__).parent / "data" / "retrieval.json").read_bytes())
DOCUMENTS = [
    "The ferry leaves the harbour at noon.",
    "Bread is baked from flour, water, salt and yeast.",
    "A prime number has exactly two divisors.",
    "Паром отправляется в полдень.",
    "渡轮中午离开港口。",
]

anything = st.text(alphabet=st.characters(), max_size=40)


def first_found(kind: str) -> int:
    texts = [text for row in RETRIEVAL[kind] for text in (row["answer"], *row["traps"])]
    return sum(
        texts[int(rerank(row["query"], texts).argmax())] == row["answer"]
        for row in RETRIEVAL[kind]
        if row["split"] == "test"
    )


def test_one_score_per_document_in_their_order() -> None:
    scores = rerank("When does the ferry leave?", DOCUMENTS)
    assert scores.dtype == np.float32
    assert scores.shape == (len(DOCUMENTS),)
    assert scores.argmax() == 0


@pytest.mark.parametrize(
    ("query", "best"), [("паром", 3), ("港口", 4), ("PRIME?", 2), ("how to make dough", 1)]
)
def test_scripts_case_and_other_words(query: str, best: int) -> None:
    assert rerank(query, DOCUMENTS).argmax() == best


def test_no_documents() -> None:
    assert rerank("anything", []).shape == (0,)


@pytest.mark.parametrize("query", ["zzyzx", "qqqq wwww", "!!!", "😀", "to be or not to be"])
def test_queries_without_a_known_word_have_scores(query: str) -> None:
    scores = rerank(query, DOCUMENTS)
    assert np.isfinite(scores).all()
    assert (scores < 0.4).all()


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_blank_texts_get_nothing(blank: str) -> None:
    assert not rerank(blank, DOCUMENTS).any()
    scores = rerank("ferry", [blank, DOCUMENTS[0], blank])
    assert scores[[0, 2]].tolist() == [0, 0]
    assert scores[1] > 0.3
    assert not rerank("ferry", [blank, blank]).any()


def test_one_document_gets_an_absolute_score() -> None:
    [good], [bad] = rerank("ferry harbour", DOCUMENTS[:1]), rerank("ferry harbour", DOCUMENTS[2:3])
    assert good > 0.4 > 0.2 > bad


def test_a_query_that_is_the_document_wins() -> None:
    for i, document in enumerate(DOCUMENTS):
        scores = rerank(document, DOCUMENTS)
        assert scores.argmax() == i
        assert scores[i] > 0.8


def test_equal_documents_get_equal_scores() -> None:
    scores = rerank("two divisors", [DOCUMENTS[2], *DOCUMENTS, DOCUMENTS[2]] * 5)
    assert len(set(scores[[0, 3, 6, 7, 10, 13]].tolist())) == 1


def test_each_word_of_the_query_more_raises_the_score() -> None:
    documents = ["flour", "flour water", "flour water salt", "flour water salt yeast"]
    assert (np.diff(rerank("flour water salt yeast", documents)) > 0).all()
    assert (np.diff(lexical("flour water salt yeast", documents)) > 0).all()


def test_function_words_do_not_pull() -> None:
    documents = ["How do I get there?", "The harbour is closed."]
    assert lexical("How do I find the harbour?", documents)[0] == 0


def test_a_query_of_function_words_alone_still_finds_them() -> None:
    assert lexical("to be or not to be", ["nothing else", "to be, or not to be"]).argmax() == 1


@given(anything, st.lists(anything, max_size=6))
@settings(max_examples=60)
def test_scores_of_anything_lie_between_0_and_1(query: str, documents: list[str]) -> None:
    for scores in (
        rerank(query, documents), lexical(query, documents), semantic(query, documents)
    ):  # fmt: skip
        assert scores.shape == (len(documents),)
        assert ((scores >= 0) & (scores <= 1 + 1e-6)).all()
    assert (rerank(query, documents) <= 1).all()


@given(st.permutations(range(len(DOCUMENTS))))
@settings(max_examples=20)
def test_a_permutation_permutes_the_scores(order: list[int]) -> None:
    query = "salt water at noon"
    scores = rerank(query, [DOCUMENTS[i] for i in order])
    assert np.array_equal(scores, rerank(query, DOCUMENTS)[order])


def test_nothing_is_printed_or_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rerank("ferry", DOCUMENTS * 50)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_the_answer_comes_first() -> None:
    # as stated in data/local-embed.json when the table was made, less a little
    assert first_found("paraphrase") >= 18
    assert first_found("keyword") >= 9
    assert first_found("mixed") >= 13
