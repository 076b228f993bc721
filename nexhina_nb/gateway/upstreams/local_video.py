"""Videos of the built-in engine: here an order is only checked; `tasks` has it filmed."""

from __future__ import annotations

import time

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.served import Served, json
from nexhina_nb.settings import Settings

LONGEST = 60  # seconds
_SMALLEST, _LARGEST = 64, 2048  # pixels of a side


def serve(call: Call, _: Settings) -> Served:
    """The reply to an order. Raises BadRequest for what cannot be filmed, NotOffered without the
    extra "local".
    """
    body = call.body
    ENGINES[body["model"]].load()
    seconds = float(body.get("seconds") or body.get("duration") or 0)
    if seconds > LONGEST:
        raise BadRequest(
            f"this engine makes videos of up to {LONGEST} seconds, not {seconds:g}",
            code="invalid_seconds",
            param="seconds" if body.get("seconds") else "duration",
        )
    if (body.get("n") or 1) != 1:
        raise BadRequest("this engine makes one video a call", param="n")
    _check_size(str(body.get("size") or f"{body.get('width')}x{body.get('height')}"))
    now = int(time.time())
    return json({"id": "", "object": "video", "status": "queued", "created_at": now})


def _check_size(size: str) -> None:
    if size == "NonexNone":
        return
    sides = size.split("x")
    if len(sides) != 2 or not all(
        side.isdecimal() and side.isascii() and _SMALLEST <= int(side) <= _LARGEST for side in sides
    ):
        raise BadRequest(
            f"a size is like 1280x720, with sides from {_SMALLEST} to {_LARGEST} pixels",
            code="invalid_size",
            param="size",
        )
