"""Every failure of this package, as a type that says what happened and what to do next.

* NexhinaError
  x ConfigError             a setting is missing or does not make sense
  x BadInput                what was typed or passed cannot be used; nothing was sent
  x MissingDependency       an optional package is needed; names the extra that brings it
  x GatewayNotRunning       no gateway was found to talk to
  x ConnectionFailed        the gateway cannot be reached, or the connection broke
    + TimedOut              … it took too long
  x StreamBroken            a stream ended before its end was announced; carries what came
  x Stopped                 the user interrupted a call; carries what came
  x StoreError              the database cannot be opened, read or written
  x APIError                an answer with an error status
    + BadRequest            400
      - ContextLengthExceeded   code context_length_exceeded
    + Authentication        401
    + PermissionDenied      403
      - QuotaExceeded           the wallet, or the key's own cap, does not cover the call
    + NotFound              404
      - ModelNotFound           code model_not_found
    + MethodNotAllowed      405
    + Conflict              409
    + TooLarge              413
    + UnsupportedMedia      415
    + Unprocessable         422
    + RateLimited           429
    + InternalError         500
    + NotOffered            501
    + Upstream              502
    + ServiceUnavailable    503
    + UpstreamTimeout       504

The gateway raises the same `APIError` types that the client raises when it reads the answer, so
that an error keeps its type across the wire; `nexhina_nb.wire.errors` holds the one table between
types and bodies.
"""

from __future__ import annotations

import traceback
from typing import Any, ClassVar


class NexhinaError(Exception):
    """The root of all errors of this package.

    ``message`` says what happened, ``hint`` what to do next. In a notebook IPython prints only
    these two, on one line; setting ``show_traceback`` (the option ``--traceback`` does) shows
    everything.
    """

    show_traceback: bool = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} → {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        # IPython's protocol for exceptions that draw themselves. The cell still fails, for Run
        # All, nbclient, nbval and papermill alike, which neither UsageError (unseen by nbval)
        # nor a printed text would do.
        if self.show_traceback:
            return "".join(traceback.format_exception(self)).splitlines()
        return [f"{type(self).__name__}: {' '.join(str(self).split())}"]


class ConfigError(NexhinaError):
    """A setting is missing or does not make sense."""


class BadInput(NexhinaError):
    """What was typed or passed cannot be used; nothing was sent."""


class MissingDependency(NexhinaError):
    """An optional package is needed; names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}", hint=f"pip install 'nexhina_nb[{extra}]'"
        )


class GatewayNotRunning(NexhinaError):
    """No gateway was found to talk to."""


class ConnectionFailed(NexhinaError):
    """The gateway cannot be reached, or the connection broke."""


class TimedOut(ConnectionFailed):
    """The gateway took too long to answer."""


class StreamBroken(NexhinaError):
    """A stream ended before its end was announced; ``partial`` is the text that came."""

    def __init__(self, message: str, *, partial: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.partial = partial


class Stopped(NexhinaError, KeyboardInterrupt):
    """The user interrupted a call; ``partial`` is what had come by then."""

    def __init__(self, message: str = "stopped", *, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class StoreError(NexhinaError):
    """The database cannot be opened, read or written."""


class APIError(NexhinaError):
    """An answer with an error status, from this package's gateway or any other server.

    ``type``, ``code`` and ``param`` are those of the error body (contract section 3);
    ``retry_after`` is in seconds.
    """

    status: ClassVar[int] = 500
    default_type: ClassVar[str] = "server_error"
    default_code: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type: str | None = None,
        status: int | None = None,
        hint: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code or self.default_code
        self.param = param
        self.type = type or self.default_type
        self.status_code = status or self.status
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body


class BadRequest(APIError):
    """400: the request is malformed, incomplete or out of range."""

    status = 400
    default_type = "invalid_request_error"
    default_code = "invalid_value"


class ContextLengthExceeded(BadRequest):
    """400: the prompt does not fit the model."""

    default_code = "context_length_exceeded"


class Authentication(APIError):
    """401: the key is missing, wrong, deleted, disabled, expired or exhausted."""

    status = 401
    default_type = "invalid_request_error"
    default_code = "invalid_api_key"


class PermissionDenied(APIError):
    """403: the key or its user may not do this."""

    status = 403
    default_type = "permission_error"
    default_code = "access_denied"


class QuotaExceeded(PermissionDenied):
    """403: the wallet or the key's quota does not cover the call."""

    default_type = "insufficient_quota"
    default_code = "insufficient_user_quota"


class NotFound(APIError):
    """404: no such path or object."""

    status = 404
    default_type = "invalid_request_error"
    default_code = "not_found"


class ModelNotFound(NotFound):
    """404: no such model."""

    default_code = "model_not_found"


class MethodNotAllowed(APIError):
    """405: the path exists, the method does not."""

    status = 405
    default_type = "invalid_request_error"
    default_code = "method_not_supported"


class Conflict(APIError):
    """409: the object is in another state."""

    status = 409
    default_type = "invalid_request_error"
    default_code = "conflict"


class TooLarge(APIError):
    """413: the body is over the limit."""

    status = 413
    default_type = "invalid_request_error"
    default_code = "request_too_large"


class UnsupportedMedia(APIError):
    """415: the content type is not the one expected."""

    status = 415
    default_type = "invalid_request_error"
    default_code = "unsupported_media_type"


class Unprocessable(APIError):
    """422: well formed, but it cannot be carried out."""

    status = 422
    default_type = "invalid_request_error"
    default_code = "unprocessable"


class RateLimited(APIError):
    """429: too many requests; ``retry_after`` says when to come back."""

    status = 429
    default_type = "rate_limit_error"
    default_code = "rate_limit_exceeded"


class InternalError(APIError):
    """500: a fault of the server."""

    status = 500
    default_code = "internal_error"


class NotOffered(APIError):
    """501: this gateway does not offer that endpoint."""

    status = 501
    default_type = "invalid_request_error"
    default_code = "api_not_implemented"


class Upstream(APIError):
    """502: the upstream could not be reached or sent junk."""

    status = 502
    default_code = "do_request_failed"


class ServiceUnavailable(APIError):
    """503: no enabled channel serves the model now, or the server is overloaded."""

    status = 503
    default_code = "no_available_channel"


class UpstreamTimeout(APIError):
    """504: the upstream took too long."""

    status = 504
    default_code = "upstream_timeout"
