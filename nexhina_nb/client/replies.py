"""What a chat gives back: a value that shows itself in a notebook and keeps what the wire said.

What changes from run to run (ids, times, cost, the model's exact name) goes into the output's
*metadata*, under ``nexhina``, so that a notebook run twice with the same answers stays the same
file.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from nexhina_nb.client import players
from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.target import Target
from nexhina_nb.errors import Upstream
from nexhina_nb.pricing.markup import escaped
from nexhina_nb.wire import (
    AssistantMessage,
    ChatCompletionChoice,
    ChatCompletionResponse,
    ToolCall,
    Usage,
)
from nexhina_nb.wire.base import Reply
from nexhina_nb.wire.extensions import QUOTA_HEADER

Bundle = tuple[dict[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Form:
    """The form that an answer was asked to have: free text, JSON, or what a schema says."""

    schema: Any = None
    is_json: bool = False

    def read(self, text: str, *, truncated: bool, request_id: str | None) -> Any:
        """A text as an instance of the schema's model class, or as plain data; None if free text
        was asked for. Raises Upstream if it does not fit.
        """
        if self == Form():
            return None
        try:
            if isinstance(self.schema, type) and issubclass(self.schema, BaseModel):
                return self.schema.model_validate_json(text)
            return json.loads(text)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, problem["loc"])) or "the answer"
            reason = f"{place}: {problem['msg']}"
        except (ValueError, RecursionError) as error:
            reason = str(error)
        hint = "ask again, or use a model that keeps to a schema"
        if truncated:
            reason, hint = "it was cut off", "raise max_tokens"
        raise Upstream(
            f"the answer does not fit what was asked for: {reason}",
            code="bad_response_body", hint=hint, request_id=request_id, body=text,
        )  # fmt: skip


def read_chat(
    target: Target,
    response: Response,
    raw: ChatCompletionResponse,
    form: Form,
    billed: str | None = None,
) -> ChatReply:
    """The reply that an answer holds; Upstream if it holds no choice."""
    choices: Any = raw.choices  # read leniently, so it may be anything
    if not isinstance(choices, list) or not choices or not all(map(_is_choice, choices)):
        raise not_an_answer(target, response, "has no choices")
    billed = billed or response.headers.get(QUOTA_HEADER)
    return ChatReply(raw, cost_of(billed, raw.model, raw.usage), response.request_id, form)


def _is_choice(value: Any) -> bool:
    return isinstance(value, ChatCompletionChoice) and isinstance(value.message, AssistantMessage)


def facts(
    model: str, request_id: str | None, cost: Cost, usage: Reply | None, **more: Any
) -> dict[str, Any]:
    """What changes from run to run, for output metadata."""
    tokens = usage.dump() if usage else None
    known = {"model": model, "request_id": request_id, "cost": cost.as_json(), "usage": tokens}
    return {"nexhina": {**known, **more}}


@dataclass(frozen=True, eq=False, repr=False)
class ChatReply:
    """The answer of a chat. ``raw`` is the response as it came (of a stream: joined), ``cost`` what
    it cost; ``resumed`` says how often a broken stream was asked again (``resume=``). What a
    broken call cost is often not told, and then left out.
    """

    raw: ChatCompletionResponse
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None
    form: Form = Form()
    resumed: int = 0

    @property
    def text(self) -> str:
        """The text of the first choice; empty if the model only called tools."""
        return _text(self.message)

    @property
    def texts(self) -> list[str]:
        """The texts of all choices (``n=``)."""
        return [_text(choice.message) for choice in self.raw.choices]

    @property
    def message(self) -> AssistantMessage:
        """The assistant's message, to be put into the next conversation."""
        return self.raw.choices[0].message

    @property
    def audio(self) -> bytes | None:
        """The answer as it was spoken (``modalities=["text", "audio"]``), None if it was not;
        ``text`` is then what was said.
        """
        spoken: Any = self.message.audio  # read leniently, so it may be anything
        data = getattr(spoken, "data", None)
        try:
            return base64.b64decode(data, validate=True) if isinstance(data, str) else None
        except binascii.Error:
            return None

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools that the model wants called; an empty list if none."""
        calls: Any = self.message.tool_calls
        known = calls if isinstance(calls, list) else ()
        return [call for call in known if isinstance(call, ToolCall)]

    @property
    def reasoning(self) -> str:
        """The thinking that the model showed, if it did."""
        extra = self.message.model_extra or {}
        shown = self.message.reasoning_content or extra.get("reasoning")
        return shown if isinstance(shown, str) else ""

    @property
    def usage(self) -> Usage | None:
        """Tokens as the gateway counted them; None if it did not say."""
        usage: Any = self.raw.usage
        return usage if isinstance(usage, Usage) else None

    @property
    def model(self) -> str:
        """The model that answered."""
        return str(self.raw.model)

    @property
    def finish_reason(self) -> str | None:
        """Why the answer ended: stop, length, tool_calls, content_filter."""
        reason = self.raw.choices[0].finish_reason
        return None if reason is None else str(reason)

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut off by ``max_tokens`` or the context; raise ``max_tokens`` to
        get all of it.
        """
        return self.finish_reason == "length"

    @cached_property
    def parsed(self) -> Any:
        """The answer as the ``schema`` asked for: an instance of the model class, or plain data;
        None for free text.

        Raises Upstream if the answer does not fit.
        """
        return self.form.read(self.text, truncated=self.truncated, request_id=self.request_id)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:59] + "…"
        calls = f", {len(self.tool_calls)} tool calls" if self.tool_calls else ""
        return f"<ChatReply {text!r}{calls}, {self.model}, {self.finish_reason}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        data = shown(self.text or calls_as_markdown(self.tool_calls))
        if (sound := self.audio) is not None:
            player = players.player("audio", sound, players.sound_type(sound), "the answer, spoken")
            said = data["text/plain"]
            data = {"text/html": f"{player}<p>{escaped(said)}</p>", "text/plain": said}
        more = {"finish_reason": self.finish_reason, "created": self.raw.created}
        if self.resumed:
            more["resumed"] = self.resumed
        return data, facts(self.model, self.request_id, self.cost, self.usage, **more)


def partial_reply(text: str, model: str, request_id: str | None = None) -> ChatReply:
    """What came of an answer that was stopped, as a reply like others; it has no finish reason."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": None}
    raw = ChatCompletionResponse.read({"model": model, "choices": [choice]})
    return ChatReply(raw, request_id=request_id)


def _text(message: AssistantMessage) -> str:
    refusal: Any = message.refusal
    content: Any = message.content  # read leniently, so it may be anything
    text = message.text if isinstance(content, (str, list)) else ""
    said: Any = getattr(message.audio, "transcript", None)
    text = text or (said if isinstance(said, str) else "")
    return text or (refusal if isinstance(refusal, str) else "")


def shown(text: str) -> dict[str, str]:
    """A model's text for a notebook.

    Never text/html: the front end renders Markdown with its sanitiser, which HTML would go past.
    """
    return {"text/markdown": text, "text/plain": printable(text)}


def printable(text: str) -> str:
    """The text without escape sequences of a terminal, which have no place in an answer."""
    return "".join(
        mark for mark in text if mark in "\n\t" or not (mark < " " or "\x7f" <= mark < "\xa0")
    )


def calls_as_markdown(calls: Sequence[ToolCall]) -> str:
    """The tools that a model wants called, as a block of code."""
    asked = [(call.function, call.type) for call in calls]
    lines = [f"{f.name}({f.arguments})" if f else f"a call of type {kind}" for f, kind in asked]
    fence = "`" * (3 + max((line.count("`") for line in lines), default=0))
    return "\n".join([fence, *lines, fence]) if lines else ""
