"""Calls that judge what they are given: moderation."""

from __future__ import annotations

from collections.abc import Iterable

from nexhina_nb.gateway.kinds import Body, Kind


def _prompt(body: Body) -> Iterable[str]:
    value = body["input"]
    if isinstance(value, str):
        yield value
        return
    for item in value:
        yield item if isinstance(item, str) else str(item.get("text") or "")


MODERATE = Kind(
    "moderate",
    "judge texts and pictures by thirteen categories",
    "/moderations",
    "ModerationRequest",
    "ModerationResponse",
    prompt=_prompt,
    default_model="text-moderation-stable",
    fallback="local/moderate",
)
