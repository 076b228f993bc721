"""Splitting text into BERT's word pieces."""

from __future__ import annotations

import unicodedata
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.engines.wordpiece import LONGEST_WORD, UNKNOWN, WordPiece, words

# What the reference tokenizer says, without [CLS] and [SEP].
REFERENCE = [
    ("", []),
    ("Hello, World! It's 3.14.", [7592, 1010, 2088, 999, 2009, 1005, 1055, 1017, 1012, 2403, 1012]),
    ("Unaffable naïveté", [14477, 20961, 3468, 15743, 2618]),
    ("ÀÉÎÕÜ straße İstanbul", [29347, 3695, 2226, 2358, 27807, 9960]),
    ("snake_case(x[0])", [7488, 1035, 2553, 1006, 1060, 1031, 1014, 1033, 1007]),
    ("+= $5", [1009, 1027, 1002, 1019]),
    ("tab\there\nli\u200bne", [21628, 2182, 2240]),
    ("漢字かな混じり文", [1904, 100, 1651, 30193, 100, 1657, 30212, 1861]),
    ("мир", [1191, 10325, 16856]),
    ("세", [1461, 30009]),
    ("e\u0301 \ufffd \u2028 \xa0—“quoted”", [1041, 1517, 1523, 9339, 1524]),
    ("😀 🇩🇪 ①", [100, 100, 100]),
    ("antidisestablishmentarianism", [3424, 10521, 4355, 7875, 13602, 3672, 12199, 2964]),
    ("ΣΊΣΥΦΟΣ", [1173, 18199, 29733, 29735, 29736, 29730, 29733]),
    ("१२३ مرحبا", [100, 1295, 17149, 29820, 29816, 25573]),
]


@pytest.fixture(scope="module")
def wordpiece() -> WordPiece:
    data = resources.files("nexhina_nb.engines") / "data" / "local-embed.npz"
    with data.open("rb") as file, np.load(file) as arrays:
        return WordPiece(arrays["vocabulary"].tobytes().decode("utf-8").split("\n"))


@pytest.mark.parametrize(("text", "ids"), REFERENCE)
def test_ids_are_those_of_the_reference(wordpiece: WordPiece, text: str, ids: list[int]) -> None:
    assert wordpiece.ids(text) == ids


def test_control_characters_join_and_white_space_splits() -> None:
    assert words("one\x00tw\x07o\r\nthree\u3000four") == ["onetwo", "three", "four"]


def test_punctuation_and_ideographs_stand_alone() -> None:
    assert words("a-b…c漢字d") == ["a", "-", "b", "…", "c", "漢", "字", "d"]


def test_the_longest_piece_wins() -> None:
    toy = WordPiece([UNKNOWN, "un", "una", "##affable", "##ff", "##able"])
    assert toy.ids("unaffable") == [2, 4, 5]


def test_a_word_that_pieces_do_not_cover_is_unknown_as_a_whole() -> None:
    toy = WordPiece([UNKNOWN, "a", "##b"])
    assert toy.ids("ab abx a") == [1, 2, 0, 1]


def test_words_over_the_limit_are_unknown() -> None:
    toy = WordPiece([UNKNOWN, "a", "##a"])
    assert len(toy.ids("a" * LONGEST_WORD)) == LONGEST_WORD
    assert toy.ids("a" * (LONGEST_WORD + 1)) == [0]


def test_composed_and_decomposed_spellings_are_one(wordpiece: WordPiece) -> None:
    text = "Crème brûlée, Ångström, Việt"
    assert wordpiece.ids(unicodedata.normalize("NFD", text)) == wordpiece.ids(text)


@given(st.text(alphabet=st.characters()))
def test_any_text_splits_into_words_without_gaps(text: str) -> None:
    for word in words(text):
        assert word
        assert not any(map(str.isspace, word))
        assert words(word) == [word]
