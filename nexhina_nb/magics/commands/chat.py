"""``%%nexhina chat``: plan the call, make it, show the answer as it grows, keep what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nexhina_nb.client import ChatStream, Client
from nexhina_nb.client.cost import Cost
from nexhina_nb.client.messages import conversation
from nexhina_nb.client.replies import ChatReply, partial_reply
from nexhina_nb.client.tools import tool_definitions
from nexhina_nb.errors import NexhinaError, Stopped
from nexhina_nb.magics.commands.answer import Style, bundle, calls_as_text, data_of
from nexhina_nb.magics.commands.connection import Stopwatch, connect, guard, preview, price
from nexhina_nb.magics.display import Live, Note, Remark
from nexhina_nb.magics.interpolate import interpolate
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.options import Chat
from nexhina_nb.magics.state import Context, Conversation
from nexhina_nb.pricing.estimate import Estimate

TRUNCATED = "truncated: the answer reached its longest length; raise --max-tokens"
STOPPED = "stopped"
BROKEN = "broken off"


@dataclass(frozen=True, slots=True)
class Plan:
    """A chat that has not been sent: the new message, the turns before it, the options."""

    message: dict[str, Any]
    earlier: Conversation
    options: dict[str, Any]
    style: Style

    @property
    def prompt(self) -> list[Any]:
        """All turns."""
        return [*self.earlier.turns, self.message]

    def estimate(self) -> Estimate:
        """What it would cost."""
        given = self.options
        messages = conversation(self.prompt, system=given["system"], lang=given["lang"])
        tools = tool_definitions(given["tools"]) if given["tools"] else None
        return price(
            "chat", messages, model=given["model"], tools=tools, max_tokens=given["max_tokens"]
        )


def chat(context: Context, args: Chat, body: str) -> Note | None:
    """Ask. Raises Stopped when interrupted: what came by then is shown and kept."""
    plan = _plan(context, args, body)
    if args.dry_run:
        return preview(context, args, plan.estimate())
    if args.budget is not None:
        guard(args, plan.estimate())
    reply = _ask(context, args, plan)
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply)
    if args.conversation is not None:
        _remember(context, args.conversation, plan, reply)
    if reply.truncated:
        context.screen.show(Remark(TRUNCATED))
    if reply.text:
        _ = reply.parsed  # raises Upstream when the answer has not the form that was asked for
    return None


def _plan(context: Context, args: Chat, body: str) -> Plan:
    names, settings = context.names, context.settings
    text = body if args.verbatim else interpolate(body, names)
    images = [_picture(image, names) for image in args.image]
    earlier = context.state.conversations.get(args.conversation or "") or Conversation()
    options = {
        "model": args.model or settings.model,
        "system": args.system or earlier.system,
        "lang": args.lang or settings.lang or None,
        "temperature": args.temperature,
        "max_tokens": args.max_tokens,
        "seed": args.seed,
        "stop": args.stop or None,
        "json": args.json,
        "schema": names[args.schema] if args.schema else None,
        "tools": [names[tool] for tool in args.tool] or None,
    }
    style: Style = "plain" if args.raw else "json" if args.json or args.schema else "markdown"
    return Plan(conversation(text.strip("\n"), images=images)[0], earlier, options, style)


def _picture(text: str, names: Names) -> Any:
    return names[text] if text.isidentifier() and text in names else text


def _ask(context: Context, args: Chat, plan: Plan) -> ChatReply:
    client, live, watch = connect(context), context.screen.live(), Stopwatch()
    if args.no_stream or not context.settings.stream:
        reply: ChatReply = client.chat(plan.prompt, stream=False, **plan.options)
    else:
        reply = _follow(context, args, client, plan, live)
    live.end(bundle(reply, plan.style, **watch.facts()))
    return reply


def _follow(context: Context, args: Chat, client: Client, plan: Plan, live: Live) -> ChatReply:
    stream: ChatStream | None = None
    try:
        with client.chat(plan.prompt, stream=True, **plan.options) as stream:
            for _ in stream:
                live.write(lambda: data_of(stream.text, plan.style))
    except KeyboardInterrupt:
        text = _keep(context, args, plan, live, stream, STOPPED)
        raise Stopped("the call was stopped", partial=text) from None
    except NexhinaError:
        _keep(context, args, plan, live, stream, BROKEN)
        raise
    return stream.reply


def _keep(
    context: Context, args: Chat, plan: Plan, live: Live, stream: ChatStream | None, note: str
) -> str:
    """What came of an answer without an end: show it, and put it into the variable. The gateway
    knows its price.
    """
    text = stream.text if stream is not None else ""
    if text:
        live.end((data_of(text, plan.style), {}))
        context.screen.show(Remark(note))
        context.state.costs.append(Cost())
        context.names.assign(args.out, partial_reply(text, plan.options["model"]))
    return text


def _remember(context: Context, name: str, plan: Plan, reply: ChatReply) -> None:
    # Without the tools' results a provider refuses a turn with calls, so they are kept as text.
    said = reply.text or calls_as_text(reply.tool_calls)
    kept = context.state.conversations.setdefault(name, plan.earlier)
    kept.system = plan.options["system"]
    kept.turns += [plan.message, {"role": "assistant", "content": said}]
