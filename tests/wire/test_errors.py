"""One table between error types and bodies, read back from every form in which servers report."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from nexhina_nb import errors
from nexhina_nb.errors import APIError
from nexhina_nb.wire import ErrorBody
from nexhina_nb.wire.errors import from_body, to_body
from tests.wire.samples import JSON

INVALID, SERVER = "invalid_request_error", "server_error"

# Contract 3.2: error type, status, type, code. The codes marked * are given by whoever raises.
SERVED = [
    (errors.BadRequest, 400, INVALID, "invalid_json"),  # *
    (errors.BadRequest, 400, INVALID, "missing_required_parameter"),  # *
    (errors.BadRequest, 400, INVALID, "invalid_type"),  # *
    (errors.BadRequest, 400, INVALID, "invalid_value"),
    (errors.ContextLengthExceeded, 400, INVALID, "context_length_exceeded"),
    (errors.BadRequest, 400, INVALID, "model_price_error"),  # *
    (errors.BadRequest, 400, INVALID, "content_policy_violation"),  # *
    (errors.Authentication, 401, INVALID, "invalid_api_key"),
    (errors.PermissionDenied, 403, "permission_error", "user_disabled"),  # *
    (errors.PermissionDenied, 403, "permission_error", "access_denied"),
    (errors.PermissionDenied, 403, "permission_error", "model_not_allowed"),  # *
    (errors.PermissionDenied, 403, "permission_error", "group_not_allowed"),  # *
    (errors.QuotaExceeded, 403, "insufficient_quota", "insufficient_user_quota"),
    (errors.QuotaExceeded, 403, "insufficient_quota", "pre_consume_token_quota_failed"),  # *
    (errors.NotFound, 404, INVALID, "unknown_url"),  # *
    (errors.ModelNotFound, 404, INVALID, "model_not_found"),
    (errors.NotFound, 404, INVALID, "not_found"),
    (errors.MethodNotAllowed, 405, INVALID, "method_not_supported"),
    (errors.Conflict, 409, INVALID, "conflict"),
    (errors.TooLarge, 413, INVALID, "request_too_large"),
    (errors.UnsupportedMedia, 415, INVALID, "unsupported_media_type"),
    (errors.Unprocessable, 422, INVALID, "unprocessable"),
    (errors.RateLimited, 429, "rate_limit_error", "rate_limit_exceeded"),
    (errors.InternalError, 500, SERVER, "internal_error"),
    (errors.NotOffered, 501, INVALID, "api_not_implemented"),
    (errors.Upstream, 502, SERVER, "do_request_failed"),
    (errors.Upstream, 502, SERVER, "bad_response_body"),  # *
    (errors.ServiceUnavailable, 503, SERVER, "no_available_channel"),
    (errors.ServiceUnavailable, 503, SERVER, "system_cpu_overloaded"),  # *
    (errors.UpstreamTimeout, 504, SERVER, "upstream_timeout"),
]


@pytest.mark.parametrize(("kind", "status", "type_", "code"), SERVED)
def test_contract_3_2(kind: type[APIError], status: int, type_: str, code: str) -> None:
    error = kind("No.", param="p", code=None if code == kind.default_code else code)
    assert error.status_code == status
    body = to_body(error)
    assert body == {"error": {"message": "No.", "type": type_, "param": "p", "code": code}}
    assert ErrorBody.model_validate(body).error.code == code
    again = from_body(status, body, {})
    assert (type(again), again.status_code) == (kind, status)
    assert to_body(again) == body


def test_every_type_of_error_is_in_the_table() -> None:
    def below(kind: type[APIError]) -> set[type[APIError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    mine = {kind for kind in below(APIError) if kind.__module__.startswith(errors.__name__)}
    assert mine - {APIError} == {row[0] for row in SERVED}


def test_the_request_id_ends_the_message_once() -> None:
    error = errors.BadRequest("No.", request_id="r-1")
    body = to_body(error)
    assert body["error"]["message"] == "No. (request id: r-1)"
    again = from_body(400, body, {})
    assert (again.message, again.request_id) == ("No.", "r-1")
    assert to_body(again) == body


def test_nexhina_says_that_a_key_is_wrong() -> None:
    message = "Incorrect API key provided"
    body = {"error": {"message": message, "type": INVALID, "code": "invalid_api_key"}}
    error = from_body(401, body, {})
    assert isinstance(error, errors.Authentication)
    assert error.message == message
    assert error.hint
    assert to_body(error) == {"error": body["error"] | {"param": None}}


READ = [
    # status, body, type, message, code, param
    (
        "OpenAI",
        429,
        {
            "error": {
                "message": "Pay.",
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
        errors.QuotaExceeded,
        "Pay.",
        "insufficient_quota",
        None,
    ),
    (
        "New API relay",
        500,
        {
            "error": {
                "message": "field messages is required",
                "type": "new_api_error",
                "param": "",
                "code": "invalid_request",
            }
        },
        errors.InternalError,
        "field messages is required",
        "invalid_request",
        None,
    ),
    (
        "New API gate",
        401,
        {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}},
        errors.Authentication,
        "Invalid token",
        "invalid_api_key",
        None,
    ),
    (
        "New API model",
        503,
        {"error": {"message": "none", "type": "new_api_error", "code": "model_not_found"}},
        errors.ModelNotFound,
        "none",
        "model_not_found",
        None,
    ),
    (
        "New API retrieve",
        200,
        {
            "error": {
                "message": "no such model",
                "type": INVALID,
                "param": "model",
                "code": "model_not_found",
            }
        },
        errors.ModelNotFound,
        "no such model",
        "model_not_found",
        "model",
    ),
    (
        "New API upstream",
        500,
        {"error": {"message": "junk", "code": "bad_response_body"}},
        errors.Upstream,
        "junk",
        "bad_response_body",
        None,
    ),
    (
        "Anthropic",
        529,
        {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}},
        errors.ServiceUnavailable,
        "Busy",
        "no_available_channel",
        None,
    ),
    (
        "Anthropic stream",
        200,
        {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}},
        errors.RateLimited,
        "Slow down",
        "rate_limit_exceeded",
        None,
    ),
    (
        "Gemini",
        429,
        [{"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}],
        errors.RateLimited,
        "Quota",
        "RESOURCE_EXHAUSTED",
        None,
    ),
    (
        "task",
        400,
        {"code": "task_not_exist", "message": "gone", "data": None},
        errors.NotFound,
        "gone",
        "task_not_exist",
        None,
    ),
    (
        "Midjourney",
        400,
        {"description": "bad prompt", "type": "upstream_error", "code": 4},
        errors.BadRequest,
        "bad prompt",
        "invalid_value",
        None,
    ),
    (
        "admin",
        200,
        {"success": False, "message": "not yours"},
        errors.InternalError,
        "not yours",
        "internal_error",
        None,
    ),
    (
        "FastAPI",
        422,
        {"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "field required"}]},
        errors.Unprocessable,
        "field required",
        "unprocessable",
        "messages.0.role",
    ),
    (
        "FastAPI words",
        404,
        {"detail": "Not Found"},
        errors.NotFound,
        "Not Found",
        "not_found",
        None,
    ),
    (
        "FastAPI junk",
        422,
        {"detail": [5]},
        errors.Unprocessable,
        "the server answered 422 Unprocessable Entity",
        "unprocessable",
        None,
    ),
    (
        "Ollama",
        404,
        {"error": "model 'x' not found"},
        errors.NotFound,
        "model 'x' not found",
        "not_found",
        None,
    ),
    (
        "vLLM",
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 4096 tokens.",
            "code": 400,
        },
        errors.ContextLengthExceeded,
        "This model's maximum context length is 4096 tokens.",
        "context_length_exceeded",
        None,
    ),
    (
        "OpenRouter",
        402,
        {"error": {"message": "No credits", "code": 402}},
        errors.QuotaExceeded,
        "No credits",
        "insufficient_user_quota",
        None,
    ),
    (
        "only a type",
        500,
        {"error": {"message": "", "type": "new_api_panic"}},
        errors.InternalError,
        "new_api_panic",
        "internal_error",
        None,
    ),
    (
        "text",
        502,
        "upstream connect error",
        errors.Upstream,
        "upstream connect error",
        "do_request_failed",
        None,
    ),
    (
        "bytes",
        403,
        b'{"error":{"message":"IP","code":"access_denied"}}',
        errors.PermissionDenied,
        "IP",
        "access_denied",
        None,
    ),
    (
        "a proxy's page",
        504,
        "<html><body>Gateway Time-out</body></html>",
        errors.UpstreamTimeout,
        "the server answered 504 Gateway Timeout",
        "upstream_timeout",
        None,
    ),
    (
        "nothing",
        429,
        b"",
        errors.RateLimited,
        "the server answered 429 Too Many Requests",
        "rate_limit_exceeded",
        None,
    ),
    (
        "no body",
        418,
        None,
        errors.BadRequest,
        "the server answered 418 I'm a Teapot",
        "invalid_value",
        None,
    ),
    (
        "unknown status",
        599,
        [],
        errors.InternalError,
        "the server answered 599",
        "internal_error",
        None,
    ),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "code", "param"),
    [row[1:] for row in READ],
    ids=[str(row[0]) for row in READ],
)
def test_forms_of_other_servers(
    status: int, body: Any, kind: type[APIError], message: str, code: str, param: str | None
) -> None:
    error = from_body(status, body, {})
    assert type(error) is kind
    assert error.message.lower() == message.lower()  # phrases of statuses differ between Pythons
    assert (error.code, error.param) == (code, param)
    assert error.status_code == (status if status >= 400 else kind.status)
    assert error.body == body


def test_headers() -> None:
    for name in ("X-Oneapi-Request-Id", "x-request-id"):
        error = from_body(429, {}, {name: "r-9"}, retry_after=2.5)
        assert (error.request_id, error.retry_after) == ("r-9", 2.5)
    assert from_body(500, {}, {"X-Request-ID": "a", "x-oneapi-request-id": "b"}).request_id == "b"


def test_a_message_stays_a_sentence() -> None:
    assert len(from_body(500, "x" * 1_000_000, {}).message) <= 2000
    assert from_body(500, "two\n lines", {}).message == "two lines"


WORDS = st.sampled_from(
    ["error", "message", "code", "type", "param", "detail", "loc", "msg", "status"]
)
BODIES = st.recursive(
    JSON | st.text() | st.sampled_from(["insufficient_quota", "model_not_found", 404, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.integers(-5, 1200), BODIES | st.binary(), st.dictionaries(st.text(), st.text(), max_size=2)
)
def test_nothing_makes_reading_fail(status: int, body: Any, headers: dict[str, str]) -> None:
    error = from_body(status, body, headers)
    assert error.message
    assert error.status_code >= 400
    detail = to_body(error)["error"]
    assert detail["message"].startswith(error.message)


@given(BODIES)
def test_text_and_value_say_the_same(body: Any) -> None:
    try:
        text = orjson.dumps(body)
    except TypeError:  # lone surrogates are no JSON
        return
    if not isinstance(body, str):
        assert to_body(from_body(500, text, {})) == to_body(from_body(500, orjson.loads(text), {}))
