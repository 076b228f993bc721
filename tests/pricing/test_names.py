from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.pricing.names import lookup_names, suggest

KNOWN = [
    "gpt-4o", "gpt-4o-mini", "gpt-4.1", "claude-sonnet-4-5", "claude-opus-4-5", "local/chat",
    "local/embed", "MiniMax-M2", "text-embedding-3-small", "text-embedding-3-large",
]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("GPT-4O", "gpt-4o"),
        ("gpt4o", "gpt-4o"),
        ("openai/gpt-4o", "gpt-4o"),
        ("minimax-m2", "MiniMax-M2"),
        ("claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("gpt-4o-mni", "gpt-4o-mini"),
        ("chat", "local/chat"),
        ("local/chatt", "local/chat"),
        ("claude", "claude-opus-4-5"),
        ("gpt", "gpt-4o"),
        ("text-embeding-3-smal", "text-embedding-3-small"),
    ],
)
def test_the_name_that_was_meant_comes_first(typed: str, meant: str) -> None:
    assert suggest(typed, KNOWN)[0] == meant


def test_nothing_near_is_nothing() -> None:
    assert suggest("zzzzzzzzzz", KNOWN) == []
    assert suggest("gpt-4o", []) == []


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=10), st.integers(1, 5))
def test_suggestions_are_known_and_few(name: str, names: list[str], n: int) -> None:
    found = suggest(name, names, n)
    assert len(found) == len(set(found)) <= n
    assert set(found) <= set(names) - {name}


@pytest.mark.parametrize(
    ("model", "wildcard"),
    [
        ("gpt-4-gizmo-abc", "gpt-4-gizmo-*"),
        ("gpt-4o-gizmo-abc", "gpt-4o-gizmo-*"),
        ("gemini-2.5-flash-thinking-1024", "gemini-2.5-flash-thinking-*"),
        ("gpt-5-openai-compact", "*-openai-compact"),
    ],
)
def test_names_that_a_price_may_be_filed_under(model: str, wildcard: str) -> None:
    assert list(lookup_names(model)) == [model, wildcard]


def test_most_names_stand_for_themselves() -> None:
    assert list(lookup_names("gpt-4o")) == ["gpt-4o"]
