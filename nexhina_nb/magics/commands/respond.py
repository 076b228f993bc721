"""``%%nexhina respond``: a chat's question, asked through the Responses API."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from nexhina_nb.client import RespondReply
from nexhina_nb.client.messages import conversation
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.magics.commands import asking
from nexhina_nb.magics.commands.asking import Question
from nexhina_nb.magics.commands.connection import priced
from nexhina_nb.magics.commands.inputs import whole_text
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.options import Respond
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Ratio, quota
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire import ResponseObject

_UNKNOWN_TURNS = "how much the earlier turns hold is not known here"


def respond(context: Context, args: Respond, body: str) -> Note | None:
    """Ask. Raises Stopped when interrupted: what came by then is shown and kept."""
    text = whole_text(context, args, body, "input", "ask")
    images = asking.pictures(context, args)
    options: dict[str, Any] = {
        **asking.options(context, args),
        "instructions": args.system,
        "images": images,
        "previous": _previous(context.names, args.previous),
        "reasoning": args.reasoning,
    }
    question = Question("respond", text, options, _unfinished)
    if (note := priced(context, args, partial(_estimate, question, args.system))) is not None:
        return note
    asking.conclude(context, asking.ask(context, args, question))
    return None


def _previous(names: Names, word: str | None) -> RespondReply | str | None:
    """The reply to go on from. Raises BadInput for a variable that holds something else."""
    if word is None or word.startswith("resp_"):
        return word
    value = names[word]
    if not isinstance(value, RespondReply):
        kind = kind_of(value)
        raise BadInput(
            f"{word} is no reply of respond but {kind}", hint="name a variable of its --out"
        )
    return value


def _estimate(question: Question, system: str | None, catalog: Catalog) -> Estimate:
    message = conversation(question.prompt, images=question.options["images"])
    estimated = question.estimate(message, system, catalog)
    previous = question.options["previous"]
    if previous is None:
        return estimated
    usage = previous.usage if isinstance(previous, RespondReply) else None
    if usage is None:
        return replace(estimated, floor=_UNKNOWN_TURNS)
    earlier = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    return _after(estimated, earlier, catalog.ratio(estimated.model))


def _after(estimated: Estimate, earlier: int, ratio: Ratio) -> Estimate:
    """The estimate of a turn that brings so many tokens of earlier ones along."""
    total, price = estimated.input_tokens + earlier, estimated.price
    if price is None:
        return replace(estimated, input_tokens=total)
    low, high = (quota(price, Tokens(total, most), ratio) for most in estimated.output_tokens)
    return replace(estimated, input_tokens=total, quota=(low, high))


def _unfinished(model: str, text: str) -> RespondReply:
    said = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "role": "assistant", "content": [said]}
    answer = {"id": "", "model": model, "status": "cancelled", "output": [message]}
    return RespondReply(ResponseObject.read(answer))
