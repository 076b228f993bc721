"""The same batch through bad networks: every row is right, none is missing, and no answered text is
asked for again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.client import Client
from tests.batch.upstream import Faults, Upstream, error, vector

TEXTS = [f"text {number}" for number in range(400)]
FRAME = pd.DataFrame({"text": TEXTS})
SMALL = {"batch_size": 10, "progress": False}


def check(made: pd.DataFrame) -> None:
    """Every vector is the right one, and there is no error."""
    assert list(made.columns) == ["text", "embedding"]
    assert np.array_equal(nx.matrix(made["embedding"]), np.stack([vector(text) for text in TEXTS]))


PROFILES = {
    "mild": Faults(busy=0.05, broken=0.03),
    "hard": Faults(busy=0.25, broken=0.05, dropped=0.02, junk=0.03, retry_after="0.01"),
    "limited": Faults(per_second=400, retry_after="0.01"),
    "capped": Faults(most=6, latency=0.005, retry_after="0.01"),
    "float only": Faults(knows_base64=False),
}


@pytest.mark.parametrize("profile", PROFILES)
def test_all_rows_come_through(upstream: Upstream, client: Client, profile: str) -> None:
    upstream.faults = PROFILES[profile]
    check(nx.embed(FRAME, "text", client=client, **SMALL))
    assert set(upstream.answered.values()) == {1}


def test_one_bad_text_does_not_sink_the_others(upstream: Upstream, client: Client) -> None:
    bad = {"text 3", "text 4", "text 399"}
    upstream.faults = Faults(refusal=lambda text: text in bad)
    made = nx.embed(FRAME, "text", client=client, progress=False)
    rows = [3, 4, 399]
    assert list(np.flatnonzero(made["embedding_error"].notna())) == rows
    assert made["embedding_error"][3] == "invalid_value: one of the inputs is not welcome"
    assert made["embedding"][rows].isna().all()
    good = made.drop(rows)
    expected = np.stack([vector(text) for text in good["text"]])
    assert np.array_equal(nx.matrix(good["embedding"]), expected)
    assert upstream.answered.keys() == set(good["text"])
    again = nx.embed(FRAME, "text", client=client, progress=False)
    pd.testing.assert_frame_equal(made, again)
    assert set(upstream.answered.values()) == {1}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_api_key", errors.Authentication),
        (403, "insufficient_user_quota", errors.QuotaExceeded),
        (404, "model_not_found", errors.ModelNotFound),
    ],
)
def test_what_concerns_all_rows_stops_at_once(
    upstream: Upstream, client: Client, status: int, code: str, kind: type[errors.APIError]
) -> None:
    upstream.faults = Faults(
        answer=lambda body: (status, {}, error(code, "no")) if body.get("input") else None
    )
    with pytest.raises(kind) as caught:
        nx.embed(FRAME, "text", client=client, model="embeder", **SMALL)
    assert caught.value.hint
    assert upstream.requests < 30
    if kind is errors.ModelNotFound:
        assert "embedder" in caught.value.hint


def test_what_was_answered_before_is_kept(upstream: Upstream, client: Client) -> None:
    def no_money(body: dict[str, object]) -> tuple[int, dict[str, str], bytes] | None:
        if body.get("input") and len(upstream.answered) >= 200:
            return 403, {}, error("insufficient_user_quota", "no")
        return None

    upstream.faults = Faults(answer=no_money)
    with pytest.raises(errors.QuotaExceeded):
        nx.embed(FRAME, "text", client=client, **SMALL)
    known = set(upstream.read)
    assert len(known) > 100
    upstream.faults = Faults()
    check(nx.embed(FRAME, "text", client=client, **SMALL))
    assert {text for text in known if upstream.sent[text] > 1} == set()


def test_nobody_there_is_said_soon(client: Client) -> None:
    with (
        Client("http://127.0.0.1:9/v1", "sk-test", max_retries=0) as nobody,
        pytest.raises(errors.ConnectionFailed, match="cannot reach"),
    ):
        nx.embed(FRAME, "text", client=nobody, **SMALL)


def test_a_server_that_only_fails_is_an_error(upstream: Upstream) -> None:
    upstream.faults = Faults(broken=1.0)
    with (
        Client(upstream.base_url, "sk-test", max_retries=1) as client,
        pytest.raises(errors.InternalError, match="it broke"),
    ):
        nx.embed(FRAME, "text", client=client, **SMALL)


def test_rows_refused_alike_are_not_tried_one_by_one_for_ever(
    upstream: Upstream, client: Client
) -> None:
    upstream.faults = Faults(refusal=lambda text: True)
    with pytest.raises(errors.BadRequest, match="not welcome"):
        nx.embed(FRAME, "text", client=client, **SMALL)
    assert upstream.requests < 200


@pytest.mark.parametrize("code", ["content_filter", "sensitive_words_detected"])
def test_rows_refused_for_their_content_may_come_first(
    upstream: Upstream, client: Client, code: str
) -> None:
    def filters(body: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes] | None:
        is_bad = int(body["input"][0].split()[1]) < 399
        return (400, {}, error(code, "not that")) if is_bad else None

    upstream.faults = Faults(answer=filters)
    made = nx.embed(FRAME, "text", client=client, batch_size=1, progress=False)
    assert list(made["embedding_error"][:399]) == [f"{code}: not that"] * 399
    assert np.array_equal(made["embedding"][399], vector("text 399"))


@pytest.mark.parametrize("good", [range(300, 400), range(120, 160), range(390, 400)])
@pytest.mark.parametrize("size", [1, 10])
def test_rows_refused_alike_may_come_first(
    upstream: Upstream, client: Client, good: range, size: int
) -> None:
    upstream.faults = Faults(refusal=lambda text: int(text.split()[1]) not in good)
    made = nx.embed(FRAME, "text", client=client, batch_size=size, progress=False)
    assert list(np.flatnonzero(made["embedding_error"].isna())) == [*good]


def test_refusals_that_differ_in_figures_are_alike(upstream: Upstream, client: Client) -> None:
    def counts(body: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes] | None:
        if "input" not in body:
            return None
        number = body["input"][0].split()[1]
        return 400, {}, error("invalid_value", f"{number} tokens are asked for")

    upstream.faults = Faults(answer=counts)
    with pytest.raises(errors.BadRequest, match="tokens are asked for"):
        nx.embed(FRAME, "text", client=client, batch_size=1, progress=False)
    assert upstream.requests < 80


def test_a_wait_that_nobody_wants_ends_the_batch(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(busy=1.0, retry_after="3600")
    with pytest.raises(errors.RateLimited, match="come back in 60 min"):
        nx.embed(FRAME, "text", client=client, **SMALL)
    assert upstream.requests < 20


def test_all_others_are_answered_before_a_long_wait_ends_the_batch(
    upstream: Upstream, client: Client
) -> None:
    def busy_for_one(body: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes] | None:
        is_one = "text 205" in body.get("input", [])
        return (429, {"Retry-After": "90"}, error("", "slow")) if is_one else None

    upstream.faults = Faults(answer=busy_for_one, latency=0.01)
    with pytest.raises(errors.RateLimited, match="come back in 90 s") as caught:
        nx.embed(FRAME, "text", client=client, **SMALL)
    assert caught.value.partial["embedding_error"].notna().sum() == 10
    assert upstream.sent["text 205"] == 1


def test_a_parameter_that_is_refused_concerns_all_rows(upstream: Upstream, client: Client) -> None:
    body = b'{"error": {"message": "no such length", "param": "dimensions", "code": "invalid"}}'
    upstream.faults = Faults(answer=lambda asked: (400, {}, body) if asked.get("input") else None)
    with pytest.raises(errors.BadRequest, match="no such length"):
        nx.embed(FRAME, "text", client=client, dimensions=7, **SMALL)
    assert upstream.requests <= 8
