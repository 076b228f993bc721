"""Captures: only of keys that ask for it, redacted, bounded."""

from __future__ import annotations

import time

import httpx2
import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Connection

from nexhina_nb.gateway.redaction import MOST_BYTES, as_kept, redacted, redacted_text
from nexhina_nb.store.captures import Capture, add_capture, find_capture, prune_captures
from nexhina_nb.store.tables import captures, logs
from tests.conftest import RunningGateway

CANARY = "quetzalcoatlus"


def ask(gateway: RunningGateway, key: str, text: str, **more: object) -> httpx2.Response:
    body = {"model": "local/chat", "messages": [{"role": "user", "content": text}], **more}
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.post(f"{gateway.base_url}/chat/completions", headers=headers, json=body)


def kept(gateway: RunningGateway, request_id: str) -> dict[str, object] | None:
    for _ in range(200):
        with gateway.store.reading() as connection:
            if (found := find_capture(connection, request_id)) is not None:
                return dict(found)
        time.sleep(0.01)
    return None


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_kept_redacted_where_the_key_asks_for_it(
    shared_gateway: RunningGateway, stream: bool
) -> None:
    key = shared_gateway.new_key(capture=True)
    reply = ask(shared_gateway, key, f"{CANARY} ada@example.org", stream=stream, max_tokens=9)
    row = kept(shared_gateway, reply.headers["x-oneapi-request-id"])
    assert row is not None
    assert row["answer"]
    assert CANARY in str(row["request"])
    assert "ada@example.org" not in str(row["request"])


def test_nothing_is_kept_of_a_key_that_does_not_ask_for_it(gateway: RunningGateway) -> None:
    assert ask(gateway, gateway.new_key(), CANARY, max_tokens=5).status_code == 200
    other = ask(gateway, gateway.new_key(capture=True), "hello", max_tokens=5)
    assert kept(gateway, other.headers["x-oneapi-request-id"])
    with gateway.store.reading() as connection:
        rows = [*connection.execute(captures.select()), *connection.execute(logs.select())]
    assert rows
    assert CANARY not in str(rows)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdefgh12345678", "Bearer abcdefgh.ijkl", "ada@example.org", "+49 30 1234567",
        "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "555-123-4567",
        "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_what_has_the_form_of_a_secret_goes(secret: str) -> None:
    text = redacted_text(f"see {secret} there")
    assert secret not in text
    assert text.startswith("see ")
    assert text.endswith(" there")


def test_what_is_none_stays_and_pictures_become_their_length() -> None:
    text = "4111 1111 1111 1112 was 1,234,567 in 2024"
    assert redacted_text(text) == text
    assert redacted({"sk-abcdefgh1234": "data:image/png;base64,QUJD"}) == {
        "sk-abcdefgh1234": "data:image/png;base64,[4 characters]"
    }


@given(st.text(), st.integers(1, 50_000))
def test_what_is_kept_is_bounded(text: str, times: int) -> None:
    assert len(as_kept(text[:20] * times).encode()) <= MOST_BYTES


def test_old_captures_go_the_oldest_first(shared_gateway: RunningGateway) -> None:
    def add(connection: Connection, name: str, when: int) -> None:
        add_capture(connection, Capture(name, when, 1, 1, "m", "in", "out"))

    with shared_gateway.store.writing() as connection:
        for when in range(3):
            add(connection, f"old{when}", when)
        assert prune_captures(connection, 10, 2) == 2
        assert find_capture(connection, "old1") is None
        assert find_capture(connection, "old2") is not None
        assert prune_captures(connection, 10, 100) == 1


def test_redaction_takes_no_time_that_grows_with_what_is_nearly_a_number() -> None:
    nearly = ("AB12" + "C" * 40 + " ") * 2000
    assert redacted_text(nearly) == nearly
    assert redacted_text("to DE89 3704 0044 0532 0130 00 today") == "to [IBAN] today"
