"""An answer as a display: Markdown, JSON or plain text, with the tool calls below it, and above it
the thinking, folded up.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from nexhina_nb.client import ChatReply, RespondReply
from nexhina_nb.magics.display import Bundle, Data
from nexhina_nb.wire import ToolCall

Reply = ChatReply | RespondReply
Style = Literal["markdown", "json", "plain"]

# Escape sequences of a terminal have no place in an answer.
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


def data_of(text: str, style: Style) -> Data:
    """The display of a text, whole or in the making."""
    plain = text.translate(_CONTROL)
    if style == "plain":
        return {"text/plain": plain}
    markdown = _fenced(_pretty(text), "json") if style == "json" else text
    return {"text/markdown": markdown, "text/plain": plain}


def bundle(reply: Reply, style: Style, **facts: Any) -> Bundle:
    """The display of a whole reply; what changes from run to run goes into the metadata."""
    _, metadata = reply._repr_mimebundle_()
    metadata["nexhina"] |= facts
    calls = calls_as_text(reply.tool_calls)
    data = data_of(reply.text, style) if reply.text or not calls else {}
    if calls:
        below = data_of(calls, "plain") if style == "plain" else data_of_calls(calls)
        data = {kind: "\n\n".join(filter(None, (data.get(kind), below[kind]))) for kind in below}
    if reply.reasoning and "text/markdown" in data:
        data["text/markdown"] = f"{_folded(reply.reasoning)}\n\n{data['text/markdown']}"
    return data, metadata


def _folded(thinking: str) -> str:
    return f"<details><summary>Thinking</summary>\n\n{thinking.strip()}\n\n</details>"


def data_of_calls(calls: str) -> Data:
    """The calls that a model asked for, as they would be written in Python."""
    return {"text/markdown": _fenced(calls, "python"), "text/plain": calls.translate(_CONTROL)}


def calls_as_text(calls: list[ToolCall]) -> str:
    """One line a call: ``weather(city='Oslo')``."""
    return "\n".join(_call_as_text(call) for call in calls)


def _call_as_text(call: ToolCall) -> str:
    function: Any = call.function
    if function is None:
        return f"# a call of type {call.type}"
    try:
        arguments = json.loads(function.arguments or "{}")
    except (TypeError, ValueError):
        arguments = None
    if not isinstance(arguments, dict):
        return f"{function.name}({function.arguments})"
    return f"{function.name}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _fenced(text: str, language: str) -> str:
    longest = max((len(line) - len(line.lstrip("`")) for line in text.splitlines()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
