from __future__ import annotations

import pytest

from nexhina_nb.client import advice
from nexhina_nb.client.account import KeyUsage
from nexhina_nb.secret import Secret

OFFERED = ["gpt-4o", "gpt-4o-mini", "local/chat", "claude-sonnet-4"]


def test_only_the_case() -> None:
    assert advice.for_model("GPT-4o", OFFERED) == "only the case differs: it is called 'gpt-4o'"


def test_the_nearest() -> None:
    assert advice.for_model("gpt4o", OFFERED).startswith("nearest: gpt-4o")
    assert "local/chat" in advice.for_model("chat", OFFERED)


def test_what_the_server_said_is_not_said_again() -> None:
    said = "no such model; did you mean 'gpt-4o'?"
    assert advice.for_model("GPT-4o", OFFERED, said) == "`%nexhina models` lists all 4"
    assert "claude-sonnet-4" in advice.for_model("claude-sonnet4", OFFERED, said)


def test_nothing_near() -> None:
    assert advice.for_model("zzz", OFFERED).startswith("this gateway offers: gpt-4o, ")
    assert "lists all 4" in advice.for_model("zzz", OFFERED)
    assert "%nexhina models" in advice.for_model("zzz", [])


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("This model's maximum context length is 8192 tokens. However, you sent 9000", 8192),
        ("exceeds the context window of 200,000 tokens", 200_000),
        ("prompt is too long: 210000 tokens > 200000 maximum", 200_000),
        ("context_length_exceeded", None),
        ("limit: 4_096", 4096),
    ],
)
def test_limits_in_messages(message: str, limit: int | None) -> None:
    assert advice.limit_named(message) == limit


def test_context() -> None:
    full = advice.for_context("small", 8192, 9000, ["big (128,000)"], 500)
    assert full == (
        "9,000 tokens were sent, 500 more were asked for as answer, small takes 8,192; "
        "shorten the input or use a model with more room: big (128,000)"
    )
    assert advice.for_context("small", None, None, [], None) == "shorten the input"


def test_keys() -> None:
    assert "no key is set" in advice.for_key(Secret(""))
    assert "login" in advice.for_key(Secret("sk-x"))
    assert "sk-x" not in advice.for_key(Secret("sk-x"))


def test_quota() -> None:
    left = KeyUsage("k", 10, 5, 5, False)
    assert "$0.00001 left" in advice.for_quota(left)
    assert "wallet" in advice.for_quota(KeyUsage("k", 0, 0, 0, True))
    assert "redeem" in advice.for_quota(None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "a little"), (0.2, "1 s"), (90, "90 s"), (600, "10 min"), (7200, "2 h")],
)
def test_when_to_come_back(seconds: float | None, words: str) -> None:
    assert words in advice.for_rate(seconds)
