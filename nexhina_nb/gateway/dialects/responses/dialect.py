"""The dialect of /v1/responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.gateway.dialects.responses.request import chat_of
from nexhina_nb.gateway.dialects.responses.translator import Translator, whole_reply

Payload = dict[str, Any]


class Responses:
    """Responses, carried by chat."""

    def request(self, body: Mapping[str, Any]) -> Payload:
        """The chat that asks for the same."""
        return chat_of(body)

    def reply(self, chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
        """The response that a whole chat reply amounts to."""
        return whole_reply(chat, body, request_id)

    def translator(self, body: Mapping[str, Any], request_id: str) -> Translator:
        """What turns the chat's stream into events."""
        return Translator(body, request_id)


DIALECT = Responses()
