"""What a gateway offers, and what a key used of it: models, usage, logs, spending. And how one
comes by a key: redeem.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson

from nexhina_nb import errors
from nexhina_nb.client.account import KeyUsage, ModelsReply, Redeemed
from nexhina_nb.client.exchange import Flow, Request, not_an_answer
from nexhina_nb.client.explain import MODELS, USAGE, call, read_models
from nexhina_nb.client.session import Session
from nexhina_nb.client.spending import Moment, Spending, seconds
from nexhina_nb.client.target import check_key
from nexhina_nb.secret import Secret


def models(session: Session, /, pattern: str | None = None) -> Flow[ModelsReply]:
    """The models that the key may use; ``pattern`` is a glob (``gpt-*``) or a part of the name."""
    response, body = yield from call(session, replace(MODELS, patience=None))
    if not isinstance(body.get("data"), list):
        raise not_an_answer(session.target, response, "is no list of models")
    return ModelsReply(read_models(body), response.request_id).filter(pattern)


def usage(session: Session, /) -> Flow[KeyUsage]:
    """What the key was given, has used and may still use (contract 7.3)."""
    _, body = yield from call(session, replace(USAGE, patience=None))
    return KeyUsage.read(body.get("data"))


def logs(session: Session, /, *, limit: int | None = None) -> Flow[list[dict[str, Any]]]:
    """The newest calls of the key (at most 1,000) as log rows (contract 8.1), newest first."""
    if limit is not None and limit < 1:
        raise errors.BadInput(f"limit is {limit}", hint="ask for one call or more")
    path = "/api/log/token" if limit is None else f"/api/log/token?limit={limit}"
    response, body = yield from call(session, Request("GET", path, repeatable=True))
    rows = body.get("data")
    if not isinstance(rows, list):
        raise not_an_answer(session.target, response, "is no list of log rows")
    return [row for row in rows if isinstance(row, dict)][:limit]


def spending(
    session: Session, /, since: Moment | None = None, until: Moment | None = None
) -> Flow[Spending]:
    """What the key spent from ``since`` to ``until`` (Unix seconds, or datetimes): quota, calls,
    tokens.

    A gateway that cannot sum up its log is asked for the rows, of which there are at most 1,000.
    """
    start, end = seconds(since), seconds(until)
    span = {"start_timestamp": start or 0, "end_timestamp": end or 0}  # 0: without a limit
    path = f"/api/log/token/stat?{urlencode(span)}"
    try:
        _, body = yield from call(session, Request("GET", path, repeatable=True))
    except (errors.NotFound, errors.MethodNotAllowed, errors.NotOffered):
        rows = yield from logs(session)
        return Spending.of_rows(rows, start, end)
    return Spending.read(body.get("data"))


def redeem(session: Session, /, code: str, name: str = "") -> Flow[Redeemed]:
    """Turn a code into a key of one's own, called ``name`` unless the code says otherwise.

    It needs no key, and works once: the gateway does not tell the key again. Raises BadRequest for
    a code that is not valid.
    """
    if not code.strip():
        raise errors.BadInput("there is no code", hint="the gateway's owner has one for you")
    body = orjson.dumps({"key": code.strip(), "name": name})
    response, answer = yield from call(session, Request("POST", "/api/user/redeem_key", body))
    data = answer.get("data")
    fields = data if isinstance(data, dict) else {}
    key, quota = fields.get("key"), fields.get("quota")
    if not isinstance(key, str) or not key:
        raise not_an_answer(session.target, response, "has no key in it")
    # A key is not given up for want of a figure.
    return Redeemed(check_key(Secret(key)), quota if isinstance(quota, int) else 0)
