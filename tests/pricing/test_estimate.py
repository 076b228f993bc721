from __future__ import annotations

import dataclasses
import importlib
import warnings
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Price, Tokens, quota
from nexhina_nb.pricing.estimate import count_inputs, estimate
from nexhina_nb.pricing.output import Usual
from nexhina_nb.pricing.price import UnknownPriceWarning

SMALL = Catalog.from_rows([
    {"model": "m", "kind": "chat", "input": "2", "output": "8", "context": 100, "source": "list"},
    {"model": "limited", "kind": "chat", "input": "2", "output": "8", "max_output": 50},
    {"model": "bare", "kind": "chat", "input": "2", "output": "8"},
    {"model": "search", "kind": "rerank", "per": "call", "usd": "0.002"},
])  # fmt: skip


@given(
    st.text(max_size=50),
    st.integers(0, 5000),
    st.integers(1, 4),
    st.sampled_from([1, Decimal("0.8")]),
)
def test_the_estimate_is_the_bill(text: str, most: int, n: int, group: Decimal) -> None:
    found = estimate("chat", text, model="gpt-4o", max_tokens=most, n=n, group_ratio=group, at=None)
    prompt = tokens.count_messages([{"role": "user", "content": text}], "gpt-4o")
    price = Catalog.bundled().price("gpt-4o")
    assert price is not None
    assert found.input_tokens == prompt
    assert found.output_tokens == (0, most * n)
    assert found.quota == (
        quota(price, Tokens(prompt), group),
        quota(price, Tokens(prompt, most * n), group),
    )


def test_messages_and_tools_count_as_the_gateway_counts_them() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    tools = [{"type": "function", "function": {"name": "clock"}}]
    found = estimate("chat", messages, model="gpt-4o", tools=tools)
    assert found.input_tokens == tokens.count_messages(messages, "gpt-4o", tools)


@pytest.mark.parametrize(
    ("model", "options", "most", "words"),
    [
        ("m", {"max_tokens": 7}, 7, "max_tokens = 7"),
        ("m", {"max_tokens": 7, "n": 3}, 21, "× 3 answers"),
        ("limited", {}, 50, "the model's 50 tokens"),
        ("m", {}, 92, "what the context of 100 tokens leaves"),
        ("bare", {}, 4096, "limit is unknown"),
    ],
)
def test_what_the_most_output_rests_on_is_said(
    model: str, options: dict[str, int], most: int, words: str
) -> None:
    found = estimate("chat", "Hello", model=model, catalog=SMALL, **options)
    assert found.output_tokens == (0, most)
    assert words in found.assumption


def test_embed_takes_texts_one_text_or_token_ids() -> None:
    model = "text-embedding-3-small"
    assert count_inputs("embed", ["hello world", ""], model=model) == [2, 0]
    assert count_inputs("embed", "hello world", model=model) == [2]
    assert count_inputs("embed", [15339, 1917, 0], model=model) == [3]
    assert count_inputs("embed", [[15339, 1917], [0]], model=model) == [2, 1]
    assert count_inputs("embed", [], model=model) == []
    found = estimate("embed", ["hello world"] * 1000, model=model)
    assert found.output_tokens == (0, 0)
    assert found.usd == (Decimal("0.00004"), Decimal("0.00004"))


def test_rerank_counts_the_query_and_the_documents() -> None:
    documents = ["hello world", {"text": "hello"}, {"title": "hello"}]
    found = estimate("rerank", "hello", model="local/rerank", documents=documents)
    expected = 1 + 2 + 1 + tokens.count('{"title": "hello"}')
    assert found.input_tokens == expected
    fixed = estimate("rerank", "hello", model="search", documents=documents, catalog=SMALL)
    assert fixed.quota == (1000, 1000)


def test_an_unknown_price_is_said_and_never_zero() -> None:
    with pytest.warns(UnknownPriceWarning, match="'gpt-4O'; near: gpt-4o"):
        found = estimate("chat", "Hello", model="gpt-4O")
    assert found.quota is found.usd is found.price is None
    assert "unknown: no price for this model" in str(found)
    assert "$" not in str(found)


def test_a_free_model_costs_nothing_and_warns_of_nothing() -> None:
    free = Catalog({}).with_overrides({"free": Price.per_million(0)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert estimate("chat", "Hello", model="free", catalog=free).quota == (0, 0)


def test_it_says_all_in_one_line() -> None:
    text = str(estimate("chat", "Hello", model="m", max_tokens=92, catalog=SMALL))
    assert text == (
        "chat m; in about 8 tokens; out 0 to 92 tokens; "
        "cost $0.000016 to $0.000752 (8 to 376 quota); price list; "
        "assuming at most max_tokens = 92"
    )
    exact = str(estimate("embed", ["hello world"], model="local/embed"))
    assert "in 2 tokens; cost $0.000002 (1 quota); price nexhina_nb teaching price" in exact
    assert "out" not in exact


def test_consoles_show_that_line_too() -> None:
    found = estimate("chat", "Hello", model="m", catalog=SMALL)
    assert repr(found) == str(found)
    assert repr([found]) == f"[{found}]"


def test_a_text_that_does_not_fit_is_noted() -> None:
    found = estimate("embed", ["word " * 120, "short"], model="m", catalog=SMALL)
    assert found.notes == ("1 of 2 texts are longer than the model's 100 tokens",)
    assert estimate("chat", "Hello", model="m", catalog=SMALL).notes == ()


def test_html_is_a_table_that_escapes_what_it_shows() -> None:
    shady = Catalog({}).with_overrides({"<b>": Price.per_million(1, source="<script>")})
    shown = estimate("chat", "Hello", model="<b>", catalog=shady)._repr_html_()
    assert shown.startswith("<table>")
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_another_verb_is_refused() -> None:
    with pytest.raises(BadInput, match="known: chat, respond, embed"):
        estimate("sing", "la", model="m", catalog=SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_of_a_frame_counts_like_a_list(library: str) -> None:
    texts = ["one text", "another"]
    column = importlib.import_module(library).Series(texts)
    assert estimate("embed", column, model="m", catalog=SMALL) == estimate(
        "embed", texts, model="m", catalog=SMALL
    )
    ranked = estimate("rerank", "q", documents=column, model="m", catalog=SMALL)
    assert ranked == estimate("rerank", "q", documents=texts, model="m", catalog=SMALL)


def test_generators_are_counted_too() -> None:
    assert count_inputs("embed", (text for text in ("a", "b")), model="m") == [1, 1]


LARGE = {"size": "1024x1792", "quality": "hd"}


@pytest.mark.parametrize(
    ("verb", "inputs", "options", "expected", "amount"),
    [
        ("image", "a cat", {"model": "dall-e-3"} | LARGE, 60_000, "1 image"),
        ("image", "a cat", {"model": "dall-e-3", "n": 3}, 60_000, "3 images"),
        ("image", "a cat", {"model": "local/image", "n": 2}, 2_000, "2 images"),
        ("speak", "a" * 1000, {"model": "tts-1"}, 7_500, "1,000 characters"),
        ("transcribe", "", {"model": "whisper-1", "seconds": 90}, 4_500, "90 s"),
        ("video", "waves", {"model": "sora-2", "seconds": 8}, 400_000, "8 s"),
        ("video", "waves", {"model": "sora-2"}, 200_000, "4 s"),
    ],
)  # fmt: skip
def test_what_is_priced_by_the_piece(
    verb: Any, inputs: str, options: dict[str, Any], expected: int, amount: str
) -> None:
    made = estimate(verb, inputs, **options)
    assert made.quota == (expected, expected)
    assert made.amount == amount
    assert amount in str(made)
    assert "tokens" not in str(made)


def test_a_recording_of_unknown_length_has_no_price() -> None:
    made = estimate("transcribe", "", model="whisper-1")
    assert made.quota is None
    assert "no length of the recording" in str(made)


def test_moderation_counts_all_texts_and_a_response_is_like_a_chat() -> None:
    both = estimate("moderate", ["one two", "three"], model="local/moderate")
    assert both.input_tokens == 3
    chat = estimate("chat", "hello", model="local/chat")
    assert estimate("respond", "hello", model="local/chat").quota == chat.quota


PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}


def test_pictures_and_sounds_have_prices_of_their_own() -> None:
    price = Price.per_million(2, 8, image=20)
    catalog = Catalog({}).with_overrides({"local/chat": price})
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hi"}, PICTURE]}]
    found = estimate("chat", iter(messages), model="local/chat", max_tokens=3, catalog=catalog)
    used = Tokens(found.input_tokens, 3, image_in=520)
    assert found.quota is not None
    assert found.quota[1] == quota(price, used) > quota(price, Tokens(found.input_tokens, 3))
    loud = Price.per_million(2, 8, audio=40)
    messages[0]["content"] = [SOUND]
    catalog = Catalog({}).with_overrides({"local/chat": loud})
    found = estimate("chat", messages, model="local/chat", max_tokens=3, catalog=catalog)
    assert found.quota is not None
    assert found.quota[1] == quota(loud, Tokens(found.input_tokens, 3, audio_in=256))


def test_parts_that_are_moderated_together() -> None:
    parts = [{"type": "text", "text": "one"}, PICTURE, {"type": "text", "text": "two"}]
    expected = tokens.count("one\ntwo") + 520
    assert count_inputs("moderate", parts, model="local/moderate") == [expected]


def test_the_catalogs_ratio_is_the_default() -> None:
    group = dataclasses.replace(SMALL, ratios={"m": Decimal("0.3")})
    options: dict[str, Any] = {"model": "m", "max_tokens": 10}
    cheaper = estimate("chat", "Hello", catalog=group, **options)
    assert cheaper == estimate(
        "chat", "Hello", catalog=SMALL, group_ratio=Decimal("0.3"), **options
    )
    assert cheaper != estimate("chat", "Hello", catalog=group, group_ratio=1, **options)


def test_pictures_that_are_counted_in_tokens_cost_their_text_at_least() -> None:
    price = Price.per_million(5, 40)
    catalog = Catalog({}).with_overrides({"gpt-image-1": price})
    found = estimate("image", "a cat on a mat", model="gpt-image-1", n=4, catalog=catalog)
    assert found.quota == (quota(price, Tokens(tokens.count("a cat on a mat"))),) * 2
    assert "tokens of its answer" in found.floor
    assert f"note a floor: {found.floor}" in str(found)


def test_some_voices_count_tokens() -> None:
    price = Price.per_million("0.6", 12)
    catalog = Catalog({}).with_overrides({"gpt-4o-mini-tts": price, "tts": price})
    text = "hello world, how are you?"
    found = estimate("speak", text, model="gpt-4o-mini-tts", catalog=catalog)
    assert found.input_tokens == tokens.count(text, "o200k_base")
    assert found.amount == f"{found.input_tokens} tokens"
    assert estimate("speak", text, model="tts", catalog=catalog).input_tokens == len(text)


@given(
    st.integers(0, 3000), st.integers(1, 5), st.integers(0, 500), st.integers(0, 500),
    st.sampled_from([1, Decimal("0.837"), 0]),
)  # fmt: skip
def test_a_usual_answer_costs_what_the_formula_says(
    most: int, n: int, one: int, other: int, group: Decimal
) -> None:
    usual = Usual(min(one, other), max(one, other), 20)
    found = estimate("chat", "hi", model="gpt-4o", max_tokens=most, n=n, group_ratio=group)
    narrow, price = found.narrowed(usual), found.price
    assert price is not None
    assert narrow.quota is not None
    assert narrow.output_tokens == (min(usual.least, most) * n, min(usual.most, most) * n)
    for end in (0, 1):
        used = Tokens(found.input_tokens, narrow.output_tokens[end])
        # Of a whole batch only the sum is known, so that a rounding may be in it.
        assert abs(quota(price, used, group) - narrow.quota[end]) <= 1
    assert found.narrowed(None) is found


def test_what_has_no_answer_has_no_usual_one() -> None:
    embedded = estimate("embed", "hi", model="gpt-4o")
    assert embedded.narrowed(Usual(5, 9, 20)) is embedded
    with pytest.warns(UnknownPriceWarning):
        unknown = estimate("chat", "hi", model="nobody")
    assert unknown.narrowed(Usual(5, 9, 20)).quota is None


def test_a_limit_that_is_guessed_makes_a_floor() -> None:
    guessed = estimate("chat", "Hello", model="bare", catalog=SMALL)
    assert guessed.floor == "how long the answer may get is not known"
    assert guessed.remarks == (f"a floor: {guessed.floor}",)
    limited = estimate("chat", "Hello", model="bare", max_tokens=9, catalog=SMALL)
    assert not limited.floor
    assert limited.remarks == ()
    # Answers as long as they usually are may be longer than what is guessed.
    usual = guessed.narrowed(Usual(10, 9_000, 30))
    assert usual.output_tokens == (10, 9_000)
    assert (usual.assumption, usual.floor) == (str(Usual(10, 9_000, 30)), "")
    assert usual.quota == (8 + 40, 8 + 36_000)


def test_an_answer_cannot_be_shorter_than_nothing() -> None:
    with pytest.raises(BadInput, match="max_tokens cannot be -1"):
        estimate("chat", "Hello", model="m", max_tokens=-1, catalog=SMALL)


@pytest.mark.parametrize("verb", ["transcribe", "translate"])
@pytest.mark.parametrize(
    ("price", "is_floor"),
    [
        (Price.per_million(2, 8), True),
        (Price.per_million(2), False),
        (Price.per_million(2, 8, unit="second"), False),
        (Price.per_call_usd("0.01"), False),
    ],
)
def test_words_that_are_counted_are_known_afterwards(
    verb: Any, price: Price, is_floor: bool
) -> None:
    catalog = Catalog({}).with_overrides({"ear": price})
    found = estimate(verb, "", model="ear", seconds=3, catalog=catalog)
    assert bool(found.floor) is is_floor
