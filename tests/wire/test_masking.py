"""What is masked, what stays, and what must always hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, strategies as st

from nexhina_nb.wire.masking import masked

HEX = "0123456789abcdef" * 2

MASKED = {
    "Incorrect API key provided: sk-abcdefgh12345678.": "Incorrect API key provided: ***.",
    "key=(sk-proj-abcdefgh_12345678)": "key=(***)",
    "Authorization: Bearer abc123def": "Authorization: Bearer ***",
    "authorization: basic dXNlcjpwYXNzd29yZDE=": "authorization: basic ***",
    "GET /v1?api_key=abcdefgh&x=1": "GET /v1?api_key=***&x=1",
    '{"my_api_key": "abcd1234"}': '{"my_api_key": "***"}',
    '{"told": "{\\"x-api-key\\": \\"abcd1234\\"}"}': '{"told": "{\\"x-api-key\\": \\"***\\"}"}',
    f"hash {HEX}": "hash ***",
    f"{HEX}api_key: abcdefgh": "***",
    f'"\\n{HEX}"': '"\\n***"',
    "aGVsbG8gd29ybGQ/aGVsbG8gd29ybGQgMTIzNDU2Nzg5MA==": "***",
    "connect to 10.1.2.3:8000": "connect to ***:8000",
    "connect to 127.0.0.1.": "connect to ***.",
    "connect to [fd00::12]:80": "connect to [***]:80",
}


@pytest.mark.parametrize("text", MASKED)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert masked(text) == MASKED[text]


@pytest.mark.parametrize(
    "text",
    [
        "You can find your key at https://platform.openai.com/account/api-keys.",
        "see https://docs.anthropic.com/en/api/errors-2024-and-what-to-do-about-them",
        "The model `accounts/fireworks/models/llama-v3p1-405b-instruct` does not exist",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 is not served here",
        "request 1b4e28ba-2fa1-11d2-883f-0016d3cca427 failed at 12:30:45, 2026-11-23",
        "Bearer authentication is needed; api_key: incorrect",
        "connected to 8.8.8.8 and 2606:4700::1111",
        '{"n": 1234567890123456789012345678901234567890e12, "api_key": 123456789}',
        f"no luck (request id: {HEX})",
        "task-force-of-the-risk-department",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert masked(text) == text


def test_given_secrets_are_masked_wherever_they_stand() -> None:
    secrets = ("own-key-9", "http://Up.Example:81/v1", "up.example")
    text = "xown-key-9y to http://up.example:81/v1, http:\\/\\/up.example:81\\/v1, UP.EXAMPLE"
    assert masked(text, secrets) == "x***y to ***, ***, ***"
    assert masked("as it is", ("", "as")) == "as it is"


_words = st.text(st.sampled_from('abAF019sk-_:./=+*\\" {}n,'), max_size=60)
_tellings = st.lists(
    st.sampled_from(["sk-abcd1234", "Bearer ", "api_key", "=", ":", '"', HEX, "10.0.0.1", "::1"])
    | _words
).map("".join)
_secrets = st.lists(st.text(st.sampled_from("abAF019-_:./"), min_size=4, max_size=9), max_size=3)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _tellings | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_tellings, inner, max_size=3),
    max_leaves=8,
)


@given(_tellings, _secrets)
@example("::1" + HEX, [])
@example("10.0.0.1.5" + HEX, [])
def test_twice_is_once(text: str, secrets: list[str]) -> None:
    once = masked(text, secrets)
    assert masked(once, secrets) == once


@given(_tellings, _secrets)
def test_no_secret_is_left(text: str, secrets: list[str]) -> None:
    told = masked(text + "".join(secrets), secrets).lower()
    assert not any(secret.lower() in told for secret in secrets)


@given(_json, st.booleans())
def test_json_stays_json(value: object, is_ascii: bool) -> None:
    json.loads(masked(json.dumps(value, ensure_ascii=is_ascii)))


@pytest.mark.parametrize("piece", ["a", "1", "sk-", "a:", "1.", "api_key", "\\", "bearer ", "="])
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    assert len(masked(text)) <= len(text)  # a quadratic one would take hours
