from __future__ import annotations

import pytest

from nexhina_nb import errors
from nexhina_nb.client.exchange import Request, Sleep, exchange, once, read_error, read_json
from nexhina_nb.client.target import Target
from nexhina_nb.retry import Policy
from nexhina_nb.secret import Secret
from tests.client.flows import TARGET, answer, drive, fault, lost, session

CHAT = Request("POST", "/chat/completions", b"{}")
EMBED = Request("POST", "/embeddings", b"{}", repeatable=True)


def sleeps(steps: list[Request | Sleep]) -> list[float]:
    return [step.seconds for step in steps if isinstance(step, Sleep)]


def test_addresses() -> None:
    (_, steps) = drive(exchange(session(), CHAT), answer({}))
    assert isinstance(steps[0], Request)
    assert steps[0].url == "http://gateway.example/v1/chat/completions"
    (_, steps) = drive(exchange(session(), Request("GET", "/api/log/token")), answer({}))
    assert isinstance(steps[0], Request)
    assert steps[0].url == "http://gateway.example/api/log/token"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_passing_errors_are_tried_again(status: int) -> None:
    response, steps = drive(exchange(session(), CHAT), fault(status), answer({}))
    assert response.status == 200
    (pause,) = sleeps(steps)
    assert 0.25 <= pause <= 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 501])
def test_lasting_errors_are_not(status: int) -> None:
    with pytest.raises(errors.APIError) as caught:
        drive(exchange(session(), CHAT), fault(status))
    assert caught.value.status_code == status


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "insufficient_quota", errors.QuotaExceeded),
        (500, "invalid_type", errors.BadRequest),
        (503, "model_not_found", errors.ModelNotFound),
    ],
)
def test_the_type_says_more_than_the_status(status: int, code: str, kind: type) -> None:
    with pytest.raises(kind):
        drive(exchange(session(), CHAT), fault(status, code))


def test_the_last_error_is_raised() -> None:
    with pytest.raises(errors.InternalError, match="third"):
        drive(exchange(session(), CHAT), fault(500), fault(502), fault(500, message="third"))


def test_retry_after_is_kept_to_the_letter() -> None:
    _, steps = drive(exchange(session(), CHAT), fault(429, retry_after="7"), answer({}))
    assert sleeps(steps) == [7.0]
    with pytest.raises(errors.RateLimited) as caught:
        drive(exchange(session(), CHAT), fault(429, retry_after="3600"))
    assert caught.value.retry_after == 3600


def test_no_retries_if_none_are_wanted() -> None:
    with pytest.raises(errors.ServiceUnavailable):
        drive(exchange(session(policy=Policy(max_retries=0)), CHAT), fault(503))


def test_what_was_never_sent_is_sent_again() -> None:
    response, steps = drive(exchange(session(), CHAT), lost(sent=False), answer({}))
    assert response.status == 200
    assert len(sleeps(steps)) == 1


def test_a_chat_that_may_have_been_answered_is_not_asked_twice() -> None:
    with pytest.raises(errors.ConnectionFailed):
        drive(exchange(session(), CHAT), lost(sent=True))
    assert drive(exchange(session(), EMBED), lost(sent=True), answer({}))[0].status == 200


def test_a_slow_answer_is_not_asked_for_again() -> None:
    slow = lost(sent=True)
    late = type(slow)(errors.TimedOut("late"), sent=True)
    with pytest.raises(errors.TimedOut):
        drive(exchange(session(), EMBED), late)


def test_a_gateway_that_moved_is_followed_once() -> None:
    old = Target("http://127.0.0.1:1/v1", Secret("sk-old"), discovered=True)
    new = Target("http://127.0.0.1:2/v1", Secret("sk-new"), discovered=True)
    state = session(target=old, relocate=lambda: new)
    _, steps = drive(exchange(state, CHAT), lost(sent=True), answer({}))
    assert [step.target for step in steps if isinstance(step, Request)] == [old, new]
    assert state.target == new
    with pytest.raises(errors.ConnectionFailed):  # it did not move again
        drive(exchange(state, CHAT), lost(sent=True))


def test_a_gateway_that_restarted_with_another_key_is_asked_again() -> None:
    old = Target("http://127.0.0.1:1/v1", Secret("sk-old"), discovered=True)
    new = Target("http://127.0.0.1:1/v1", Secret("sk-new"), discovered=True)
    state = session(target=old, relocate=lambda: new)
    _, steps = drive(exchange(state, CHAT), fault(401, "invalid_api_key"), answer({}))
    assert [step.target for step in steps if isinstance(step, Request)] == [old, new]
    with pytest.raises(errors.Authentication):
        drive(exchange(state, CHAT), fault(401, "invalid_api_key"))


def test_a_half_answer_is_not_followed() -> None:
    old = Target("http://127.0.0.1:1/v1", Secret("sk-old"), discovered=True)
    state = session(target=old, relocate=lambda: TARGET)
    with pytest.raises(errors.ConnectionFailed):
        drive(exchange(state, CHAT), lost(sent=True, answered=True))
    assert state.target == old


def test_an_address_that_was_given_does_not_move() -> None:
    state = session(relocate=lambda: Target("http://127.0.0.1:2/v1", Secret("")))
    with pytest.raises(errors.ConnectionFailed):
        drive(exchange(state, CHAT), lost(sent=True))


def test_once_never_raises() -> None:
    assert drive(once(session(), CHAT), fault(500))[0] is None
    assert drive(once(session(), CHAT), lost(sent=False))[0] is None
    assert drive(once(session(), CHAT), answer({}))[0] is not None


def test_redirects_are_an_error_that_names_the_place() -> None:
    with pytest.raises(errors.ConfigError, match="elsewhere"):
        drive(exchange(session(), CHAT), answer({}, 307, location="http://elsewhere/v1"))


def test_the_key_is_blotted_out_of_errors() -> None:
    error = read_error(TARGET, fault(401, "invalid_api_key", "Incorrect: sk-very-secret"))
    assert isinstance(error, errors.Authentication)
    assert "sk-very-secret" not in f"{error} {error.body!r}"
    assert "[the key]" in error.message


def test_request_ids_are_kept() -> None:
    error = read_error(TARGET, fault(500, x_oneapi_request_id="abc"))
    assert isinstance(error, errors.APIError)
    assert error.request_id == "abc"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b"\xff"])
def test_good_answers_that_make_no_sense(body: bytes) -> None:
    with pytest.raises(errors.Upstream, match="usually ends in /v1"):
        read_json(TARGET, answer(body))


def test_errors_with_status_200_are_errors() -> None:
    detail = {"message": "no such model", "type": "x", "param": "model", "code": "model_not_found"}
    with pytest.raises(errors.ModelNotFound, match="no such model"):
        read_json(TARGET, answer({"error": detail}))
    assert read_json(TARGET, answer({"error": None})) == {"error": None}
