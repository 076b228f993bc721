from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.pricing.usage import LARGEST, Tokens, seconds_to_tokens


def test_openai() -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 500,
        "total_tokens": 1500,
        "prompt_tokens_details": {"cached_tokens": 200, "audio_tokens": 30, "image_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 100, "audio_tokens": 7},
    }
    assert Tokens.from_usage(usage) == Tokens(
        prompt=1000, completion=500, cached=200, image_in=40, audio_in=30, audio_out=7
    )


def test_openai_cache_writes_under_either_name() -> None:
    for name in ("cache_write_tokens", "cached_creation_tokens"):
        usage = {"prompt_tokens": 9, "prompt_tokens_details": {name: 4}}
        assert Tokens.from_usage(usage) == Tokens(prompt=9, cache_write=4)


def test_new_api_sends_both_spellings_one_of_them_zero() -> None:
    usage = {
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "input_tokens": 0,
        "output_tokens": 0,
        "input_tokens_details": None,
        "claude_cache_creation_5_m_tokens": 0,
    }
    assert Tokens.from_usage(usage) == Tokens(prompt=12, completion=5)


def test_responses() -> None:
    usage = {
        "input_tokens": 80,
        "input_tokens_details": {"cached_tokens": 64},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 9},
        "total_tokens": 100,
    }
    assert Tokens.from_usage(usage) == Tokens(prompt=80, completion=20, cached=64)


def test_images() -> None:
    usage = {
        "input_tokens": 50,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
        "output_tokens": 1056,
        "total_tokens": 1106,
    }
    assert Tokens.from_usage(usage) == Tokens(prompt=50, completion=1056, image_in=40)


def test_anthropic_keeps_the_cache_apart() -> None:
    usage = {
        "input_tokens": 1000,
        "output_tokens": 300,
        "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 400,
        "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 100},
    }
    tokens = Tokens.from_usage(usage)
    assert tokens == Tokens(
        prompt=1000,
        completion=300,
        cached=2000,
        cache_write=400,
        cache_write_1h=100,
        cache_apart=True,
    )
    assert tokens.length == 3400
    assert tokens.total == 1300


def test_a_relay_of_claude_in_openai_form_is_openai() -> None:
    usage = {"prompt_tokens": 3400, "completion_tokens": 1, "cache_read_input_tokens": 2000}
    tokens = Tokens.from_usage(usage)
    assert tokens == Tokens(prompt=3400, completion=1, cached=2000)
    assert tokens.length == 3400


@pytest.mark.parametrize("usage", [{"total_tokens": 7}, {"prompt_tokens": 7, "total_tokens": 7}])
def test_rerank_and_embeddings(usage: dict[str, int]) -> None:
    assert Tokens.from_usage(usage) == Tokens(prompt=7)


def test_a_length_of_audio_is_a_thousand_tokens_a_minute() -> None:
    assert Tokens.from_usage({"type": "duration", "seconds": 90}) == Tokens(prompt=1500)
    assert seconds_to_tokens(0.2) == 17
    assert [
        seconds_to_tokens(junk) for junk in (-1, True, "9", None, float("nan"), float("inf"))
    ] == [0] * 6


def test_what_is_no_count_is_zero() -> None:
    usage = {"prompt_tokens": -5, "completion_tokens": True, "prompt_tokens_details": "none"}
    assert Tokens.from_usage(usage) == Tokens()
    assert Tokens.from_usage({"prompt_tokens": 1e300, "completion_tokens": 3.0}) == Tokens(
        LARGEST, 3
    )
    assert Tokens.from_usage(None).total == 0


_keys = st.sampled_from([
    "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "type",
    "prompt_tokens_details", "input_tokens_details", "output_tokens_details", "cache_creation",
    "cache_read_input_tokens", "cache_creation_input_tokens", "cached_tokens", "audio_tokens",
    "image_tokens", "seconds", "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens",
])  # fmt: skip
_leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.just("duration")
)
junk = st.recursive(
    _leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner), max_leaves=20
)


@given(junk)
def test_junk_never_raises_and_never_counts_below_zero(usage: object) -> None:
    tokens = Tokens.from_usage(usage)  # type: ignore[arg-type]
    counts = (
        tokens.prompt, tokens.completion, tokens.cached, tokens.cache_write, tokens.cache_write_1h,
        tokens.image_in, tokens.audio_in, tokens.audio_out,
    )  # fmt: skip
    assert all(type(count) is int and 0 <= count <= LARGEST for count in counts)
    assert tokens.cache_write_1h <= tokens.cache_write
