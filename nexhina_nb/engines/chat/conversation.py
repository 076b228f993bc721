"""Reads a chat request into plain values, so that nothing behind this module knows the wire."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from nexhina_nb.engines.chat import form, material
from nexhina_nb.engines.chat.languages import detect, speaks
from nexhina_nb.engines.chat.prompt import Prompt, Turn
from nexhina_nb.wire import ChatCompletionRequest, ChatMessage

MOST_READ = 150_000  # characters of one message; a full context is shorter in every common script
_LASTING = re.compile(
    r"\b(?:from now on|always|for the rest of|ab jetzt|à partir de maintenant)\b", re.I
)
_LONG_BLANK = re.compile(r"\s{41,}")  # nobody reads them, and patterns are slow over them
_KINDS = {"image_url": "image", "input_audio": "audio", "video_url": "video", "file": "file"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function on offer; ``parameters`` is its JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered to the last task."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A whole request as plain values. ``must_call`` is a tool's name, "any", "none" or empty (free
    to choose).
    """

    prompt: Prompt
    digest: str
    tools: tuple[Tool, ...] = ()
    results: tuple[Result, ...] = ()
    must_call: str = ""
    parallel: bool = True
    legacy: bool = False
    json_mode: bool = False
    schema: dict[str, Any] | None = None
    unread: tuple[str, ...] = ()
    prefill: str = ""


def read(request: ChatCompletionRequest) -> Talk:
    """The request as the engine sees it."""
    messages = list(request.messages)
    prefill = _prefill(messages)
    last = max((at for at, row in enumerate(messages) if row.role == "user"), default=-1)
    task = _text(messages[last]) if last >= 0 else ""
    before = messages[: max(last, 0)]
    system = "\n".join(_text(row) for row in messages if row.role in ("system", "developer"))
    wants = request.response_format
    return Talk(
        prompt=_prompt(task, system, before),
        digest=_digest(request),
        tools=_tools(request),
        results=_results(messages[last + 1 :], messages),
        must_call=_must_call(request),
        parallel=request.parallel_tool_calls is not False and not request.functions,
        legacy=bool(request.functions) and not request.tools,
        json_mode=wants is not None and wants.type == "json_object",
        schema=_schema(request),
        unread=_unread(messages[last]) if last >= 0 else (),
        prefill=prefill,
    )


def _prompt(task: str, system: str, before: list[ChatMessage]) -> Prompt:
    wish, rest = _wishes(task)
    general, _ = form.read(system)
    turns = tuple(
        Turn("tool" if row.role == "function" else row.role, _text(row))
        for row in before
        if row.role not in ("system", "developer") and _text(row)
    )
    for turn in reversed(turns):
        if turn.role == "user" and _LASTING.search(turn.text[:2_000]):
            wish = wish.over(form.read(turn.text)[0])
    wish = wish.over(general)
    heard = detect(rest[:500])
    if not wish.language and speaks(heard) and heard != "en":
        wish = form.Form(language=heard).over(wish)
    return Prompt(task=rest, system=system, turns=turns, form=wish)


def _wishes(task: str) -> tuple[form.Form, str]:
    """The wishes of a task and the task without them; what a list says is no wish."""
    work = material.split(task)
    block = "\n".join(task.splitlines()[1:]) if work else ""
    if work is None or task.splitlines()[0].strip() != work.order:
        return form.read(task)
    wish, order = form.read(work.order)
    if order and order[-1] not in ":：?？.!":
        order += ":"
    return wish, f"{order}\n{block}".strip()


def _text(message: ChatMessage) -> str:
    # half a surrogate pair cannot be written as UTF-8, and NUL has no place in a text
    text = message.text[:MOST_READ].replace("\r\n", "\n").replace("\0", "")
    return _LONG_BLANK.sub(lambda run: run[0][:40], text.encode("utf-8", "replace").decode("utf-8"))


def _prefill(messages: list[ChatMessage]) -> str:
    """The beginning of the answer, if the conversation ends with one; taken off the list."""
    if messages and messages[-1].role == "assistant" and not messages[-1].tool_calls:
        return _text(messages.pop())
    return ""


def _unread(message: ChatMessage) -> tuple[str, ...]:
    if not isinstance(message.content, list):
        return ()
    kinds = (_KINDS.get(part.type, "") for part in message.content)
    return tuple(dict.fromkeys(kind for kind in kinds if kind))


def _tools(request: ChatCompletionRequest) -> tuple[Tool, ...]:
    offered = [row.function for row in request.tools or () if row.function]
    return tuple(
        Tool(row.name, row.description or "", row.parameters or {})
        for row in offered or request.functions or ()
    )


def _results(after: list[ChatMessage], messages: list[ChatMessage]) -> tuple[Result, ...]:
    names = {
        call.id: call.function.name
        for row in messages
        for call in row.tool_calls or ()
        if call.function
    }
    return tuple(
        Result(row.name or names.get(row.tool_call_id or "", ""), _text(row))
        for row in after
        if row.role in ("tool", "function")
    )


def _must_call(request: ChatCompletionRequest) -> str:
    choice = request.tool_choice
    if isinstance(choice, str):
        return {"none": "none", "required": "any"}.get(choice, "")
    if choice is not None:
        return choice.function.name if choice.function else "any"
    legacy = request.function_call
    if isinstance(legacy, str):
        return "none" if legacy == "none" else ""
    return legacy.name if legacy is not None else ""


def _schema(request: ChatCompletionRequest) -> dict[str, Any] | None:
    wants = request.response_format
    if wants is None or wants.type != "json_schema" or wants.json_schema is None:
        return None
    return wants.json_schema.schema_ or {}


def _digest(request: ChatCompletionRequest) -> str:
    told = "\x1f".join(f"{row.role}\x1e{_text(row)}" for row in request.messages)
    return hashlib.sha256(f"{request.seed}\x1f{told}".encode()).hexdigest()
