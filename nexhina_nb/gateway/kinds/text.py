"""Calls that answer with text: chat, legacy completions."""

from __future__ import annotations

from collections.abc import Iterable

from nexhina_nb.gateway.kinds import Body, Kind, asks_stream


def chat_prompt(body: Body) -> Iterable[str]:
    """The texts of a conversation; what is not text in it counts by `pricing.media` at the bill."""
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        for part in content if isinstance(content, list) else ():
            yield str(part.get("text", ""))


def _chat_length(body: Body) -> int:
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    return int(limit) * int(body.get("n") or 1)


CHAT = Kind(
    "chat",
    "answer a conversation, whole or as a stream",
    "/chat/completions",
    "ChatCompletionRequest",
    "ChatCompletionResponse",
    prompt=chat_prompt,
    longest_answer=_chat_length,
    streams=asks_stream,
    asks_usage=True,
)
