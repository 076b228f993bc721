"""What an operation takes and gives: of a call its row in `kinds` says so, of others this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.routing import Route

from nexhina_nb.gateway.kinds import Kind

JSON, EVENTS, SOUND = "application/json", "text/event-stream", "audio/*"
_BODIES = {"json": JSON, "form": "multipart/form-data"}
# Contract 3.2, without what only an upstream can bring about (any other status may pass through).
_LOOKING = (400, 401, 403, 404, 503)
_MANAGING = (401, 403, 413, 415, 429, 503)
_CALLING = (*_LOOKING, 413, 415, 429, 500, 501, 502, 504)


_ERRORS = {"anthropic": "MessagesError", "envelope": "ApiResponse"}


@dataclass(frozen=True, slots=True)
class Operation:
    """``request`` and ``replies`` are names of `wire`; with several replies the first is the usual
    one, and one that ends in ``[]`` is a list. With ``in_data`` a reply stands in the ``data`` of
    New API's envelope (contract 7.1). ``others`` are content types of replies that are no JSON.

    ``query`` has the JSON schemas of parameters, ``statuses`` are those of errors. ``carriers`` are
    the ways in which a key may come; none: no key is asked for.
    """

    request: str = ""
    bodies: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    in_data: bool = False
    others: tuple[str, ...] = ()
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    statuses: tuple[int, ...] = _LOOKING
    carriers: tuple[str, ...] = ("bearer",)
    dialect: str = "openai"

    @property
    def error(self) -> str:
        """The form of errors."""
        return _ERRORS.get(self.dialect, "ErrorBody")


def operation_of(route: Route, method: str) -> Operation:
    """What a route does when it is asked with a method; of an undescribed one, what most do."""
    return described(route, method) or Operation()


def described(route: Route, method: str) -> Operation | None:
    """What a route says of itself, or the table of it."""
    kind = getattr(route.endpoint, "kind", None)
    if isinstance(kind, Kind):
        return of_kind(kind)
    found = _OTHERS.get(f"{method} {route.path.rstrip('/')}")
    if found is None and route.path.startswith("/api/"):
        return _OPEN_FORM if getattr(route.endpoint, "is_open", False) else _FORM
    return found


def of_kind(kind: Kind) -> Operation:
    """What the calls of one kind take and give."""
    events = () if kind.streams is None else (EVENTS,)
    plain = {"json": (), "text": ("text/plain", "text/vtt"), "sound": (SOUND,)}[kind.plain]
    is_anthropic = kind.dialect == "anthropic"
    return Operation(
        request=kind.request,
        bodies=tuple(_BODIES[name] for name in kind.takes),
        replies=() if kind.plain == "sound" else (kind.reply,),
        others=(*plain, *events),
        statuses=_CALLING,
        carriers=("bearer", "x-api-key") if is_anthropic else ("bearer",),
        dialect=kind.dialect,
    )


_Parameter = Mapping[str, Any]
_WHOLE: _Parameter = {"type": "integer", "minimum": 0}
_PAGE: Mapping[str, _Parameter] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
    "order": {"enum": ["asc", "desc"]},
    "after": {"type": "string"},
}
_OPEN: dict[str, Any] = {"carriers": (), "statuses": ()}
_USAGE = Operation(replies=("TokenUsage",), in_data=True)
_ROWS = Operation(replies=("Log[]",), in_data=True, query={"limit": _WHOLE})
_SPAN = {"start_timestamp": _WHOLE, "end_timestamp": _WHOLE}
_EITHER = ("bearer", "x-api-key")

# The admin API (contract 7.1): its bodies are checked by hand, its refusals are in the envelope.
_FORM = Operation(replies=("ApiResponse",), statuses=_MANAGING, dialect="envelope")
_OPEN_FORM = replace(_FORM, carriers=())

# "METHOD path" → what is done there.
_OTHERS: Mapping[str, Operation] = {
    "GET /health": Operation(**_OPEN),
    "GET /openapi.json": Operation(**_OPEN),
    "GET /docs": Operation(others=("text/html",), **_OPEN),
    "GET /media/{name}": Operation(others=("*/*",), carriers=(), statuses=(404,)),
    "GET /v1/models": Operation(replies=("ModelList", "MessagesModelList"), carriers=_EITHER),
    "GET /v1/models/{model:path}": Operation(replies=("Model", "MessagesModel"), carriers=_EITHER),
    "GET /api/usage/token": _USAGE,
    "GET /api/log/token": _ROWS,
    "GET /api/log/token/stat": Operation(replies=("ApiResponse",), query=_SPAN),
    "GET /api/log/export": replace(_FORM, others=("text/csv", "application/vnd.apache.parquet")),
    "GET /api/pricing": Operation(**_OPEN),
    "GET /v1/dashboard/billing/subscription": Operation(statuses=()),
    "GET /v1/dashboard/billing/usage": Operation(statuses=()),
    "GET /dashboard/billing/subscription": Operation(statuses=()),
    "GET /dashboard/billing/usage": Operation(statuses=()),
    "GET /v1/videos": Operation(replies=("VideoList",), query=_PAGE),
    "GET /v1/videos/{id}": Operation(replies=("VideoGenerationResponse",)),
    "DELETE /v1/videos/{id}": Operation(replies=("VideoDeleted",)),
    "GET /v1/videos/{id}/content": Operation(
        others=("video/mp4", "image/*"),
        query={"variant": {"enum": ["video", "thumbnail", "spritesheet"]}},
        statuses=(*_LOOKING, 416, 502),
    ),
    "POST /v1/videos/{id}/remix": Operation(
        request="VideoRemixRequest",
        bodies=(JSON,),
        replies=("VideoGenerationResponse",),
        statuses=_CALLING,
    ),
    "GET /v1/video/generations/{id}": Operation(replies=("VideoTask",)),
    "GET /v1/responses/{id}": Operation(
        replies=("ResponseObject",),
        others=(EVENTS,),
        query={"stream": {"type": "boolean"}, "starting_after": _WHOLE},
    ),
    "DELETE /v1/responses/{id}": Operation(replies=("ResponseDeleted",)),
    "POST /v1/responses/{id}/cancel": Operation(replies=("ResponseObject",)),
    "GET /v1/responses/{id}/input_items": Operation(replies=("ResponseInputItems",), query=_PAGE),
}
