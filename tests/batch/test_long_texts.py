"""Texts that are longer than the model takes: refused, cut off, or split and averaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch import long_texts
from nexhina_nb.batch.inputs import read
from nexhina_nb.client import Client
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog
from tests.batch.upstream import Faults, Upstream, vector

MODEL = "text-embedding-3-small"
LIMIT = Catalog.bundled().context_length(MODEL) or 0
LONG = "water " * 20_000
WORDS = st.lists(st.sampled_from(["water ", "日本語", "🙂🙃", "a", "\n\n", "naïve "]), min_size=1)


@settings(max_examples=20, deadline=None)
@given(WORDS, st.integers(LIMIT, 3 * LIMIT))
def test_pieces_are_the_text_and_fit(words: list[str], length: int) -> None:
    text = ("".join(words) * length)[: 2 * length]
    inputs = read([text], "x")
    split = long_texts.fit(inputs, MODEL, "split").split
    encoding = tokens.encoding_for(MODEL)
    if tokens.count(text, encoding) <= LIMIT:
        assert split == {}
        return
    pieces = [inputs.texts[piece.place] for piece in split[0]]
    assert "".join(pieces) == text
    assert max(tokens.count(piece, encoding) for piece in pieces) <= LIMIT
    cut = read([text], "x")
    long_texts.fit(cut, MODEL, "truncate")
    assert cut.texts == pieces[:1]


def embedded(client: Client, how: str, texts: list[str | None], cache: bool = True) -> pd.DataFrame:
    frame = pd.DataFrame({"text": texts})
    options = {"client": client, "model": MODEL, "cache": cache, "progress": False}
    made: pd.DataFrame = nx.embed(frame, "text", too_long=how, **options)
    return made


def test_error_is_the_default(upstream: Upstream, client: Client) -> None:
    made = embedded(client, "error", ["short", LONG])
    assert made["embedding_error"][1].startswith("context_length_exceeded: 20,001 tokens")
    assert LONG not in upstream.sent


def test_a_long_text_is_cut_off(upstream: Upstream, client: Client) -> None:
    made = embedded(client, "truncate", ["short", LONG, None])
    sent = next(text for text in upstream.sent if text.startswith("water"))
    assert tokens.count(sent, tokens.encoding_for(MODEL)) == LIMIT
    assert np.array_equal(nx.matrix(made["embedding"])[1], vector(sent))
    assert made["embedding_error"].isna().tolist() == [True, True, False]


def test_texts_that_are_cut_to_the_same_are_sent_once(upstream: Upstream, client: Client) -> None:
    (short,) = long_texts_cut(LONG)
    made = embedded(client, "truncate", [LONG, None, f"{LONG}more", short, "a", LONG])
    assert upstream.sent == {short: 1, "a": 1}
    matrix = nx.matrix(made["embedding"])
    for row in (0, 2, 3, 5):
        assert np.array_equal(matrix[row], vector(short))
    assert np.array_equal(matrix[4], vector("a"))
    assert made["embedding_error"].isna().tolist() == [True, False, True, True, True, True]


def long_texts_cut(text: str) -> list[str]:
    """What is left of a long text."""
    cut = read([text], "x")
    long_texts.fit(cut, MODEL, "truncate")
    return cut.texts


def test_pieces_that_are_alike_are_sent_once(upstream: Upstream, client: Client) -> None:
    texts = [LONG, f"{LONG}more", *long_texts_cut(LONG), "a"]
    made = embedded(client, "split", texts)
    assert set(upstream.sent.values()) == {1}
    again = {text: embedded(client, "split", [text], cache=False) for text in texts}
    matrix = nx.matrix(made["embedding"])
    for row, text in enumerate(texts):
        assert np.array_equal(matrix[row], nx.matrix(again[text]["embedding"])[0])
    assert "embedding_error" not in made


def test_a_piece_that_is_lost_takes_all_its_texts_with_it(
    upstream: Upstream, client: Client
) -> None:
    first = long_texts_cut(LONG)[0]
    upstream.faults = Faults(refusal=lambda text: text == first)
    made = embedded(client, "split", [LONG, f"{LONG}more", first, "short"])
    assert made["embedding"].isna().tolist() == [True, True, True, False]
    assert made["embedding_error"].isna().tolist() == [False, False, False, True]


def test_a_long_text_is_split_and_averaged(upstream: Upstream, client: Client) -> None:
    for _ in range(2):  # the second time from the disk
        made = embedded(client, "split", [LONG, "short", LONG])
        pieces = [text for text in upstream.sent if text != "short"]
        assert len(pieces) == 3
        weights = [tokens.count(piece, tokens.encoding_for(MODEL)) for piece in pieces]
        vectors = np.stack([vector(piece) for piece in pieces])
        mean = np.average(vectors, axis=0, weights=weights)
        length = np.average(np.linalg.norm(vectors, axis=1), weights=weights)
        expected = mean * length / np.linalg.norm(mean)
        matrix = nx.matrix(made["embedding"])
        np.testing.assert_allclose(matrix[0], expected, rtol=1e-5)
        assert np.array_equal(matrix[0], matrix[2])
        assert np.array_equal(matrix[1], vector("short"))
        assert "embedding_error" not in made
    assert set(upstream.answered.values()) == {1}


def test_a_text_is_lost_with_one_of_its_pieces(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(refusal=lambda text: "water" in text and len(text) < 40_000)
    made = embedded(client, "split", [LONG, "short"])
    assert made["embedding_error"][0] == "invalid_value: one of the inputs is not welcome"
    assert made["embedding"].isna().tolist() == [True, False]


def test_other_ways_are_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(errors.BadInput, match="too_long"):
        embedded(client, "ignore", ["a"])
