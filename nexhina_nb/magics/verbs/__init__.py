"""Every verb of ``%nexhina`` and ``%%nexhina``, once.

The parser, the help pages, completion and the reference in the documentation are made from these
rows and from those of `options`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from nexhina_nb.magics.options import Call, CellCall, Command, Option
from nexhina_nb.magics.verbs.account import ABOUT, ACCOUNT
from nexhina_nb.magics.verbs.administration import ADMINISTRATION
from nexhina_nb.magics.verbs.asking import ASKING
from nexhina_nb.magics.verbs.base import Verb
from nexhina_nb.magics.verbs.judging import JUDGING
from nexhina_nb.magics.verbs.media import MEDIA

__all__ = ["VERBS", "Verb", "find", "forms", "options"]

VERBS: tuple[Verb, ...] = (*ASKING, *JUDGING, *MEDIA, *ACCOUNT, *ADMINISTRATION, *ABOUT)
_SHARED = (CellCall, Call, Command)


def options(verb: Verb) -> Iterator[tuple[str, Option]]:
    """Field name and option: the verb's own first, then those that several verbs share."""
    shared = [{row.name for row in fields(base)} for base in reversed(_SHARED)]
    rows = sorted(fields(verb.args), key=lambda row: [row.name in names for names in shared])
    for row in rows:
        yield row.name, row.metadata["option"]


def find(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)


def forms(*, is_cell: bool) -> list[Verb]:
    """The verbs that may stand in a cell, or in a line."""
    return [form for verb in VERBS if (form := verb.form(is_cell=is_cell)) is not None]
