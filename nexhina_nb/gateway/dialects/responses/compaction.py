"""Making a conversation shorter: a chat sums up its older items, the newest stay as they are.

The reply begins with an item of the type "compaction", whose content only this gateway reads, and
goes on with the last turn. Sent as the input of another response, it stands for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from nexhina_nb.errors import BadRequest, NotOffered
from nexhina_nb.gateway.dialects.base import Translator
from nexhina_nb.gateway.dialects.responses.content import parts_of, refusal_of, text_of
from nexhina_nb.gateway.dialects.responses.ids import output_id, response_id
from nexhina_nb.gateway.dialects.responses.items import opened, sealed
from nexhina_nb.gateway.dialects.responses.objects import usage_of
from nexhina_nb.gateway.dialects.responses.thread import Item, items_of, listed

Payload = dict[str, Any]

_RULES = (
    "You shorten conversations so that somebody can go on with them who has not read them. Keep "
    "facts, names, figures, decisions and open questions. Do not answer what is asked in them."
)
_TASK = "Summarize this conversation:"


class Compaction:
    """Compaction, carried by chat."""

    def request(self, body: Mapping[str, Any]) -> Payload:
        """The chat that asks for the summary; BadRequest where there is nothing to sum up."""
        older, _ = split(items_of(body))
        transcript = "\n".join(_lines(older))
        if not transcript:
            raise BadRequest("there is nothing to compact: 'input' has no text", param="input")
        rules = "\n\n".join(filter(None, (_RULES, body.get("instructions"))))
        messages = [
            {"role": "system", "content": rules},
            {"role": "user", "content": f"{_TASK}\n\n{transcript}"},
        ]
        return {"model": body["model"], "messages": messages}

    def reply(self, chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
        """The compaction that a summary amounts to."""
        choice = next(iter(parts_of(chat.get("choices"))), {})
        message = choice.get("message")
        summary = text_of(message.get("content") if isinstance(message, dict) else None)
        _, newest = split(listed(body, request_id))
        kept: Item = {
            "id": output_id("compaction", request_id, 0),
            "type": "compaction",
            "encrypted_content": sealed(summary),
        }
        return {
            "id": response_id(request_id),
            "object": "response.compaction",
            "created_at": chat.get("created") or int(time.time()),
            "model": body["model"],
            "output": [kept, *newest],
            "usage": usage_of(chat.get("usage")),
        }

    def translator(self, body: Mapping[str, Any], request_id: str) -> Translator:
        """There is no stream of a compaction."""
        raise NotOffered("a compaction does not stream")


def split(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """The older items, and the newest: the user's last message and all that follows it.

    A conversation of one turn is old as a whole.
    """
    asked = [place for place, item in enumerate(items) if item.get("role") == "user"]
    last = asked[-1] if asked and asked[-1] > 0 else len(items)
    return items[:last], items[last:]


def _lines(items: list[Item]) -> Iterator[str]:
    for item in items:
        match item.get("type") or "message":
            case "message":
                content = item.get("content")
                text = text_of(content) or refusal_of(content)
                yield f"{item.get('role')}: {text}{_mentioned(content)}"
            case "function_call" | "custom_tool_call":
                given = item.get("arguments") or item.get("input")
                yield f"assistant calls {item.get('name')} with {given}"
            case "function_call_output" | "custom_tool_call_output":
                yield f"the tool answers: {text_of(item.get('output'))}"
            case "compaction" if summary := opened(item.get("encrypted_content")):
                yield f"before: {summary}"


def _mentioned(content: object) -> str:
    """The pictures and files of a message, which a transcript can only name."""
    parts = (part for part in parts_of(content) if "text" not in part)
    names = [str(part.get("type")).removeprefix("input_") for part in parts]
    return f" [{', '.join(names)}]" if names else ""


DIALECT = Compaction()
