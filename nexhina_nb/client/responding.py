"""What the Responses API gives back: a value that shows itself in a notebook, and that the next
request can follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.replies import Bundle, Form, calls_as_markdown, facts, shown
from nexhina_nb.client.target import Target
from nexhina_nb.wire import ResponseObject, ResponseUsage, ToolCall
from nexhina_nb.wire.extensions import QUOTA_HEADER

UNDER_WAY = frozenset({"queued", "in_progress"})
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}


@dataclass(frozen=True, eq=False, repr=False)
class RespondReply:
    """A response. ``raw`` is it as it came, ``cost`` what it cost, ``resumed`` how often a broken
    stream was asked again.

    ``sent`` are the items that were asked, so that a conversation can go on without the gateway
    having kept it.
    """

    raw: ResponseObject
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None
    form: Form = Form()
    sent: Sequence[dict[str, Any]] = ()
    resumed: int = 0

    @property
    def id(self) -> str:
        """The id under which the gateway keeps it, if it does."""
        return str(self.raw.id)

    @property
    def status(self) -> str:
        """completed, incomplete, cancelled; queued or in_progress while it is being made."""
        return str(self.raw.status or "completed")

    @property
    def done(self) -> bool:
        """Whether it is no longer being made."""
        return self.status not in UNDER_WAY

    @property
    def text(self) -> str:
        """The text of all messages; a refusal if there is nothing else."""
        parts = [part for item in self._output("message") for part in _objects(item.get("content"))]
        said = [part.get("text") for part in parts if part.get("type") == "output_text"]
        refused = [part.get("refusal") for part in parts if part.get("type") == "refusal"]
        return _joined(said) or _joined(refused)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools that the model wants called, as a chat has them; an empty list if none.

        The next request brings what they gave: ``{"type": "function_call_output", "call_id":
        call.id, "output": "…"}``.
        """
        return [_as_tool_call(item) for item in self._output("function_call")]

    @property
    def reasoning(self) -> str:
        """The thinking that the model showed, in short or in full, if it did."""
        thoughts = [
            item.get("summary") or item.get("content") for item in self._output("reasoning")
        ]
        return _joined([part.get("text") for thought in thoughts for part in _objects(thought)])

    @property
    def usage(self) -> ResponseUsage | None:
        """Tokens as the gateway counted them; None if it did not say."""
        usage: Any = self.raw.usage
        return usage if isinstance(usage, ResponseUsage) else None

    @property
    def model(self) -> str:
        """The model that answered."""
        return str(self.raw.model)

    @property
    def finish_reason(self) -> str | None:
        """Why it ended, in a chat's words: stop, length, tool_calls, content_filter; None while it
        is being made.
        """
        if self.status == "incomplete":
            reason = str(getattr(self.raw.incomplete_details, "reason", "") or "length")
            return _REASONS.get(reason, reason)
        if self.status != "completed":
            return None if self.status in UNDER_WAY else self.status
        return "tool_calls" if self.tool_calls else "stop"

    @property
    def truncated(self) -> bool:
        """Whether it was cut off by ``max_tokens``."""
        return self.finish_reason == "length"

    @cached_property
    def parsed(self) -> Any:
        """The answer as the ``schema`` asked for: an instance of the model class, or plain data;
        None for free text.

        Raises Upstream if the answer does not fit.
        """
        return self.form.read(self.text, truncated=self.truncated, request_id=self.request_id)

    @property
    def items(self) -> list[dict[str, Any]]:
        """Its output, as items of a next request; thoughts that cannot be sent back are left
        out.
        """
        return [
            item
            for item in self._output()
            if item.get("type") != "reasoning" or item.get("encrypted_content")
        ]

    def _output(self, kind: str = "") -> list[dict[str, Any]]:
        # As plain values: what is read leniently may have other forms than its types say.
        items = _objects(self.raw.dump().get("output"))
        return [item for item in items if not kind or item.get("type") == kind]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:59] + "…"
        calls = f", {len(self.tool_calls)} tool calls" if self.tool_calls else ""
        return f"<RespondReply {text!r}{calls}, {self.model}, {self.status}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        text = self.text or calls_as_markdown(self.tool_calls)
        more: dict[str, Any] = {"finish_reason": self.finish_reason, "id": self.id}
        more |= {"status": self.status} | ({"resumed": self.resumed} if self.resumed else {})
        known = facts(self.model, self.request_id, self.cost, self.usage, **more)
        return shown(text or f"*The response is {self.status}.*"), known


def read_response(
    target: Target,
    response: Response,
    answer: dict[str, Any],
    *,
    form: Form = Form(),  # noqa: B008 - a value that nothing changes
    sent: Sequence[dict[str, Any]] = (),
    billed: str | None = None,
) -> RespondReply:
    """The reply that an answer holds; Upstream if it is no response."""
    if not isinstance(answer.get("output"), list) or not isinstance(answer.get("id"), str):
        raise not_an_answer(target, response, "is no response")
    raw = ResponseObject.read(answer)
    billed = billed or response.headers.get(QUOTA_HEADER)
    cost = cost_of(billed, raw.model, raw.usage)
    return RespondReply(raw, cost, response.request_id, form, tuple(sent))


def _as_tool_call(item: dict[str, Any]) -> ToolCall:
    function = {"name": item.get("name"), "arguments": item.get("arguments")}
    return ToolCall.read({"id": item.get("call_id"), "type": "function", "function": function})


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _joined(texts: Sequence[Any]) -> str:
    return "".join(text for text in texts if isinstance(text, str))
