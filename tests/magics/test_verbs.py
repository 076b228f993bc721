from __future__ import annotations

import inspect
from collections import Counter

import pytest

from nexhina_nb.magics import manual, verbs
from nexhina_nb.magics.args import parse
from nexhina_nb.magics.extension import command
from nexhina_nb.magics.options import Kind
from nexhina_nb.magics.verbs import Verb

FORMS = [*verbs.forms(is_cell=True), *verbs.forms(is_cell=False)]
EACH = pytest.mark.parametrize("verb", FORMS, ids=lambda verb: f"{verb.magic} {verb.name}")


def test_names_are_unique() -> None:
    assert max(Counter(verb.name for verb in verbs.VERBS).values()) == 1


@EACH
def test_flags_are_unique_and_have_help(verb: Verb) -> None:
    rows = [row for _, row in verbs.options(verb)]
    assert max(Counter(flag for row in rows for flag in row.flags).values()) == 1
    assert all(row.help and not row.help.endswith(".") for row in rows)
    assert all(row.choices for row in rows if row.kind is Kind.CHOICE)
    assert all(row.placeholder for row in rows if row.kind is not Kind.FLAG)


@EACH
def test_there_is_a_command(verb: Verb) -> None:
    function = command(verb)
    assert len(inspect.signature(function).parameters) == (3 if verb.is_cell else 2)
    assert function.__doc__


@EACH
def test_the_examples_can_be_read(verb: Verb) -> None:
    for example in verb.examples:
        first, _, body = example.partition("\n")
        magic, _, line = first.partition(" ")
        assert magic == verb.magic
        assert parse(line, is_cell=verb.is_cell).verb is verb
        assert not body or verb.is_cell


@EACH
def test_the_page_has_everything(verb: Verb) -> None:
    page = manual.page(verb)
    assert verb.summary in page
    for _, row in verbs.options(verb):
        assert all(flag in page for flag in row.flags)
        assert row.placeholder in page
    assert all(line in page for example in verb.examples for line in example.splitlines())
    assert max(len(line) for line in page.splitlines()) <= 90


def test_a_verb_of_cells_may_have_a_form_in_a_line() -> None:
    video = verbs.find("video")
    assert video is not None
    assert video.in_line in FORMS
    page = manual.page(video)
    assert "%%nexhina video [OPTION]…" in page
    assert "\n%nexhina video ID [OPTION]…" in page
    assert len(FORMS) == len(verbs.VERBS) + 1


def test_the_manual_names_every_verb() -> None:
    text = manual.manual()
    assert all(verb.name in text and verb.magic in text for verb in verbs.VERBS)
    assert max(len(line) for line in text.splitlines()) <= 90
