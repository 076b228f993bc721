"""Every failure of this package, as a type that says what happened and what to do next.

* NexhinaError
  x ConfigError             a setting is missing or does not make sense
  x BadInput                what was typed or passed cannot be used; nothing was sent
    + BudgetExceeded        a call might go over a budget
  x MissingDependency       an optional package is needed; names the extra that brings it
  x GatewayNotRunning       no gateway was found to talk to
  x ConnectionFailed        the gateway cannot be reached, or the connection broke
    + TimedOut              … it took too long
  x StreamBroken            a stream ended before its end was announced; carries what came
  x Stopped                 the user interrupted a call; carries what came
  x BatchFailed             rows of a batch failed; carries the frame with all the others
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

from nexhina_nb.errors.api import (
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
from nexhina_nb.errors.base import (
    BadInput,
    BatchFailed,
    BudgetExceeded,
    ConfigError,
    ConnectionFailed,
    GatewayNotRunning,
    MissingDependency,
    NexhinaError,
    Stopped,
    StoreError,
    StreamBroken,
    TimedOut,
)

__all__ = [
    "APIError",
    "Authentication",
    "BadInput",
    "BadRequest",
    "BatchFailed",
    "BudgetExceeded",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "ContextLengthExceeded",
    "GatewayNotRunning",
    "InternalError",
    "MethodNotAllowed",
    "MissingDependency",
    "ModelNotFound",
    "NexhinaError",
    "NotFound",
    "NotOffered",
    "PermissionDenied",
    "QuotaExceeded",
    "RateLimited",
    "ServiceUnavailable",
    "Stopped",
    "StoreError",
    "StreamBroken",
    "TimedOut",
    "TooLarge",
    "Unprocessable",
    "UnsupportedMedia",
    "Upstream",
    "UpstreamTimeout",
]
