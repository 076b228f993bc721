"""The one table between error types and error bodies (contract 0.3 and 3).

The gateway raises an `APIError` and sends `to_body` of it; the client makes the same type of it
with `from_body`, which also reads the many other forms in which servers say that something went
wrong.
"""

from __future__ import annotations

import http
import re
from collections.abc import Mapping
from typing import Any

from nexhina_nb.errors import (
    APIError,
    Authentication,
    BadRequest,
    Conflict,
    ContextLengthExceeded,
    InternalError,
    MethodNotAllowed,
    ModelNotFound,
    NotFound,
    NotOffered,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    ServiceUnavailable,
    TooLarge,
    Unprocessable,
    UnsupportedMedia,
    Upstream,
    UpstreamTimeout,
)
from nexhina_nb.wire.faults import Fault, read_fault

# A code says more than a status: New API, for one, answers 500 to half of what goes wrong.
_BY_CODE: dict[str, type[APIError]] = {
    "context_length_exceeded": ContextLengthExceeded,
    "exceed_context_size_error": ContextLengthExceeded,
    "content_policy_violation": BadRequest,
    "content_filter": BadRequest,
    "sensitive_words_detected": BadRequest,
    "prompt_blocked": BadRequest,
    "invalid_json": BadRequest,
    "missing_required_parameter": BadRequest,
    "invalid_type": BadRequest,
    "model_price_error": BadRequest,
    "invalid_api_key": Authentication,
    "authentication_error": Authentication,
    "user_disabled": PermissionDenied,
    "access_denied": PermissionDenied,
    "model_not_allowed": PermissionDenied,
    "group_not_allowed": PermissionDenied,
    "permission_error": PermissionDenied,
    "insufficient_user_quota": QuotaExceeded,
    "pre_consume_token_quota_failed": QuotaExceeded,
    "insufficient_quota": QuotaExceeded,
    "model_not_found": ModelNotFound,
    "unknown_url": NotFound,
    "task_not_exist": NotFound,
    "not_found_error": NotFound,
    "method_not_supported": MethodNotAllowed,
    "request_too_large": TooLarge,
    "unsupported_media_type": UnsupportedMedia,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_error": RateLimited,
    "api_not_implemented": NotOffered,
    "do_request_failed": Upstream,
    "bad_response": Upstream,
    "bad_response_body": Upstream,
    "empty_response": Upstream,
    "read_response_body_failed": Upstream,
    "no_available_channel": ServiceUnavailable,
    "get_channel_failed": ServiceUnavailable,
    "overloaded_error": ServiceUnavailable,
    "system_cpu_overloaded": ServiceUnavailable,
    "system_memory_overloaded": ServiceUnavailable,
    "system_disk_overloaded": ServiceUnavailable,
    "stream_broken": Upstream,
    "upstream_timeout": UpstreamTimeout,
}

_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequest,
    401: Authentication,
    402: QuotaExceeded,  # OpenRouter and DeepSeek: no credit left
    403: PermissionDenied,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: TooLarge,
    415: UnsupportedMedia,
    422: Unprocessable,
    429: RateLimited,
    500: InternalError,
    501: NotOffered,
    502: Upstream,
    503: ServiceUnavailable,
    504: UpstreamTimeout,
    529: ServiceUnavailable,  # Anthropic: overloaded
}

# Servers without the code say it in words only (vLLM, llama.cpp, Anthropic).
_TOO_LONG = re.compile(
    r"maximum context length|exceeds? the (available )?context|prompt is too long", re.I
)

_HINTS: dict[type[APIError], str] = {
    Authentication: "check the key; it starts with sk-",
    ContextLengthExceeded: "send less text, or use a model with a longer context",
    ModelNotFound: "names are case-sensitive; GET /v1/models lists them",
    QuotaExceeded: "top up the account, or use a key with more quota",
    RateLimited: "wait a moment, or send fewer requests at once",
}


def to_body(error: APIError) -> dict[str, Any]:
    """The body that says what ``error`` is; a request id ends the message (contract 0.3)."""
    message = error.message
    if error.request_id:
        message += f" (request id: {error.request_id})"
    detail = {"message": message, "type": error.type, "param": error.param, "code": error.code}
    return {"error": detail}


def from_body(
    status: int,
    body: object,
    headers: Mapping[str, str],
    *,
    retry_after: float | None = None,
) -> APIError:
    """The error that an answer means: chosen by its code, else its status, else its type. Never
    fails.

    ``body`` is the parsed JSON, or the text or bytes of an answer that was none. ``retry_after`` is
    in seconds.
    """
    fault = read_fault(body)
    kind = _kind(status, fault)
    return kind(
        fault.message or _phrase(status),
        code=fault.code,
        param=fault.param,
        type=fault.type,
        status=status if status >= 400 else None,
        hint=_HINTS.get(kind),
        request_id=_request_id(headers) or fault.request_id,
        retry_after=retry_after,
        body=body,
    )


def _kind(status: int, fault: Fault) -> type[APIError]:
    for name in (fault.code, fault.type if fault.type == "insufficient_quota" else None):
        if name in _BY_CODE:
            return _BY_CODE[name]
    if status in (200, 400, 413, 422) and _TOO_LONG.search(fault.message):
        return ContextLengthExceeded
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if fault.type in _BY_CODE:
        return _BY_CODE[fault.type]
    return BadRequest if 400 <= status < 500 else InternalError


def _phrase(status: int) -> str:
    try:
        return f"the server answered {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"the server answered {status}"


def _request_id(headers: Mapping[str, str]) -> str | None:
    found = {name.lower(): value for name, value in headers.items()}
    return found.get("x-oneapi-request-id") or found.get("x-request-id")
