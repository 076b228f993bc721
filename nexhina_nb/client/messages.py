"""What is asked of a chat: a prompt or a conversation as messages, and the form that the answer
must have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel

from nexhina_nb.client.images import image_parts
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.wire import AssistantMessage, ChatMessage

if TYPE_CHECKING:
    from nexhina_nb.client.replies import ChatReply

Message: TypeAlias = "Mapping[str, Any] | ChatMessage | ChatReply"
Prompt: TypeAlias = "str | Message | Sequence[Message]"

_LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ru": "Russian", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese", "zh-cn": "Simplified Chinese", "zh-tw": "Traditional Chinese",
}  # fmt: skip


def conversation(
    prompt: Any, *, system: str | None = None, lang: str | None = None, images: Any = ()
) -> list[dict[str, Any]]:
    """The messages of a prompt (a str) or of a conversation (dicts, messages, or replies of earlier
    chats).

    ``system`` comes first; ``lang`` adds the request for that language to it; ``images`` go into
    the last user message.
    """
    messages = (
        [{"role": "user", "content": prompt}] if isinstance(prompt, str) else _several(prompt)
    )
    if not messages or (isinstance(prompt, str) and not prompt.strip()):
        raise BadInput("the prompt is empty", hint="write what to ask")
    if pictures := image_parts(images):
        _attach(messages, pictures)
    if system:
        if messages[0]["role"] in ("system", "developer"):
            raise BadInput("the conversation has a system message already", hint="leave out system")
        messages.insert(0, {"role": "system", "content": system})
    if lang:
        _ask_for_language(messages, lang)
    return messages


def _several(prompt: Any) -> list[dict[str, Any]]:
    if isinstance(prompt, Mapping) or hasattr(prompt, "message") or isinstance(prompt, BaseModel):
        prompt = [prompt]
    if isinstance(prompt, bytes) or not isinstance(prompt, Iterable):
        raise BadInput(f"{kind_of(prompt)} is no prompt", hint="pass a text or a list of messages")
    return [_message(item, row) for row, item in enumerate(prompt)]


def _message(item: Any, row: int) -> dict[str, Any]:
    if hasattr(item, "message"):
        return _as_sent(item.message)  # a ChatReply stands for the message it brought
    if isinstance(item, BaseModel):
        item = item.model_dump(exclude_unset=True, by_alias=True)
    if not isinstance(item, Mapping) or not isinstance(item.get("role"), str):
        raise BadInput(
            f"message {row} is {type(item).__name__}, not a message",
            hint='a message is {"role": "user", "content": "…"}',
        )
    return dict(item)


def _as_sent(message: AssistantMessage) -> dict[str, Any]:
    """What a reply brought, as a turn of the next request: without what only replies have."""
    turn = {name: value for name, value in message.dump().items() if value is not None}
    turn.setdefault("content", None)
    left_out = {"annotations"}
    if "tool_calls" not in turn:
        # DeepSeek refuses old thoughts, unless they led to a call whose result is now sent back.
        left_out |= {"reasoning_content", "reasoning"}
    return {name: value for name, value in turn.items() if name not in left_out}


def _attach(messages: list[dict[str, Any]], parts: list[dict[str, Any]]) -> None:
    users = [row for row, message in enumerate(messages) if message["role"] == "user"]
    if not users:
        raise BadInput("there is no user message to put the images into", hint="add one")
    message = messages[users[-1]]
    content = message.get("content") or []
    before = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    messages[users[-1]] = {**message, "content": before + parts}


def language_wish(lang: Any) -> str:
    """The sentence that asks for a language ("zh", "French")."""
    if not isinstance(lang, str):
        raise BadInput(f"lang is {kind_of(lang)}", hint='for example "zh" or "French"')
    return f"Answer in {_LANGUAGES.get(lang.lower(), lang)}."


def _ask_for_language(messages: list[dict[str, Any]], lang: Any) -> None:
    wish = language_wish(lang)
    first = messages[0]
    if first["role"] in ("system", "developer") and isinstance(first.get("content"), str):
        messages[0] = {**first, "content": f"{first['content']}\n\n{wish}"}
    else:
        messages.insert(0, {"role": "system", "content": wish})


def response_format(json: bool, schema: Any) -> dict[str, Any] | None:
    """JSON mode, or the strict form of a pydantic class or a JSON Schema; None for free text."""
    if schema is None:
        return {"type": "json_object"} if json else None
    if isinstance(schema, Mapping):
        name, plain = str(schema.get("title") or "answer"), dict(schema)
    elif isinstance(schema, type) and hasattr(schema, "model_json_schema"):
        name, plain = schema.__name__, schema.model_json_schema()
    else:
        raise BadInput(
            f"schema is {kind_of(schema)}",
            hint="pass a pydantic class or a JSON Schema",
        )
    form = {
        "name": re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64],
        "schema": strictly(plain),
        "strict": True,
    }
    return {"type": "json_schema", "json_schema": form}


def strictly(schema: Any) -> Any:
    """The schema as strict mode wants it: every object closed, every property required; nothing
    else is changed.
    """
    if isinstance(schema, list):
        return [strictly(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    # Below "properties" and "$defs" the keys are names, not keywords, so they must not be read as
    # such.
    named = {"properties", "$defs", "definitions"}
    closed = {
        key: {name: strictly(part) for name, part in value.items()}
        if key in named and isinstance(value, Mapping)
        else value if key in ("default", "const", "enum", "examples") else strictly(value)
        for key, value in schema.items()
    }  # fmt: skip
    if isinstance(closed.get("properties"), Mapping):
        closed["required"] = list(closed["properties"])
        closed.setdefault("additionalProperties", False)
    return closed
