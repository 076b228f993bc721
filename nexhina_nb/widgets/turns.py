"""The turns of a chat, each a question with its answer: how they are sent, counted and shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from nexhina_nb.client.cost import Cost, total
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.errors import NexhinaError
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.widgets.markdown import render

State = Literal["coming", "done", "stopped", "failed"]

# Why an answer ended, where that is not because it was complete.
ENDINGS = {
    "length": "truncated: the answer reached its longest length; raise max_tokens",
    "content_filter": "cut: the provider's filter stepped in",
    "tool_calls": "the model wants a tool called, which this chat does not do",
}


@dataclass(slots=True)
class Turn:
    """A question and what became of it. ``cost`` is None until it is known or known to be unknown;
    ``tokens`` counts both sides.
    """

    number: int
    model: str
    question: str
    answer: str = ""
    state: State = "coming"
    error: NexhinaError | None = None
    reply: ChatReply | None = None
    cost: Cost | None = None
    tokens: int | None = None

    @property
    def note(self) -> str:
        """What must be known of the answer to understand it."""
        if self.state == "stopped":
            return "stopped"
        reason = self.reply.finish_reason if self.reply is not None else None
        return ENDINGS.get(reason or "", "")

    @property
    def bill(self) -> str:
        """What it cost: ``$0.0002 · 34 tokens``; empty while that is not known."""
        if self.cost is None:
            return ""
        counted = "" if self.tokens is None else f"{self.tokens:,} tokens"
        return " · ".join(filter(None, (price(self.cost), counted)))

    def fill(self, reply: ChatReply) -> None:
        """Take the text and the figures of a whole reply."""
        self.reply, self.answer = reply, reply.text
        if self.state == "done":
            self.cost = reply.cost
            used: Any = reply.usage.total_tokens if reply.usage is not None else None
            self.tokens = used if isinstance(used, int) else None

    def take_bill(self, cost: Cost, tokens: int | None) -> None:
        """Take the figures of a call that ended early."""
        self.cost, self.tokens = cost, tokens
        if self.reply is not None:
            self.reply = replace(self.reply, cost=cost)

    def messages(self) -> list[dict[str, Any]]:
        """The turn as it goes into the next request; nothing, if nothing was answered."""
        if self.state == "coming" or not self.answer:
            return []
        question = {"role": "user", "content": self.question}
        return [question, {"role": "assistant", "content": self.answer}]

    def growing(self, html: str) -> dict[str, Any]:
        """What the front end must learn while the answer comes."""
        return {"number": self.number, "html": html, "state": self.state}

    def view(self) -> dict[str, Any]:
        """All that the front end shows. Only what is public may be in it."""
        error = self.error
        return {
            "number": self.number,
            "model": self.model,
            "question": self.question,
            "html": render(self.answer),
            "text": self.answer,
            "state": self.state,
            "note": self.note,
            "error": "" if error is None else _one_line(error.message),
            "hint": "" if error is None else _one_line(error.hint or ""),
            "bill": self.bill,
        }


def price(cost: Cost) -> str:
    """``$0.0002``, ``about $0.0002`` by list prices, or ``cost unknown``."""
    if cost.usd is None:
        return "cost unknown"
    return f"{'' if cost.source == 'gateway' else 'about '}{format_usd(cost.usd)}"


def cost_of(turns: Iterable[Turn]) -> Cost:
    """What all these turns cost; unknown if one of them is."""
    return total(turn.cost for turn in turns if turn.cost is not None)


def summary(turns: Sequence[Turn]) -> str:
    """What all these turns cost, in words."""
    costs = [turn.cost for turn in turns if turn.cost is not None]
    known = [cost for cost in costs if cost.usd is not None]
    if not costs:
        return ""
    spent = total(known)
    least = f"at least {format_usd(spent.usd)}" if known and spent.usd is not None else ""
    words = price(spent) if len(known) == len(costs) else least or price(Cost())
    tokens = sum(turn.tokens or 0 for turn in turns)
    return f"{words} · {tokens:,} tokens"


def as_markdown(turns: Iterable[Turn]) -> str:
    """The conversation as Markdown, for where no widget can be shown."""
    return "\n\n".join(f"**You:** {turn.question}\n\n{_answered(turn)}" for turn in turns)


def as_text(turns: Iterable[Turn]) -> str:
    """The conversation as plain text."""
    return "\n\n".join(f"You: {turn.question}\n\n{_answered(turn)}" for turn in turns)


def _answered(turn: Turn) -> str:
    parts = [turn.answer, f"[{turn.note}]" if turn.note else "", _one_line(str(turn.error or ""))]
    return "\n\n".join(filter(None, parts))


def _one_line(text: str) -> str:
    return " ".join(text.split())
