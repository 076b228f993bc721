"""The form of the admin API: envelope, paging, and the values of a body (contract 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from nexhina_nb.errors import BadInput, NexhinaError, NotFound
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.incoming import read_body
from nexhina_nb.wire.body import parse_json

LARGEST = 2**31 - 1
MOST_IDS = 100
_LARGEST_BODY = 1 << 20
_PAGE_SIZE, _LARGEST_PAGE = 10, 100
# What is no answer to a question about the business keeps its status; all else is 200.
_STATUSES = (401, 413, 415, 429)


def success(data: Any = None, message: str = "") -> JSONResponse:
    """What was asked for."""
    return JSONResponse({"success": True, "message": message, "data": data})


def failure(error: NexhinaError) -> JSONResponse:
    """A refusal: HTTP 200 with ``success`` false, unless it is about the request itself."""
    told = as_api_error(error)
    message = told.message if told.hint is None else f"{told.message.rstrip('.')}: {told.hint}"
    if isinstance(error, (BadInput, NotFound)):
        message = error.message if error.hint is None else f"{error.message}: {error.hint}"
        return JSONResponse({"success": False, "message": message})
    keeps = told.status_code in _STATUSES or told.status_code >= 500
    response = JSONResponse(
        {"success": False, "message": message}, told.status_code if keeps else 200
    )
    if told.retry_after is not None:
        response.headers["retry-after"] = str(max(1, round(told.retry_after)))
    return response


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted; ``number`` counts from 1."""

    number: int = 1
    size: int = _PAGE_SIZE

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size

    def of(self, items: list[Any], total: int) -> dict[str, Any]:
        """The part, as the wire has it."""
        return {"page": self.number, "page_size": self.size, "total": total, "items": items}


def page_of(request: Request) -> Page:
    """The part that a request asks for; what makes no sense is read as the default."""
    size = next((n for name in ("page_size", "ps", "size") if (n := _count(request, name))), 0)
    number = min(_count(request, "p") or 1, LARGEST)
    return Page(number, min(size or _PAGE_SIZE, _LARGEST_PAGE))


def id_of(request: Request, name: str = "id") -> int:
    """The number in the path. Raises NotFound for what is none."""
    text = request.path_params[name]
    if not _is_whole(text) or int(text) > LARGEST:
        raise NotFound(f"{text!r} is no id")
    return int(text)


def whole_of(request: Request, name: str) -> int | None:
    """A whole number of the query, None where it is absent. Raises BadInput."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not _is_whole(text.removeprefix("-")):
        raise BadInput(f"'{name}' must be a whole number")
    return int(text)


async def fields_of(request: Request) -> Fields:
    """The JSON object that a request brings. Raises APIError."""
    return Fields(parse_json(await read_body(request, _LARGEST_BODY)))


class Fields:
    """The values of a body, each checked when it is asked for; None where it is absent or null.

    Raises BadInput for a value of another type or out of bounds; what nobody asks for is ignored.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def text(self, name: str, *, least: int = 0, most: int = 255) -> str | None:
        """A text of so many characters."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise BadInput(f"'{name}' must be a text of {least} to {most} characters")
        if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise BadInput(f"'{name}' has characters that cannot be stored")
        return value

    def whole(self, name: str, *, least: int = 0, most: int = LARGEST) -> int | None:
        """A whole number."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise BadInput(f"'{name}' must be a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise BadInput(f"'{name}' must be true or false")
        return value

    def id(self, name: str = "id") -> int:
        """The number of the object that is meant."""
        value = self.whole(name, least=1)
        if value is None:
            raise BadInput(f"'{name}' is required")
        return value

    def ids(self, name: str = "ids", most: int = MOST_IDS) -> list[int]:
        """The numbers of the objects that are meant."""
        value = self.values.get(name)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise BadInput(f"'{name}' must be a list of 1 to {most} numbers")
        return [Fields({name: item}).id(name) for item in value]


def _count(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if _is_whole(text) else 0


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
