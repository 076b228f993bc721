"""Reads a chat request into plain values, so that nothing behind this module knows the wire."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from nexhina_nb.engines.chat import form, material, offers
from nexhina_nb.engines.chat.languages import detect, speaks
from nexhina_nb.engines.chat.messages import Message, joined, read_all
from nexhina_nb.engines.chat.offers import Offer
from nexhina_nb.engines.chat.prompt import Prompt, Turn
from nexhina_nb.wire import ChatCompletionRequest

_LASTING = re.compile(
    r"\b(?:from now on|always|for the rest of|ab jetzt|à partir de maintenant)\b", re.I
)
_SYSTEM = ("system", "developer")
_EFFORTS = {"none": "", "minimal": "low", "low": "low", "medium": "medium"} | dict.fromkeys(
    ("high", "xhigh", "max"), "high"
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered to the last task."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A whole request as plain values. ``unread`` are the kinds of parts of the task that nobody
    can read, ``effort`` is how much is to be told of the way to the answer.
    """

    prompt: Prompt
    digest: str
    offer: Offer = Offer()
    results: tuple[Result, ...] = ()
    parallel: bool = True
    json_mode: bool = False
    schema: dict[str, Any] | None = None
    unread: tuple[str, ...] = ()
    is_unheard: bool = False
    prefill: str = ""
    effort: str = ""


def read(request: ChatCompletionRequest) -> Talk:
    """The request as the engine sees it. Raises BadRequest for parts that are not what they say."""
    offer = offers.read(request)
    messages = read_all(request.messages)
    digest = _digest(request.seed, messages)
    prefill = _prefill(messages)
    last = max((at for at, row in enumerate(messages) if row.role == "user"), default=-1)
    wants = request.response_format
    return Talk(
        prompt=_prompt(messages, last) if messages else _beginning(request),
        digest=digest,
        offer=offer,
        results=_results(messages[last + 1 :], messages),
        parallel=request.parallel_tool_calls is not False and not offer.legacy,
        json_mode=wants is not None and wants.type == "json_object",
        schema=_schema(request),
        unread=messages[last].unread if last >= 0 else (),
        is_unheard=last >= 0 and messages[last].is_unheard,
        prefill=prefill,
        effort=_effort(request),
    )


def _beginning(request: ChatCompletionRequest) -> Prompt:
    """Of a request without messages: a bare beginning that is to be gone on with."""
    begun = (request.model_extra or {}).get("prefix")
    return Prompt(task=f"Continue this text: {begun}" if isinstance(begun, str) else "")


def _prompt(messages: list[Message], last: int) -> Prompt:
    """The prompt of the user message at ``last``; -1 where the user has said nothing."""
    told = messages[last] if last >= 0 else Message("user", "")
    before = [row for row in messages[: max(last, 0)] if row.role not in _SYSTEM]
    system = "\n".join(row.text for row in messages if row.role in _SYSTEM)
    wish, rest = _wishes(told.written)
    general, _ = form.read(system)
    turns = tuple(Turn(row.role, row.text) for row in before if row.text)
    for turn in reversed(turns):
        if turn.role == "user" and _LASTING.search(turn.text[:2_000]):
            wish = wish.over(form.read(turn.text)[0])
    wish = wish.over(general)
    heard = detect(rest[:500])
    if not wish.language and speaks(heard) and heard != "en":
        wish = form.Form(language=heard).over(wish)
    shown = [row.pictures for row in before if row.pictures]
    return Prompt(
        task=joined(rest, told.heard),
        system=system,
        turns=turns,
        form=wish,
        pictures=told.pictures,
        shown=told.pictures or (shown[-1] if shown else ()),
        heard=told.heard,
    )


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


def _prefill(messages: list[Message]) -> str:
    """The beginning of the answer, if the conversation ends with one; taken off the list."""
    if messages and messages[-1].role == "assistant" and not messages[-1].calls:
        return messages.pop().text
    return ""


def _results(after: list[Message], messages: list[Message]) -> tuple[Result, ...]:
    names = {identity: name for row in messages for identity, name in row.calls}
    return tuple(
        Result(row.name or names.get(row.answers, ""), row.text)
        for row in after
        if row.role == "tool"
    )


def _effort(request: ChatCompletionRequest) -> str:
    """How much thinking is to be shown: "low", "medium", "high", or empty for none.

    OpenAI's field decides; without it, the switches that other vendors have (contract 1.10).
    """
    if request.reasoning_effort is not None:
        return _EFFORTS.get(request.reasoning_effort, "medium")
    extra = request.model_extra or {}
    thinking, reasoning = extra.get("thinking"), extra.get("reasoning")
    if isinstance(reasoning, dict) and isinstance(reasoning.get("effort"), str):
        return _EFFORTS.get(reasoning["effort"], "medium")
    switched_on = isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive")
    return "medium" if extra.get("enable_thinking") is True or switched_on else ""


def _schema(request: ChatCompletionRequest) -> dict[str, Any] | None:
    wants = request.response_format
    if wants is None or wants.type != "json_schema" or wants.json_schema is None:
        return None
    return wants.json_schema.schema_ or {}


def _digest(seed: int | None, messages: list[Message]) -> str:
    told = "\x1f".join(f"{row.role}\x1e{row.text}" for row in messages)
    return hashlib.sha256(f"{seed}\x1f{told}".encode()).hexdigest()
