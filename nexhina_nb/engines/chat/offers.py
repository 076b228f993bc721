"""What tools a request offers, and whether it insists on one (contract 1.6, 1.8 and 1.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nexhina_nb.errors import BadRequest
from nexhina_nb.wire import ChatCompletionRequest

ANY, NONE, FREE = "any", "none", ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function on offer; ``parameters`` is its JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools that may be called. ``must_call`` is a tool's name, or one of `ANY`, `NONE` and
    `FREE`; ``legacy`` says that they came as `functions`.
    """

    tools: tuple[Tool, ...] = ()
    must_call: str = FREE
    legacy: bool = False


def read(request: ChatCompletionRequest) -> Offer:
    """The offer of a request. Raises BadRequest where it insists on what it does not offer."""
    legacy = bool(request.functions) and not request.tools
    defined = request.functions or () if legacy else (row.function for row in request.tools or ())
    tools = tuple(
        Tool(row.name, row.description or "", row.parameters or {}) for row in defined if row
    )
    if legacy:
        return Offer(tools, _asked(tools, request.function_call, "function_call"), legacy=True)
    mode, names = _allowed(request.tool_choice)
    if names is not None:
        for name in names:
            _offered(tools, name, "tool_choice")
        tools = tuple(tool for tool in tools if tool.name in names)
        return Offer(tools, ANY if mode == "required" else FREE)
    return Offer(tools, _asked(tools, request.tool_choice, "tool_choice"))


def _asked(tools: tuple[Tool, ...], choice: Any, param: str) -> str:
    if isinstance(choice, str):
        if choice == "required" and not tools:
            raise BadRequest(
                "'tool_choice' is 'required', but there are no tools",
                param=param,
                hint="offer a function in 'tools', or leave 'tool_choice' out",
            )
        return {"none": NONE, "required": ANY}.get(choice, FREE)
    if choice is None:
        return FREE
    function = choice if param == "function_call" else choice.function
    if function is None:
        return ANY if tools else FREE
    return _offered(tools, function.name, param)


def _offered(tools: tuple[Tool, ...], name: str, param: str) -> str:
    if all(tool.name != name for tool in tools):
        raise BadRequest(
            f"'{param}' names the function '{name}', which is not on offer",
            param=param,
            hint="name one of the functions that the request defines",
        )
    return name


def _allowed(choice: Any) -> tuple[str, tuple[str, ...] | None]:
    """The mode and the names of ``{"type": "allowed_tools", …}``; None for any other choice."""
    if isinstance(choice, str) or choice is None or choice.type != "allowed_tools":
        return "", None
    told = (choice.model_extra or {}).get("allowed_tools")
    if not isinstance(told, Mapping) or not isinstance(told.get("tools"), list):
        raise BadRequest(
            "'tool_choice.allowed_tools' must be an object with 'mode' and 'tools'",
            param="tool_choice.allowed_tools",
        )
    return str(told.get("mode", "auto")), tuple(_names(told["tools"]))


def _names(rows: Iterable[Any]) -> Iterable[str]:
    for row in rows:
        function = row.get("function", row) if isinstance(row, Mapping) else None
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            yield function["name"]
