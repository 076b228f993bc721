"""How much a key and a group may ask at a time: requests and tokens a minute, requests at once."""

from __future__ import annotations

from collections.abc import Mapping

from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import Group


class Turn:
    """The place of one running call. ``headers`` tell the caller what is left."""

    headers: Mapping[str, str] = {}

    def leave(self, tokens: int) -> None:
        """The call is over and used so many tokens; a second time does nothing."""


class Limits:
    """The limits of one gateway. Belongs to its event loop."""

    async def admit(self, account: Account, group: Group | None, tokens: int) -> Turn:
        """Let a call in that is estimated to use so many tokens, perhaps after a wait.

        Raises RateLimited, with ``retry_after``.
        """
        return Turn()
