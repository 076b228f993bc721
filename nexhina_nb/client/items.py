"""What is asked of the Responses API: a text, or items, as `input` (contract 1.15 and 1.16).

Messages of chats are taken as well, and turned into what the Responses API calls the same things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from nexhina_nb.client.images import image_parts
from nexhina_nb.client.messages import response_format
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.responding import RespondReply
from nexhina_nb.client.tools import tool_definitions
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of

Item = dict[str, Any]
_HOW = 'pass a text, or items such as {"role": "user", "content": "…"}'


def items_of(value: Any, images: Any = ()) -> list[Item]:
    """The input as items: a text, a dict, a reply, or several of them; ``images`` go into the last
    user message.
    """
    single = isinstance(value, (str, Mapping, ChatReply, RespondReply, BaseModel))
    if isinstance(value, bytes) or not (single or isinstance(value, Iterable)):
        raise BadInput(f"{kind_of(value)} is no input", hint=_HOW)
    items = [item for each in ([value] if single else value) for item in _items(each)]
    if not items or (isinstance(value, str) and not value.strip()):
        raise BadInput("the input is empty", hint="write what to ask")
    pictures = image_parts(images)
    return _with_images(items, pictures) if pictures else items


def _items(value: Any) -> list[Item]:
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if isinstance(value, RespondReply):
        return value.items
    if isinstance(value, ChatReply):
        value = value.message
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_unset=True, by_alias=True)
    if not isinstance(value, Mapping) or not (value.get("role") or value.get("type")):
        raise BadInput(f"{type(value).__name__} is no item of an input", hint=_HOW)
    return _translated(value) if value.get("role") else [dict(value)]


def _translated(message: Mapping[str, Any]) -> list[Item]:
    """A message of a chat as items: calls of tools and their results are items of their own."""
    role, content = str(message["role"]), message.get("content")
    if role == "tool":
        call = {"call_id": message.get("tool_call_id"), "output": content}
        return [{"type": "function_call_output", **call}]
    items = [_call(call) for call in message.get("tool_calls") or ()]
    if content or not items:
        parts = [_part(part, role) for part in content] if isinstance(content, list) else content
        kept = {"type", "id", "status"} & message.keys()
        said = {"role": role, "content": parts, **{name: message[name] for name in kept}}
        return [said, *items]
    return items


def _call(call: Any) -> Item:
    made = call.get("function") or {}
    named = {"name": made.get("name"), "arguments": made.get("arguments")}
    return {"type": "function_call", "call_id": call.get("id"), **named}


def _part(part: Any, role: str) -> Any:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind == "text" and role == "assistant":
        return {"type": "output_text", "text": part.get("text"), "annotations": []}
    if kind == "text":
        return {"type": "input_text", "text": part.get("text")}
    if kind == "image_url":
        return _image(part)
    return part


def _image(part: Mapping[str, Any]) -> Item:
    link = part["image_url"]
    given = link if isinstance(link, Mapping) else {"url": link}
    return {
        "type": "input_image",
        "image_url": given.get("url"),
        "detail": given.get("detail") or "auto",
    }


def _with_images(items: list[Item], pictures: list[Item]) -> list[Item]:
    users = [row for row, item in enumerate(items) if item.get("role") == "user"]
    if not users:
        raise BadInput("there is no user message to put the images into", hint="add one")
    message = items[users[-1]]
    content = message.get("content") or []
    before = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    whole = {**message, "content": [*before, *map(_image, pictures)]}
    return [*items[: users[-1]], whole, *items[users[-1] + 1 :]]


def text_format(json: bool, schema: Any) -> Item | None:
    """The form of the answer, as the Responses API writes it: flat, unlike in chat."""
    wanted = response_format(json, schema)
    if wanted is None:
        return None
    flat = {"type": wanted["type"], **wanted.get("json_schema", {})}
    return {"format": flat}


def flat_tools(tools: Any) -> list[Item]:
    """Tools (functions or dicts) as the Responses API writes them: flat, unlike in chat."""
    single = isinstance(tools, Mapping) or callable(tools)
    return [_flat(tool) for tool in ([tools] if single else tools)]


def _flat(tool: Any) -> Item:
    if isinstance(tool, Mapping) and tool.get("type") and "function" not in tool:
        return dict(tool)  # flat already, or one that the server has built in
    (chat,) = tool_definitions([tool])
    return {"type": chat["type"], **chat.get("function", {})}


def flat_choice(choice: Any) -> Any:
    """The choice of a tool: a chat's form of it is made flat."""
    if isinstance(choice, Mapping) and isinstance(choice.get("function"), Mapping):
        return {"type": "function", "name": choice["function"].get("name")}
    return choice
