"""The errors that travel: each type has a status, and a body by `nexhina_nb.wire.errors`."""

from __future__ import annotations

from typing import Any, ClassVar

from nexhina_nb.errors.base import NexhinaError


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
