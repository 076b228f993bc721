"""A secret does not come out by accident."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest

from nexhina_nb.secret import Secret

TEXT = "sk-canary"


def test_it_does_not_show_itself() -> None:
    secret = Secret(TEXT)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>9}",
        repr([secret]),
        f"{[secret]}",
    ]
    assert not any(TEXT in text for text in shown)
    assert repr(secret) == "<set>"
    assert repr(Secret("")) == "<not set>"


def test_it_is_no_text() -> None:
    for misuse in (json.dumps, pickle.dumps, "".join, copy.copy):
        with pytest.raises(TypeError):
            misuse([Secret(TEXT)] if misuse == "".join else Secret(TEXT))  # type: ignore[operator]
    with pytest.raises(TypeError):
        "Bearer " + Secret(TEXT)  # type: ignore[operator]


def test_tracebacks_do_not_show_it() -> None:
    secret = Secret(TEXT)
    try:
        raise ValueError(secret)
    except ValueError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown = "".join(report.format())
        assert "secret = <set>" in shown
        assert TEXT not in shown
    assert secret.reveal() == TEXT


def test_equality_and_truth() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a")
    assert not Secret("")
