"""Legacy completions: a prompt that is continued."""

from __future__ import annotations

from collections.abc import Iterable

from nexhina_nb.gateway.dialects.completions import STANDARD_LENGTH, prompts_of
from nexhina_nb.gateway.kinds import Body, Kind, asks_stream


def _texts(body: Body) -> Iterable[str]:
    for prompt in prompts_of(body):
        # A token is about four characters, which is how the estimate counts back.
        yield prompt if isinstance(prompt, str) else "~~~~" * len(prompt)
    yield body.get("suffix") or ""


def _length(body: Body) -> int:
    limit = body.get("max_tokens")
    tries = max(body.get("best_of") or 1, body.get("n") or 1)
    return (STANDARD_LENGTH if limit is None else int(limit)) * int(tries) * len(prompts_of(body))


COMPLETE = Kind(
    "complete",
    "continue a prompt, whole or as a stream (legacy)",
    "/completions",
    "CompletionRequest",
    "CompletionResponse",
    prompt=_texts,
    longest_answer=_length,
    streams=asks_stream,
    asks_usage=True,
)
