"""Asks the engine as a client would, and puts its pieces together again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from nexhina_nb.engines.base import Counts, Delta
from nexhina_nb.engines.chat import complete
from nexhina_nb.wire import ChatCompletionRequest


@dataclass
class Said:
    """One choice: its pieces, its tool calls as (id, name, arguments), why it ended, and what it
    told of its way.
    """

    pieces: list[str] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    finishes: list[str] = field(default_factory=list)
    thought: str = ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def messages(*turns: str, system: str | None = None) -> list[dict[str, Any]]:
    """User and assistant in turn, the user first."""
    roles = ("user", "assistant")
    told = [{"role": roles[at % 2], "content": turn} for at, turn in enumerate(turns)]
    return [{"role": "system", "content": system}, *told] if system else told


def run(*turns: str, system: str | None = None, **options: Any) -> tuple[dict[int, Said], Counts]:
    """All choices and the counts."""
    body = {"messages": messages(*turns, system=system), **options}
    request = ChatCompletionRequest.model_validate({"model": "local/chat", **body})
    choices: dict[int, Said] = defaultdict(Said)
    *deltas, counts = complete(request)
    assert isinstance(counts, Counts)
    for delta in deltas:
        assert isinstance(delta, Delta)
        _add(choices[delta.index], delta)
    return dict(choices), counts


def _add(said: Said, delta: Delta) -> None:
    assert not said.finishes, "nothing may follow the end"
    if delta.content is not None:
        said.pieces.append(delta.content)
    if delta.reasoning is not None:
        assert not said.pieces
        assert not said.calls
        said.thought += delta.reasoning
    said.logprobs.extend(delta.logprobs or ())
    for call in delta.tool_calls:
        if call.index == len(said.calls):
            assert call.id
            assert call.name
            said.calls.append([call.id, call.name, ""])
        else:
            assert call.id is None
            assert call.name is None
        said.calls[call.index][2] += call.arguments
    if delta.finish_reason:
        said.finishes.append(delta.finish_reason)


def say(*turns: str, system: str | None = None, **options: Any) -> str:
    """The text of the first choice."""
    return run(*turns, system=system, **options)[0][0].text
