"""Tools and the choice among them, as a chat has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.base import Payload

MOST = 128

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def offered(body: Mapping[str, Any]) -> Payload:
    """The fields of a chat that say which tools there are; BadRequest for what a chat cannot say.

    Tools that Anthropic's own models know by name have no schema, so no other model can call them:
    they are left out, as if the model never chose them.
    """
    tools = [
        _function(tool, f"tools.{place}")
        for place, tool in enumerate(body.get("tools") or ())
        if tool.get("input_schema") is not None
    ]
    if len(tools) > MOST:
        raise BadRequest(f"this model takes at most {MOST} tools, not {len(tools)}", param="tools")
    if not tools:
        return {}
    return {"tools": tools} | _choice(body.get("tool_choice") or {}, tools)


def _function(tool: Mapping[str, Any], param: str) -> Payload:
    name = tool["name"]
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "this model takes names of at most 64 characters: letters, digits, _ and -",
            param=f"{param}.name",
        )
    function = {"name": name, "parameters": tool["input_schema"]}
    told = {key: tool[key] for key in ("description", "strict") if tool.get(key) is not None}
    return {"type": "function", "function": function | told}


def _choice(choice: Mapping[str, Any], tools: list[Payload]) -> Payload:
    fields: Payload = {}
    if choice.get("disable_parallel_tool_use"):
        fields["parallel_tool_calls"] = False
    if choice.get("type") == "tool":
        name = choice["name"]
        if name not in (tool["function"]["name"] for tool in tools):
            raise BadRequest(f"there is no tool '{name}'", param="tool_choice.name")
        fields["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif choice:
        fields["tool_choice"] = _CHOICES[choice["type"]]
    return fields
