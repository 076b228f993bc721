"""``%nexhina models`` and ``%nexhina usage``: what the key may use and spend."""

from __future__ import annotations

from nexhina_nb.client import KeyUsage, ModelsReply
from nexhina_nb.magics.commands.connection import connect
from nexhina_nb.magics.options import Models, Usage
from nexhina_nb.magics.state import Context


def models(context: Context, args: Models) -> ModelsReply:
    """The models of the gateway."""
    reply = connect(context).models(args.pattern)
    context.names.assign(args.out, reply)
    return reply


def usage(context: Context, args: Usage) -> KeyUsage:
    """The balance of the key."""
    reply = connect(context).usage()
    context.names.assign(args.out, reply)
    return reply
