"""Driving a flow by hand: answers go in, what it asked for comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.session import Session
from nexhina_nb.client.target import Target
from nexhina_nb.errors import ConnectionFailed
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

T = TypeVar("T")
TARGET = Target("http://gateway.example/v1", Secret("sk-very-secret"))


def session(**changes: Any) -> Session:
    return Session(**{"target": TARGET, "settings": Settings()} | changes)


def answer(body: object, status: int = 200, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw)


def fault(status: int, code: str | None = None, message: str = "no", **headers: str) -> Response:
    detail: Mapping[str, Any] = {"message": message, "type": "server_error", "code": code}
    return answer({"error": detail}, status, **headers)


def lost(*, sent: bool, answered: bool = False) -> Failure:
    return Failure(ConnectionFailed("cannot reach it"), sent, answered)


def drive(flow: Flow[T], *outcomes: Response | Failure) -> tuple[T, list[Request | Sleep]]:
    """The result of a flow and its steps; pauses take no time."""
    steps: list[Request | Sleep] = []
    waiting = list(outcomes)
    outcome: Response | Failure | None = None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as end:
            assert not waiting, f"{len(waiting)} answers were not asked for"
            return end.value, steps
        steps.append(step)
        outcome = None if isinstance(step, Sleep) else waiting.pop(0)
