"""Finding out what to do about an error: flows that ask the gateway one question more, at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson

from nexhina_nb import errors
from nexhina_nb.client import advice
from nexhina_nb.client.account import KeyUsage, kinds_of
from nexhina_nb.client.exchange import (
    Flow,
    Request,
    Response,
    exchange,
    once,
    read_error,
    read_json,
)
from nexhina_nb.client.session import Session
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.wire import Model, ModelList

T = TypeVar("T")
PATIENCE = 5.0  # seconds: an error must not keep anyone waiting
MODELS = Request("GET", "/models", repeatable=True, patience=PATIENCE)
USAGE = Request("GET", "/api/usage/token/", repeatable=True, patience=PATIENCE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asked for, as far as it matters to explain why that failed."""

    model: str = ""
    messages: Sequence[Mapping[str, Any]] = ()
    texts: Sequence[str] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    wanted: int | None = None


def call(
    session: Session, request: Request, asked: Asked | None = None
) -> Flow[tuple[Response, dict[str, Any]]]:
    """Exchange one request for an answer and its JSON (nothing of a stream); an error learns what
    to do about it.
    """
    return (yield from ask(session, request, asked, _json_of))


def ask(
    session: Session,
    request: Request,
    asked: Asked | None,
    read: Callable[[Session, Response], T],
) -> Flow[tuple[Response, T]]:
    """Exchange one request for an answer and what ``read`` makes of it, which may be an error, as
    other answers are: it learns what to do about it.
    """
    try:
        response = yield from exchange(session, request)
        return response, read(session, response)
    except errors.APIError as error:
        failed = error
    yield from explain(session, failed, asked or Asked(), request.path)
    raise failed


def _json_of(session: Session, response: Response) -> dict[str, Any]:
    return {} if response.source is not None else checked(session, response)


def checked(session: Session, response: Response) -> dict[str, Any]:
    """The JSON of a good answer; raises the error that it holds."""
    body = read_json(session.target, response)
    if body.get("success") is False:
        # The admin API refuses with status 200 (contract 7.1), which is no server's fault.
        raise read_error(session.target, replace(response, status=400))
    return body


def explain(session: Session, error: errors.APIError, asked: Asked, path: str) -> Flow[None]:
    """Give the error a hint that says what to do next; some kinds cost one more request."""
    if path.startswith("/api/") and error.status_code in (404, 405):
        error.hint = advice.FOR_ACCOUNT
    elif isinstance(error, errors.ModelNotFound) or error.code == "model_not_allowed":
        offered = yield from _offered(session)
        names = [model.id for model in offered]
        error.hint = advice.for_model(asked.model, names, error.message)
    elif isinstance(error, errors.ContextLengthExceeded):
        offered = yield from _offered(session)
        error.hint = _about_context(error, asked, offered)
    elif isinstance(error, errors.Authentication):
        error.hint = advice.for_key(session.target.key)
    elif isinstance(error, errors.QuotaExceeded):
        error.hint = advice.for_quota((yield from _left(session)))
    elif isinstance(error, errors.RateLimited):
        error.hint = advice.for_rate(error.retry_after)


def _offered(session: Session) -> Flow[list[Model]]:
    response = yield from once(session, MODELS)
    return read_models(_json(response.body)) if response else []


def _left(session: Session) -> Flow[KeyUsage | None]:
    response = yield from once(session, USAGE)
    body = _json(response.body) if response else None
    try:
        return KeyUsage.read(body.get("data")) if isinstance(body, dict) else None
    except errors.Upstream:
        return None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def read_models(body: Any) -> list[Model]:
    """The models of a list as any server may send it; what has no name is left out."""
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        return []
    models: list[Any] = ModelList.read({"data": body["data"]}).data  # read leniently
    return [model for model in models if isinstance(model, Model) and _is_text(model.id)]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def context_length(model: Model | None, name: str) -> int | None:
    """How many tokens a model takes: what the gateway says, else the catalogue."""
    said = model.context_length if model is not None else None
    return said if isinstance(said, int) and said > 0 else Catalog.bundled().context_length(name)


def _about_context(
    error: errors.ContextLengthExceeded, asked: Asked, offered: Sequence[Model]
) -> str:
    sent = _count(asked)
    own = next((model for model in offered if model.id == asked.model), None)
    limit = advice.limit_named(error.message) or context_length(own, asked.model)
    alike = [model for model in offered if _is_alike(model, own)]
    room = {model.id: context_length(model, model.id) or 0 for model in alike}
    needed = max(sent + (asked.wanted or 0), (limit or 0) + 1)
    # The smallest that fits comes first: it is likely to be the cheapest.
    fitting = sorted((length, name) for name, length in room.items() if length >= needed)
    names = [f"{name} ({length:,})" for length, name in fitting[:3]]
    return advice.for_context(asked.model, limit, sent or None, names, asked.wanted)


def _is_alike(model: Model, own: Model | None) -> bool:
    kinds, wanted = kinds_of(model), kinds_of(own) if own else []
    return not kinds or not wanted or not set(kinds).isdisjoint(wanted)


def _count(asked: Asked) -> int:
    if asked.messages:
        return tokens.count_messages(asked.messages, asked.model, asked.tools)
    encoding = tokens.encoding_for(asked.model)
    return max(tokens.count_many(asked.texts, encoding), default=0)
