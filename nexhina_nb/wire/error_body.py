"""The form of an error on the wire (contract 3.1); `errors` fills and reads it."""

from __future__ import annotations

from typing import Any

from nexhina_nb.wire.base import Wire


class ErrorDetail(Wire):
    """What went wrong, in the OpenAI form."""

    message: str
    type: str | None = None
    param: str | None = None
    code: Any = None  # a text; some servers send the status again


class ErrorBody(Wire):
    """The body of every answer with an error status."""

    error: ErrorDetail
