"""Anthropic's Messages, carried by chat completions (contract 2.10).

General layout: `requests` makes a chat of what is asked, from `blocks` and `tools`; `replies` makes
a message of the chat's whole answer, `stream` of its chunks; `usage` counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.gateway.dialects.anthropic import replies, requests
from nexhina_nb.gateway.dialects.anthropic.stream import MessageStream
from nexhina_nb.gateway.dialects.base import Payload


class _Messages:
    """The dialect of `/messages`."""

    def request(self, body: Mapping[str, Any]) -> Payload:
        return requests.chat_of(body)

    def reply(self, chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
        return replies.message_of(chat, body, request_id)

    def translator(self, body: Mapping[str, Any], request_id: str) -> MessageStream:
        return MessageStream(body, request_id)


MESSAGES = _Messages()
