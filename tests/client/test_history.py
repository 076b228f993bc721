"""How long answers were, by the log of the key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client import Client
from nexhina_nb.client.history import history_of
from nexhina_nb.pricing.output import Usual
from tests.client.mock_server import MockServer, Play


def log(rows: Any, **options: Any) -> Play:
    return Play(json.dumps({"success": True, "data": rows}).encode(), **options)


def answered(model: str, tokens: object, type: int = 2) -> dict[str, Any]:
    return {"type": type, "model_name": model, "completion_tokens": tokens, "quota": 1}


def test_nine_of_ten_answers(client: Client, server: MockServer) -> None:
    rows = [answered("a", tokens) for tokens in range(1, 101)]
    rows += [answered("b", 7)] * 12 + [answered("a", 9_999, type=5), answered("a", 0)]
    server.play(log(rows))
    found = history_of(client)
    assert [seen.path for seen in server.seen] == ["/api/log/token"]
    assert found.usual("a") == Usual(5, 96, 100)
    assert found.usual("b") is found.usual("c") is found.usual() is None
    together = found.usual("a", "b")
    assert together is not None
    assert together.calls == 112
    assert str(found.usual("a")) == "9 of 10 of the last 100 answers had 5 to 96 tokens"


@pytest.mark.parametrize(
    "play",
    [
        Play(status=404), Play(b"{"), log(None), log([None, 3, {}]), Play(reset=True),
        log([answered("a", "x"), {"type": 2, "model_name": 3, "completion_tokens": 4}] * 30),
    ],
)  # fmt: skip
def test_a_log_that_says_nothing(client: Client, server: MockServer, play: Play) -> None:
    server.play(play)
    assert history_of(client).usual("a") is None
    assert history_of(None).usual("a") is None


@given(st.lists(st.integers(1, 10_000), max_size=300))
def test_at_least_nine_of_ten_are_between(lengths: list[int]) -> None:
    usual = Usual.of(lengths)
    assert (usual is None) == (len(lengths) < 20)
    if usual is not None:
        between = sum(usual.least <= length <= usual.most for length in lengths)
        assert between >= 0.9 * len(lengths)
        assert {usual.least, usual.most} <= set(lengths)
