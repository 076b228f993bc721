"""Failures on their way out: every error as the wire's error body, with the id of its request."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from copy import copy

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from nexhina_nb.errors import (
    APIError,
    InternalError,
    MethodNotAllowed,
    NexhinaError,
    NotFound,
    NotOffered,
    ServiceUnavailable,
    StoreError,
    StreamBroken,
    Upstream,
)
from nexhina_nb.wire.error_forms import body_in
from nexhina_nb.wire.masking import masked

log = logging.getLogger("nexhina.gateway")

# Where another form of errors is expected, also of those before a call is known to be one.
_DIALECTS = {"/v1/messages": "anthropic", "/v1/video/generations": "video"}


class LastResort:
    """Answers 500 for what nobody foresaw, and logs where it happened.

    Only the place and the type are logged: the words of an exception may hold a prompt or a key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception as error:  # noqa: BLE001 - the outermost place: nothing may get past it
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("%s at %s line %s", type(error).__name__, place.filename, place.lineno)
            # Once an answer has begun, all that is left is to cut it off.
            if not started:
                request = Request(scope)
                await error_response(request, as_api_error(error))(scope, receive, send)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, APIError):
        log.error("%s: %s", type(error).__name__, masked(str(error)))
    return error_response(request, as_api_error(error))


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    where = f"({request.method} {request.url.path})"
    if error.status_code == 405:
        return error_response(request, MethodNotAllowed(f"Invalid method {where}"), error.headers)
    if error.status_code == 404:
        return error_response(request, NotFound(f"Invalid URL {where}", code="unknown_url"))
    return error_response(request, APIError(error.detail, status=error.status_code))


HANDLERS: Mapping[type[Exception], ExceptionHandler] = {
    NexhinaError: _on_error,
    HTTPException: _on_http_error,
}


def as_api_error(error: Exception) -> APIError:
    """What the caller is told of an error; of one that nobody foresaw, not its words."""
    match error:
        case APIError():
            return error
        case StoreError():
            return ServiceUnavailable(error.message, code="store_unavailable")
        case StreamBroken():
            return Upstream(error.message, code="stream_broken")
        case NexhinaError():
            return InternalError(error.message)
    return InternalError("the gateway failed on this request")


def error_response(
    request: Request, error: APIError, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as an answer; of other ``headers`` only ``Allow`` is taken over."""
    error.request_id = getattr(request.state, "request_id", None)
    body = body_in(_dialect(request), _in_full(error))
    response = JSONResponse(body, error.status_code)
    if error.retry_after is not None:
        response.headers["retry-after"] = str(max(1, round(error.retry_after)))
    if isinstance(error, NotOffered):
        response.headers["x-should-retry"] = "false"  # the SDKs would ask twice more
    response.headers.update(getattr(request.state, "limit_headers", {}))
    if headers and "Allow" in headers:
        response.headers["allow"] = headers["Allow"]
    return response


def _in_full(error: APIError) -> APIError:
    """The error with its hint, for which no form has a place of its own, in its message."""
    # Hints to what an upstream said are for one who calls it himself.
    if error.hint is None or error.body is not None:
        return error
    told = copy(error)
    told.message, told.hint = f"{error.message.rstrip('.')}: {error.hint}", None
    return told


def _dialect(request: Request) -> str:
    told = getattr(request.state, "dialect", None)
    if told is None:
        path = request.url.path
        found = (name for start, name in _DIALECTS.items() if path.startswith(start))
        told = next(found, "openai")
    return str(told)
