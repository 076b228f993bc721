"""Python functions as tools of a chat: name, description and JSON Schema from what the function
already says.
"""

from __future__ import annotations

import inspect
import itertools
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import PydanticUserError, TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError

from nexhina_nb.errors import BadInput

_SECTION = re.compile(
    r"^\s*(args|arguments|parameters|params|returns?|yields?|raises|examples?|notes?)\s*:?\s*$",
    re.I,
)
# The three common ways to write about a parameter: ":param x: …", "x (int): …" or "x: …", and "x :
# int".
_SPHINX = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(?P<name>\w+)\s*:\s*(?P<text>.*)$")
_GOOGLE = re.compile(r"^\s+(?P<name>\w+)\s*(?:\([^)]*\))?:\s+(?P<text>\S.*)$")
_NUMPY = re.compile(r"^\s*(?P<name>\w+)\s*:\s*\S.*$")


def tool_definitions(tools: Any) -> list[dict[str, Any]]:
    """One tool or several, each a function or a dict, as ToolDefinition dicts (contract 1.8)."""
    single = callable(tools) or isinstance(tools, Mapping) or not isinstance(tools, Iterable)
    return [_definition(tool) for tool in ([tools] if single else tools)]


def _definition(tool: Any) -> dict[str, Any]:
    if isinstance(tool, Mapping):
        # A bare FunctionDefinition is taken too: the wrapping carries no information.
        return dict(tool) if "type" in tool else {"type": "function", "function": dict(tool)}
    if hasattr(tool, "model_dump"):
        return _definition(tool.model_dump(exclude_unset=True))
    if not callable(tool):
        raise BadInput(f"tool {tool!r} is neither a function nor a dict", hint=_HINT)
    return {"type": "function", "function": function_definition(tool)}


_HINT = "pass functions with type hints, or dicts as in the OpenAI API"


def function_definition(function: Callable[..., Any]) -> dict[str, Any]:
    """The FunctionDefinition of a Python function (contract 1.6), from its signature, type hints
    and docstring.

    Raises BadInput for parameters that a model cannot fill in: ``*args``, ``**kwargs``,
    positional-only, or of a type without a JSON form.
    """
    name = getattr(function, "__name__", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise BadInput(f"a function called {name!r} cannot be a tool", hint="write it with def")
    doc = inspect.getdoc(function) or ""
    definition = {"name": name, "parameters": _parameters(function, name, _described(doc))}
    if summary := _summary(doc):
        definition["description"] = summary
    return definition


def _parameters(
    function: Callable[..., Any], name: str, descriptions: Mapping[str, str]
) -> dict[str, Any]:
    hints = _hints(function, name)
    properties: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    required: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise BadInput(f"tool {name}: parameter {parameter} has no name to fill in", hint=_HINT)
        schema = _schema(hints.get(parameter.name, Any), f"tool {name}: {parameter.name}")
        shared |= schema.pop("$defs", {})
        if parameter.name in descriptions:
            schema.setdefault("description", descriptions[parameter.name])
        properties[parameter.name] = schema
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    parameters = {"type": "object", "properties": properties, "required": required}
    return parameters | ({"$defs": shared} if shared else {}) | {"additionalProperties": False}


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise BadInput(f"tool {name}: its type hints cannot be read: {error}", hint=_HINT) from None


def _schema(hint: Any, where: str) -> dict[str, Any]:
    try:
        schema = dict(TypeAdapter(hint).json_schema())
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"{where} has no JSON form: {reason}", hint=_HINT) from None
    texts = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, str)]
    return {**schema, "description": texts[0]} if texts else schema


def _summary(doc: str) -> str:
    kept: list[str] = []
    for line in doc.splitlines():
        if _SECTION.match(line) or _SPHINX.match(line) or line.lstrip().startswith(":return"):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _described(doc: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, after in itertools.pairwise([*doc.splitlines(), ""]):
        if match := _SPHINX.match(line) or _GOOGLE.match(line):
            found[match["name"]] = match["text"].strip()
        elif (match := _NUMPY.match(line)) and after.startswith("    "):
            found.setdefault(match["name"], after.strip())
    return found
