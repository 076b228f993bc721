"""Log-probabilities are those of the stated model, and its probabilities sum to one."""

from __future__ import annotations

import math

import pytest

from nexhina_nb.engines.chat.logprobs import START, VOCABULARY, PairModel
from nexhina_nb.pricing import tokens
from tests.engines.chat.asking import run


@pytest.mark.parametrize("many", [0, 1, 5, 20])
def test_entries(many: int) -> None:
    choices, counts = run("Who are you?", logprobs=True, top_logprobs=many)
    said = choices[0]
    assert len(said.logprobs) == counts.completion
    assert "".join(entry["token"] for entry in said.logprobs) == said.text
    for entry in said.logprobs:
        assert entry["logprob"] <= 0
        assert bytes(entry["bytes"]).decode() == entry["token"]
        top = [row["logprob"] for row in entry["top_logprobs"]]
        assert len(top) == many
        assert top == sorted(top, reverse=True)
        assert sum(map(math.exp, top)) <= 1 + 1e-9


def test_bytes_of_split_characters_join() -> None:
    said = run("Say exactly: 末😀", logprobs=True)[0][0]
    joined = b"".join(bytes(entry["bytes"]) for entry in said.logprobs)
    assert joined.decode() == said.text == "末😀"
    assert len(said.logprobs) > len(said.pieces)


def test_none_without_the_wish() -> None:
    assert run("Hello")[0][0].logprobs == []


def test_probabilities_sum_to_one_and_the_top_is_the_top() -> None:
    model = PairModel(map(tokens.encode, ["the cat sat on the mat. the cat ran.", "a dog sat"]))
    for before in (START, *tokens.encode(" cat"), 99_999):
        every = [model.probability(before, token) for token in range(VOCABULARY)]
        assert math.isclose(sum(every), 1.0, rel_tol=1e-9)
        best = sorted(every, reverse=True)[:5]
        assert [p for p, _ in model.likeliest(before, 5)] == best
