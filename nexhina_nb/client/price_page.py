"""A gateway's price page, ``/api/pricing`` (contract 7.8), laid over the bundled catalogue and kept
for a minute.

What is billed is the gateway's own ratios times the ratio of the key's group, and the page tells
both. A server that has no such page, or does not answer soon, leaves the catalogue as it is. Each
`Price` says in its ``source`` where it is from.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache

from nexhina_nb.client.questions import PATIENCE, ask
from nexhina_nb.client.session import Session
from nexhina_nb.client.steps import Flow, Sleep
from nexhina_nb.client.target import Target
from nexhina_nb.pricing import page
from nexhina_nb.pricing.catalog import Catalog

PATH = "/api/pricing"
HERE = "the gateway of this machine"
FRESH = 60.0  # seconds that a page is good for
SOON = 30.0  # seconds until a gateway that did not answer is asked again
_MOST_PAGES = 64
_MOMENT = 0.02  # seconds between two looks whether the first page has come


@dataclass(slots=True)
class Kept:
    """The catalogue of one address and key, and until when (monotonic seconds) it is good, or
    somebody is asking for a newer one. ``is_first``: there was none before.

    ``asking`` is for threads that would otherwise all ask at once.
    """

    catalog: Catalog = field(default_factory=Catalog.bundled)
    until: float = 0.0
    is_first: bool = True
    asking: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_fresh(self) -> bool:
        """Whether it need not be asked for again."""
        return time.monotonic() < self.until

    def keep(self, catalog: Catalog, seconds: float) -> None:
        """Put a new one in its place."""
        self.catalog, self.is_first = catalog, False
        self.until = time.monotonic() + seconds

    def claim(self) -> None:
        """Ask for all who come meanwhile."""
        self.until = time.monotonic() + PATIENCE


def catalog(session: Session) -> Flow[Catalog]:
    """The prices of a session's calls: its gateway's own over the bundled catalogue.

    One flow asks; the others take what there is, and wait for the first page: without it, what only
    this gateway has would seem to have no price.
    """
    found = kept(session.target)
    while found.is_first and found.is_fresh:
        yield Sleep(_MOMENT)
    if not found.is_fresh:
        found.claim()
        answered, body = yield from ask(session, PATH)
        if answered:
            found.keep(page.over(Catalog.bundled(), body, _source(session.target)), FRESH)
        else:
            found.keep(found.catalog, SOON)
    return found.catalog


@lru_cache(_MOST_PAGES)
def kept(target: Target) -> Kept:
    """The one place for an address and a key, since a page is told to a key's group. The key goes
    nowhere but to that address.
    """
    return Kept()


def _source(target: Target) -> str:
    # The port of this machine's gateway is another one each time: with it a notebook that is run
    # again would not stay the same file.
    return f"{HERE}, {PATH}" if target.discovered else target.root + PATH
