"""``%nexhina redeem``: a code becomes a key that nobody has to see."""

from __future__ import annotations

from nexhina_nb.errors import ConfigError
from nexhina_nb.magics.commands import safe
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Redeem
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.secret import Secret


def redeem(context: Context, args: Redeem) -> None:
    """Ask for the key, keep it, and use it from now on."""
    assert args.code is not None
    with context.state.destination(context.settings, context.base_url).connect() as client:
        url, made = client.base_url, client.redeem(args.code, args.name or "")
    # First of all: the code cannot be used again.
    safe.use(context, url, made.key)
    context.names.assign(args.out, made.key)
    told = f"{_kept(url, made.key)} Cells of this kernel use it."
    context.screen.show(Note(f"The key holds {format_usd(made.usd)}. {told}"))


def _kept(url: str, key: Secret) -> str:
    try:
        safe.save(safe.open_keyring(), url, key)
    except ConfigError as error:
        return f"It is kept for this session only: {error.message}."
    return "It is in the system's keyring."
