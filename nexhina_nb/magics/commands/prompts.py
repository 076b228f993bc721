"""``%%nexhina ask``: a prompt for each row of a frame."""

from __future__ import annotations

from functools import partial
from typing import Any

from nexhina_nb.batch import template
from nexhina_nb.errors import BadInput
from nexhina_nb.magics import frames
from nexhina_nb.magics.commands.rows import each_row
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.interpolate import interpolate
from nexhina_nb.magics.options import Ask as AskArgs
from nexhina_nb.magics.state import Context
from nexhina_nb.tabular.answers import Ask


def ask(context: Context, args: AskArgs, body: str) -> Note | None:
    """A frame → the same kind of frame with the answers about its rows."""
    assert args.frame is not None
    names = context.names
    plan = Ask(
        prompt=_prompt(context, args, body),
        form=names[args.schema] if args.schema else None,
        into=args.into,
        system=args.system,
        lang=args.lang or context.settings.lang or None,
        temperature=args.temperature,
        max_tokens=args.max_tokens,
        seed=args.seed,
    )
    frame = frames.frame_of(names, args.frame)
    told = partial(_told, plan)
    return each_row(context, args, plan, frame, told, cache=not args.no_cache)


def _prompt(context: Context, args: AskArgs, body: str) -> str:
    """The text below the line. Braces in the value of a variable are no places of columns."""
    text = body if args.verbatim else interpolate(body, context.names, template.literal)
    if not text.strip():
        hint = "write what to ask about a row below the first line, with {column} in it"
        raise BadInput("the prompt is empty", hint=hint)
    return text.strip("\n")


def _told(plan: Ask, frame: Any) -> str:
    holds = "holds" if len(plan.names) == 1 else "hold"
    named = ", ".join(f'"{name}"' for name in plan.names)
    return f"{named} {holds} the answers"
