"""Counts are exact: fixed ids that OpenAI's own tools give, and what must hold for every text.

The packed vocabularies were compared with stock tiktoken on 50,000 texts (10.8 million characters:
code, catalogs of translations, random Unicode, edge cases) when they were made; not one id
differed.
"""

from __future__ import annotations

import importlib.util
import threading

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadInput, NexhinaError
from nexhina_nb.pricing import tokens, vocabulary

KNOWN = [
    ("cl100k_base", "hello world", [15339, 1917]),
    ("cl100k_base", "tiktoken is great!", [83, 1609, 5963, 374, 2294, 0]),
    ("cl100k_base", "2 + 2 = 4", [17, 489, 220, 17, 284, 220, 19]),
    (
        "cl100k_base",
        "お誕生日おめでとう",
        [33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699],
    ),
    ("o200k_base", "hello world", [24912, 2375]),
    ("o200k_base", "antidisestablishmentarianism", [493, 129901, 376, 160388, 21203, 2367]),
    ("o200k_base", "お誕生日おめでとう", [8930, 9697, 243, 128225, 8930, 17693, 4344, 48669]),
]


@pytest.mark.parametrize(("encoding", "text", "ids"), KNOWN)
def test_known_ids(encoding: str, text: str, ids: list[int]) -> None:
    assert tokens.encode(text, encoding) == ids
    assert tokens.decode(ids, encoding) == text
    assert tokens.count(text, encoding) == len(ids)


@pytest.mark.parametrize("encoding", vocabulary.NAMES)
@given(text=st.text())
def test_decoding_undoes_encoding(encoding: str, text: str) -> None:
    ids = tokens.encode(text, encoding)
    assert tokens.decode(ids, encoding) == text
    assert b"".join(tokens.decode_bytes(id, encoding) for id in ids) == text.encode()


@pytest.mark.parametrize("encoding", vocabulary.NAMES)
@pytest.mark.parametrize("special", ["<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>"])
def test_the_text_of_a_special_token_is_text(encoding: str, special: str) -> None:
    assert tokens.count(special, encoding) > 1
    assert tokens.decode(tokens.encode(special, encoding), encoding) == special


def test_special_tokens_have_their_numbers_all_the_same() -> None:
    assert tokens.decode([100257]) == "<|endoftext|>"
    assert tokens.decode([199999], "o200k_base") == "<|endoftext|>"


@given(st.lists(st.text(max_size=40), max_size=20))
def test_a_column_counts_like_its_texts(texts: list[str]) -> None:
    assert tokens.count_many(texts) == [tokens.count(text) for text in texts]


HARD = [
    "",
    " " * 900,
    "\n" * 99,
    "a" * 5000,
    "<|endoftext|>",
    "<|im_start|>",
    "\ud800 half",
    "é",
    "🧑‍🚀",
]


def test_hard_texts_count_alike_one_by_one_and_as_a_column() -> None:
    for encoding in vocabulary.NAMES:
        assert tokens.count_many(HARD, encoding) == [tokens.count(text, encoding) for text in HARD]


@pytest.mark.skipif(
    importlib.util.find_spec("splintr") is None, reason="splintr is not installed: extra 'local'"
)
@given(st.text())
def test_splintr_gives_the_same_ids(text: str) -> None:
    for encoding in vocabulary.NAMES:
        fast = vocabulary.load_fast(encoding)
        assert fast is not None
        assert fast.encode_ordinary(text) == tokens.encode(text, encoding)


class Strict:
    """Refuses what is no UTF-8, as splintr does."""

    def encode_ordinary(self, text: str) -> list[int]:
        text.encode()
        return tokens.encode(text)


def test_a_text_that_the_fast_tokenizer_refuses_is_counted_by_the_other() -> None:
    for text in HARD:
        assert tokens._count_fast(Strict(), text, "cl100k_base") == tokens.count(text)


def test_threads_that_come_first_together_share_one_encoding() -> None:
    vocabulary._build.cache_clear()
    barrier, seen = threading.Barrier(6), []

    def work() -> None:
        barrier.wait()
        seen.append(vocabulary.load("cl100k_base"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 6
    assert len(set(map(id, seen))) == 1


def test_a_damaged_vocabulary_is_not_used() -> None:
    with pytest.raises(NexhinaError, match="damaged"):
        vocabulary._read("cl100k_base", "0" * 64)


def test_an_unknown_encoding_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="cl100k_base, o200k_base"):
        tokens.count("x", "p50k_base")


@pytest.mark.parametrize(
    ("model", "encoding", "exact"),
    [
        ("gpt-4o", "o200k_base", True),
        ("gpt-4.1-nano", "o200k_base", True),
        ("gpt-5.2", "o200k_base", True),
        ("gpt-oss-120b", "o200k_base", True),
        ("openai/gpt-4o-mini", "o200k_base", True),
        ("ft:gpt-4o-2024-08-06:me::1", "o200k_base", True),
        ("o1", "o200k_base", True),
        ("o4-mini", "o200k_base", True),
        ("chatgpt-4o-latest", "o200k_base", True),
        ("gpt-4", "cl100k_base", True),
        ("gpt-4-turbo", "cl100k_base", True),
        ("gpt-3.5-turbo", "cl100k_base", True),
        ("text-embedding-3-small", "cl100k_base", True),
        ("local/chat", "cl100k_base", True),
        ("claude-sonnet-4-5", "cl100k_base", False),
        ("olmo-2", "cl100k_base", False),
        ("mistral-large-latest", "cl100k_base", False),
    ],
)
def test_whose_encoding(model: str, encoding: str, exact: bool) -> None:
    assert tokens.encoding_for(model) == encoding
    assert tokens.is_exact(model) is exact


# --- messages ----------------------------------------------------------------------------------


def of(*texts: str) -> int:
    return sum(map(tokens.count, texts))


def test_a_message_costs_three_and_the_end_three() -> None:
    # what OpenAI's API itself reports for this prompt
    assert tokens.count_messages([{"role": "user", "content": "Hello"}], "gpt-4") == 8
    assert tokens.count_messages([], "gpt-4") == 3


def test_names_tool_calls_and_parts_count() -> None:
    messages = [
        {"role": "user", "name": "ada", "content": [{"type": "text", "text": "What time is it?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "function": {"name": "clock", "arguments": '{"z":"UTC"}'}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "noon"},
    ]
    text = of(
        "user", "ada", "What time is it?", "assistant", "clock", '{"z":"UTC"}', "tool", "noon"
    )
    assert tokens.count_messages(messages, "gpt-4") == text + 3 * 3 + 3 + 3


def test_a_tool_costs_eight_and_its_texts() -> None:
    parameters = {"type": "object", "properties": {"z": {"type": "string"}}}
    tool = {
        "type": "function",
        "function": {"name": "clock", "description": "Time", "parameters": parameters},
    }
    flat = {"type": "function", "name": "clock", "description": "Time", "parameters": parameters}
    schema = '{"type":"object","properties":{"z":{"type":"string"}}}'
    for form in (tool, flat):
        assert tokens.count_messages([], "gpt-4", [form]) == 3 + 8 + of("clock", "Time", schema)


def test_images_and_sounds_count() -> None:
    image = {
        "type": "image_url",
        "image_url": {"url": "https://example.org/x.png", "detail": "low"},
    }
    sound = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    message = {"role": "user", "content": [image, sound]}
    assert tokens.count_messages([message], "gpt-4o") == 3 + 1 + 85 + 256 + 3


parts = st.none() | st.dictionaries(
    st.sampled_from(["type", "text", "image_url", "function"]), st.none() | st.text(max_size=5)
)
fields = st.none() | st.text(max_size=9) | st.lists(parts, max_size=2)
names = st.sampled_from(["role", "name", "content", "tool_calls"])
messages = st.lists(st.dictionaries(names, fields), max_size=3)


@given(messages)
def test_odd_messages_do_not_break_the_count(messages: list[dict[str, object]]) -> None:
    assert tokens.count_messages(messages, "gpt-4o") >= 3 + 3 * len(messages)
