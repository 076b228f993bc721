"""`local/embed`: unit vectors that depend on the text alone."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.engines import ENGINES
from nexhina_nb.engines.embeddings import DIMENSIONS, embed
from nexhina_nb.errors import BadRequest

RETRIEVAL = json.loads((Path(__file__).parent / "data" / "retrieval.json").read_bytes())
TEXTS = [text for row in RETRIEVAL["mixed"] for text in (row["query"], row["answer"])]
ODD = [
    "",
    " ",
    "\n",
    "\x00",
    "\u200b",
    "?",
    "😀",
    "\ud800",
    "漢字",
    "Привет, мир",
    "สวัสดี",
    "é" * 500,
]

anything = st.text(alphabet=st.characters())  # lone surrogates too


def is_unit(matrix: npt.NDArray[np.float32]) -> bool:
    norms = np.linalg.norm(matrix.astype(np.float64), axis=1)
    return bool(np.isfinite(matrix).all() and np.allclose(norms, 1, atol=1e-6))


def cosine(one: str, other: str) -> float:
    a, b = embed([one, other])
    return float(a @ b)


def test_shape_and_kind() -> None:
    matrix = embed(TEXTS)
    assert matrix.shape == (len(TEXTS), DIMENSIONS)
    assert matrix.dtype == np.float32
    assert is_unit(matrix)


def test_no_texts_make_an_empty_matrix() -> None:
    assert embed([]).shape == (0, DIMENSIONS)


def test_texts_without_a_known_word_have_vectors_of_their_own() -> None:
    matrix = embed(ODD)
    assert is_unit(matrix)
    assert (np.abs(matrix @ matrix.T - np.eye(len(ODD))) < 0.6).all()


def test_the_registry_tells_the_size_of_the_vectors() -> None:
    info = ENGINES["local/embed"]
    assert info.dimensions == DIMENSIONS
    assert info.load()(["x"]).shape == (1, info.dimensions)


@given(st.lists(anything, max_size=8), st.integers(1, DIMENSIONS))
def test_any_text_gets_a_unit_vector(texts: list[str], dimensions: int) -> None:
    matrix = embed(texts, dimensions)
    assert matrix.shape == (len(texts), dimensions)
    assert is_unit(matrix)


@given(st.lists(st.sampled_from(TEXTS + ODD), min_size=1, max_size=60))
@settings(max_examples=30)
def test_a_row_depends_on_its_text_alone(texts: list[str]) -> None:
    together = embed(texts)
    alone = np.concatenate([embed([text]) for text in texts])
    assert together.tobytes() == alone.tobytes()


def test_a_permutation_permutes_the_rows() -> None:
    order = list(range(len(TEXTS)))
    random.Random(3).shuffle(order)
    assert np.array_equal(embed([TEXTS[i] for i in order]), embed(TEXTS)[order])


def test_another_process_computes_the_same_bytes() -> None:
    program = (
        "import hashlib, sys; from nexhina_nb.engines.embeddings import embed;"
        "print(hashlib.sha256(embed(sys.argv[1:]).tobytes()).hexdigest())"
    )
    texts = ["The same bytes", "everywhere", "и всюду"]
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, *texts], capture_output=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_word_order_does_not_count() -> None:
    assert cosine("dog bites man", "man bites dog") == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dimensions", [1, 2, 17, 255, 256])
def test_dimensions_cut_and_normalise(dimensions: int) -> None:
    whole, cut = embed(TEXTS), embed(TEXTS, dimensions)
    expected = whole[:, :dimensions] / np.linalg.norm(whole[:, :dimensions], axis=1, keepdims=True)
    np.testing.assert_allclose(cut, expected, atol=1e-5)


def test_one_dimension_has_no_hole() -> None:
    letters = [chr(code) for code in range(32, 0x3000)]
    assert set(np.unique(embed(letters, 1))) == {-1, 1}


@pytest.mark.parametrize("dimensions", [-1, 0, 257, 1536])
def test_other_dimensions_are_refused(dimensions: int) -> None:
    with pytest.raises(BadRequest, match="256") as caught:
        embed(["x"], dimensions)
    assert caught.value.param == "dimensions"


def test_a_long_text_is_the_mean_of_all_its_words() -> None:
    sentence = "the ship sails to the harbour of a distant island "
    assert cosine(sentence, sentence * 3000) == pytest.approx(1, abs=1e-4)


def test_spelling_counts_where_the_meaning_is_unknown() -> None:
    assert cosine("Программирование", "Программирования") > 0.6
    assert cosine("Программирование", "Библиотека") < 0.3


def test_the_first_call_may_come_from_many_threads_at_once() -> None:
    program = (
        "from concurrent.futures import ThreadPoolExecutor as Pool;"
        "from nexhina_nb.engines.embeddings import embed;"
        "rows = list(Pool(16).map(lambda _: embed(['first call']).tobytes(), range(64)));"
        "assert len(set(rows)) == 1"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_threads_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor(8) as pool:
        rows = [*pool.map(lambda text: embed([text]), TEXTS * 5)]
    assert np.array_equal(np.concatenate(rows), np.tile(embed(TEXTS), (5, 1)))


def test_meaning_is_found_without_shared_words() -> None:
    # 22 of 42 when the table was made; the whole model finds 36, spelling alone none
    rows = RETRIEVAL["paraphrase"]
    texts = [text for row in rows for text in (row["answer"], *row["traps"])]
    best = (embed([row["query"] for row in rows]) @ embed(texts).T).argmax(axis=1)
    found = [texts[i] == row["answer"] for i, row in zip(best, rows, strict=True)]
    assert sum(f for f, row in zip(found, rows, strict=True) if row["split"] == "test") >= 20


def test_the_table_is_the_one_whose_origin_is_recorded() -> None:
    data = resources.files("nexhina_nb.engines") / "data"
    record = json.loads((data / "local-embed.json").read_bytes())
    table = (data / "local-embed.npz").read_bytes()
    assert hashlib.sha256(table).hexdigest() == record["table_sha256"]
    assert len(table) < 8_000_000
    assert record["source_sha256"]["model.safetensors"] in (data / "NOTICE").read_text("utf-8")
