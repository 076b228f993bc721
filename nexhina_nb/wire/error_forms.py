"""The forms of an error's body by dialect: OpenAI's, Anthropic's, and that of video tasks
(contract 2.9, 2.10 and 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nexhina_nb.errors import APIError
from nexhina_nb.wire.errors import to_body

_ANTHROPIC_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def body_in(dialect: str, error: APIError) -> dict[str, Any]:
    """The body that says what ``error`` is, in the form of a dialect."""
    return _FORMS[dialect](error)


def is_in(dialect: str, body: Mapping[str, Any]) -> bool:
    """Whether what another server sent has that form already."""
    return dialect != "anthropic" or body.get("type") == "error"


def _anthropic(error: APIError) -> dict[str, Any]:
    status = error.status_code
    kind = _ANTHROPIC_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {
        "type": "error",
        "error": {"type": kind, "message": error.message},
        "request_id": error.request_id,
    }


def _task(error: APIError) -> dict[str, Any]:
    # Old programs for video tasks read the bare form.
    body = to_body(error)
    return body | {"code": error.code, "message": body["error"]["message"]}


_FORMS: Mapping[str, Callable[[APIError], dict[str, Any]]] = {
    "openai": to_body,
    "anthropic": _anthropic,
    "video": _task,
}
