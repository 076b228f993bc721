"""What chat and respond have in common: ask, show the answer as it grows, keep what came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from nexhina_nb.client import Client
from nexhina_nb.client.messages import conversation
from nexhina_nb.client.tools import tool_definitions
from nexhina_nb.errors import BadInput
from nexhina_nb.magics.commands.answer import Reply, Style, bundle, data_of
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price
from nexhina_nb.magics.commands.growth import Growth
from nexhina_nb.magics.commands.inputs import given
from nexhina_nb.magics.display import Remark
from nexhina_nb.magics.options import Asking
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import Estimate

TRUNCATED = "truncated: the answer reached its longest length; raise --max-tokens"


@dataclass(frozen=True, slots=True)
class Question:
    """A call that has not been made. ``unfinished`` makes a reply of a text that broke off."""

    verb: Literal["chat", "respond"]
    prompt: Any
    options: dict[str, Any]
    unfinished: Callable[[str, str], Reply]

    def send(self, client: Client, *, stream: bool) -> Any:
        """Make the call: a reply, or a stream of one."""
        return getattr(client, self.verb)(self.prompt, stream=stream, **self.options)

    def estimate(self, messages: Any, system: str | None, catalog: Catalog) -> Estimate:
        """What it would cost, told as the messages of a chat."""
        options = self.options
        tools = tool_definitions(options["tools"]) if options["tools"] else None
        return price(
            self.verb,
            conversation(messages, system=system, lang=options["lang"]),
            model=options["model"],
            tools=tools,
            max_tokens=options["max_tokens"],
            catalog=catalog,
        )


def options(context: Context, args: Asking) -> dict[str, Any]:
    """The options of the client that both verbs have."""
    names, settings = context.names, context.settings
    found = {
        "model": args.model or settings.model,
        "lang": args.lang or settings.lang or None,
        "temperature": args.temperature,
        "max_tokens": args.max_tokens,
        "json": args.json,
        "schema": names[args.schema] if args.schema else None,
        "tools": [names[tool] for tool in args.tool] or None,
    }
    if args.resume is not None:
        if not _streams(context, args):
            hint = "leave --no-stream out, and the setting stream on"
            raise BadInput("--resume is for streams", hint=hint)
        found["resume"] = args.resume
    return found


def pictures(context: Context, args: Asking) -> list[Any]:
    """The pictures that go with the text."""
    return [given(context.names, image) for image in args.image]


def ask(context: Context, args: Asking, question: Question) -> Reply:
    """Make the call, show the answer, keep the reply. Raises Stopped when interrupted: what came by
    then is shown and kept.
    """
    style: Style = "plain" if args.raw else "json" if args.json or args.schema else "markdown"
    client, live, watch = connect(context), context.screen.live(), Stopwatch()
    if _streams(context, args):
        unfinished = partial(question.unfinished, question.options["model"])
        growth = Growth(context, live, args.out, partial(data_of, style=style), unfinished)
        reply: Reply = growth.follow(partial(question.send, client, stream=True))
    else:
        reply = question.send(client, stream=False)
    live.end(bundle(reply, style, **watch.facts()))
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply)
    return reply


def conclude(context: Context, reply: Reply) -> None:
    """The last word on an answer. Raises Upstream when it has not the form that was asked for."""
    if reply.truncated:
        context.screen.show(Remark(TRUNCATED))
    if reply.text:
        _ = reply.parsed


def _streams(context: Context, args: Asking) -> bool:
    return context.settings.stream and not args.no_stream
