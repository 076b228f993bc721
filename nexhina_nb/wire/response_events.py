"""What streams and the other routes of the Responses API answer (contract 2.5)."""

from __future__ import annotations

from typing import Literal

from nexhina_nb.wire.base import JSONObject, Reply
from nexhina_nb.wire.responses import ResponseObject

# The events that end a stream; there is no [DONE] here.
LAST_EVENTS = frozenset({"response.completed", "response.failed", "response.incomplete", "error"})


class ResponseEvent(Reply):
    """One event; ``sequence_number`` counts from 0, ``type`` says which other fields there are."""

    type: str
    sequence_number: int
    response: ResponseObject | None = None
    item: JSONObject | None = None
    part: JSONObject | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: str | None = None
    text: str | None = None
    arguments: str | None = None
    refusal: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether the stream ends here."""
        return self.type in LAST_EVENTS


class ResponseDeleted(Reply):
    """DELETE /v1/responses/{id}."""

    id: str
    object: Literal["response"] = "response"
    deleted: bool


class ResponseInputItems(Reply):
    """GET /v1/responses/{id}/input_items."""

    object: Literal["list"] = "list"
    data: list[JSONObject]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False


class ResponseInputTokens(Reply):
    """POST /v1/responses/input_tokens."""

    object: Literal["response.input_tokens"] = "response.input_tokens"
    input_tokens: int
