"""``%%nexhina chat``: a prompt, and the turns of a conversation before it."""

from __future__ import annotations

from functools import partial
from typing import Any

from nexhina_nb.client.messages import conversation
from nexhina_nb.client.replies import ChatReply, partial_reply
from nexhina_nb.magics.commands import asking
from nexhina_nb.magics.commands.answer import Reply, calls_as_text
from nexhina_nb.magics.commands.asking import Question
from nexhina_nb.magics.commands.connection import priced
from nexhina_nb.magics.commands.inputs import body_text
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Chat
from nexhina_nb.magics.state import Context, Conversation


def chat(context: Context, args: Chat, body: str) -> Note | None:
    """Ask. Raises Stopped when interrupted: what came by then is shown and kept."""
    earlier = context.state.conversations.get(args.conversation or "") or Conversation()
    question = _question(context, args, body, earlier)
    estimate = partial(question.estimate, question.prompt, question.options["system"])
    if (note := priced(context, args, estimate)) is not None:
        return note
    reply = asking.ask(context, args, question)
    if args.conversation is not None:
        _remember(context, args.conversation, earlier, question, reply)
    asking.conclude(context, reply)
    return None


def _question(context: Context, args: Chat, body: str, earlier: Conversation) -> Question:
    text, images = body_text(context, args, body), asking.pictures(context, args)
    (message,) = conversation(text, images=images)
    options: dict[str, Any] = {
        **asking.options(context, args),
        "system": args.system or earlier.system,
        "seed": args.seed,
        "stop": args.stop or None,
    }
    if args.reasoning is not None:
        options["reasoning_effort"] = args.reasoning
    return Question("chat", [*earlier.turns, message], options, _unfinished)


def _unfinished(model: str, text: str) -> ChatReply:
    return partial_reply(text, model)


def _remember(
    context: Context, name: str, earlier: Conversation, question: Question, reply: Reply
) -> None:
    # Without the tools' results a provider refuses a turn with calls, so they are kept as text.
    said = reply.text or calls_as_text(reply.tool_calls)
    kept = context.state.conversations.setdefault(name, earlier)
    kept.system = question.options["system"]
    kept.turns += [question.prompt[-1], {"role": "assistant", "content": said}]
