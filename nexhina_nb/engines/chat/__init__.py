"""The teaching chat engine: a small rule program that computes its answers from what it is given,
and says so.

General layout: `conversation` reads the request into plain values, `reply` decides between text,
JSON and tool calls (asking `skills` for the answer), `reasoning` tells how, `pieces` and
`logprobs` turn the decision into what streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain, zip_longest

from nexhina_nb.engines.base import Counts, Delta, ToolCallDelta
from nexhina_nb.engines.chat import conversation, logprobs, pieces, reasoning, reply
from nexhina_nb.engines.chat.pieces import Budget
from nexhina_nb.engines.chat.toolcalls import Call
from nexhina_nb.pricing import tokens
from nexhina_nb.wire import ChatCompletionRequest

__all__ = ["complete"]

_NAME = "local/chat"


def complete(request: ChatCompletionRequest) -> Iterator[Delta | Counts]:
    """Answers a chat request piece by piece; several choices take turns. Ends with the counts."""
    talk = conversation.read(request)
    budgets = [Budget(_limit(request)) for _ in range(request.n or 1)]
    streams = [_choice(request, talk, index, budget) for index, budget in enumerate(budgets)]
    for round_ in zip_longest(*streams):
        yield from (delta for delta in round_ if delta is not None)
    yield Counts(
        prompt=_prompt_tokens(request),
        completion=sum(budget.used for budget in budgets),
        reasoning=sum(budget.thought for budget in budgets),
    )


def _choice(
    request: ChatCompletionRequest, talk: conversation.Talk, index: int, budget: Budget
) -> Iterator[Delta]:
    decided = reply.decide(talk, _variant(request, index))
    stop = None
    if talk.effort:
        yield from _thought(reasoning.account(talk, decided), index, budget)
    if decided.calls:
        yield from chain.from_iterable(
            _call(call, place, index, budget) for place, call in enumerate(decided.calls)
        )
        done = "function_call" if talk.offer.legacy else "tool_calls"
    else:
        yield from _text(request, decided.text, index, budget)
        done = "stop"
        stop = pieces.first_stop(decided.text, request.stops)
    if budget.spent:
        yield Delta(index=index, finish_reason="length")
    else:
        yield Delta(index=index, finish_reason=done, stop=stop)


def _thought(text: str, index: int, budget: Budget) -> Iterator[Delta]:
    for piece in budget.take(pieces.split(text)):
        yield Delta(index=index, reasoning=piece.text)
    budget.thought = budget.used


def _text(request: ChatCompletionRequest, text: str, index: int, budget: Budget) -> Iterator[Delta]:
    if budget.spent:
        return
    before = logprobs.START
    for piece in budget.take(pieces.split(pieces.cut_at_stops(text, request.stops))):
        scored = None
        if request.logprobs:
            scored = logprobs.score(before, piece.ids, request.top_logprobs or 0)
        before = piece.ids[-1]
        yield Delta(index=index, content=piece.text, logprobs=scored)


def _call(call: Call, place: int, index: int, budget: Budget) -> Iterator[Delta]:
    if not budget.spent:
        budget.take(pieces.split(call.name))
    if budget.spent:  # half a name is no name
        return
    yield Delta(index=index, tool_calls=(ToolCallDelta(place, call.id, call.name),))
    for piece in budget.take(pieces.split(call.arguments)):
        yield Delta(index=index, tool_calls=(ToolCallDelta(place, arguments=piece.text),))


def _limit(request: ChatCompletionRequest) -> int | None:
    """The newer field wins where both are given."""
    if request.max_completion_tokens is not None:
        return request.max_completion_tokens
    return request.max_tokens


def _variant(request: ChatCompletionRequest, index: int) -> int:
    """Which wording: the canonical one when nothing is left to chance, else as seed and place
    decide.
    """
    if request.temperature == 0 or request.top_p == 0:
        return 0
    if request.seed is None:
        return index
    return int.from_bytes(hashlib.sha256(str(request.seed).encode()).digest()[:4], "big") + index


def _prompt_tokens(request: ChatCompletionRequest) -> int:
    offered = [row.dump() for row in request.tools or ()]
    offered += [{"function": row.dump()} for row in request.functions or ()]
    begun = (request.model_extra or {}).get("prefix") if not request.messages else None
    sent = tokens.count_messages([row.dump() for row in request.messages], _NAME, offered)
    return sent + (tokens.count(begun) if isinstance(begun, str) else 0)
