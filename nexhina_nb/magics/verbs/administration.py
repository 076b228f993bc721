"""The verbs that are commands of the command line: what they take is declared there."""

from __future__ import annotations

from nexhina_nb.magics.options import Administration
from nexhina_nb.magics.verbs.base import Verb

_GATEWAY = "for the gateway of this machine, whether or not it runs"


def _command(name: str, summary: str, run: str, *examples: str, of: str = _GATEWAY) -> Verb:
    return Verb(
        name,
        summary,
        Administration,
        f"administration:{run}",
        details=(
            f"The same as `nexhina {name}` in a terminal, {of}; --help lists all that it takes."
        ),
        examples=examples,
    )


ADMINISTRATION = (
    _command(
        "keys", "make, list, change and end keys of this machine's gateway", "keys",
        "%nexhina keys create --name ada --usd 1.00 --expires 7d -o ada",
        "%nexhina keys list",
        "%nexhina keys revoke 3",
    ),
    _command(
        "channels", "say where this machine's gateway sends calls", "channels",
        "%nexhina channels list",
        "%nexhina channels test lab",
    ),
    _command(
        "class", "give a class of students a code each, and see what they do", "classes",
        "%nexhina class create --students 30 --usd 0.50 --out codes.csv",
        "%nexhina class report",
    ),
    _command(
        "codes", "make and list codes that become keys", "codes",
        "%nexhina codes create --name friends --usd 1.00 -o codes",
        "%nexhina codes list",
    ),
    _command(
        "groups", "set what groups pay, and how much they may ask at a time", "groups",
        "%nexhina groups set students --ratio 0.8 --rpm 120",
    ),
    _command(
        "cache", "see and forget the answers of batches that are kept on disk", "cache",
        "%nexhina cache",
        "%nexhina cache clear --model local/* --older 7d",
        "%nexhina cache path",
        of="for the answers on this machine",
    ),
    _command(
        "verify", "check that every balance is the sum of its entries", "verify",
        "%nexhina verify",
    ),
)  # fmt: skip
