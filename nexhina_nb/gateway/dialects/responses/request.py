"""A Responses request as the chat that asks for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb import wire
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.responses.content import parts_of, uncarried
from nexhina_nb.gateway.dialects.responses.items import Message, messages_of
from nexhina_nb.gateway.dialects.responses.thread import items_of
from nexhina_nb.wire.validation import check

Body = Mapping[str, Any]
Payload = dict[str, Any]

# What `chat_of` says in chat's own words, or what concerns only this gateway. All else is passed on
# as it is: a seed means the same in both.
_TRANSLATED = frozenset(
    {"input", "instructions", "max_output_tokens", "text", "tools", "tool_choice", "reasoning",
     "include", "top_logprobs", "stream", "stream_options", "store", "background", "metadata",
     "truncation", "max_tool_calls", "previous_response_id", "conversation", "prompt",
     "context_management", "parallel_tool_calls"}
)  # fmt: skip
_WANTS_LOGPROBS = "message.output_text.logprobs"
_NAMED = ("function", "custom")


def chat_of(body: Body) -> Payload:
    """The chat. Raises BadRequest, naming the field, for what chat cannot carry."""
    for name in ("conversation", "prompt", "previous_response_id"):
        if body.get(name):
            raise uncarried(name, "is kept by another server")
    if not (messages := conversation_of(body)):
        raise BadRequest("'input' must have at least one item", param="input")
    chat = {name: value for name, value in body.items() if name not in _TRANSLATED}
    chat |= {"messages": messages, **_tools(body), **_text(body), **_logprobs(body)}
    if (length := body.get("max_output_tokens")) is not None:
        chat["max_completion_tokens"] = length
    if effort := (body.get("reasoning") or {}).get("effort"):
        chat["reasoning_effort"] = effort
    chat = {name: value for name, value in chat.items() if value is not None}
    check(wire.ChatCompletionRequest, chat)
    return chat


def conversation_of(body: Body) -> list[Message]:
    """The instructions and the items, as messages."""
    said = body.get("instructions")
    first: list[Message] = [{"role": "system", "content": said}] if said else []
    return first + messages_of(items_of(body))


def _tools(body: Body) -> Payload:
    tools = [_tool(tool, f"tools.{place}") for place, tool in enumerate(body.get("tools") or ())]
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        choice, tools = _chosen(choice, tools)
    if not tools:
        return {}
    return {
        "tools": tools,
        "tool_choice": choice,
        "parallel_tool_calls": body.get("parallel_tool_calls"),
    }


def _tool(tool: Mapping[str, Any], where: str) -> Payload:
    kind = tool["type"]
    if kind not in _NAMED:
        raise uncarried(where, f"is the built-in tool {kind!r}")
    names = ("name", "description", *(("parameters", "strict") if kind == "function" else ()))
    told = {name: tool[name] for name in names if tool.get(name) is not None}
    if kind == "custom" and tool.get("format"):
        told["format"] = _grammar(tool["format"])
    return {"type": kind, kind: told}


def _grammar(form: Mapping[str, Any]) -> Payload:
    if form.get("type") != "grammar":
        return dict(form)
    rest = {name: value for name, value in form.items() if name != "type"}
    return {"type": "grammar", "grammar": rest}


def _chosen(choice: Mapping[str, Any], tools: list[Payload]) -> tuple[Any, list[Payload]]:
    """The choice, and the tools that it leaves: of several, only these are offered."""
    kind = choice.get("type")
    if kind in _NAMED:
        return {"type": kind, kind: {"name": choice.get("name")}}, tools
    if kind != "allowed_tools":
        raise uncarried("tool_choice", f"is the built-in tool {kind!r}")
    named = [(one.get("type"), one.get("name")) for one in parts_of(choice.get("tools"))]
    left = [tool for tool in tools if (tool["type"], tool[tool["type"]]["name"]) in named]
    if not left:
        raise BadRequest("'tool_choice.tools' must name some of 'tools'", param="tool_choice.tools")
    return choice.get("mode", "auto"), left


def _text(body: Body) -> Payload:
    text = body.get("text") or {}
    form = text.get("format") or {}
    told: Payload = {"verbosity": text.get("verbosity")}
    if form.get("type") == "json_schema":
        schema = {name: value for name, value in form.items() if name != "type"}
        told["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif form.get("type") == "json_object":
        told["response_format"] = {"type": "json_object"}
    return told


def _logprobs(body: Body) -> Payload:
    top = body.get("top_logprobs")
    if not top and _WANTS_LOGPROBS not in (body.get("include") or ()):
        return {}
    return {"logprobs": True, "top_logprobs": top}
