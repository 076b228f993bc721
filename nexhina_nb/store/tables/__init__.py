"""The tables as they are today. `migrations` holds the steps that lead here; a test holds the two
together.

Money is integer quota (500,000 = 1 USD), times are Unix seconds. Keys, codes and access tokens are
stored as their SHA-256 only; of a channel's keys the store knows where they are kept.
"""

from __future__ import annotations

from nexhina_nb.store.tables.calls import captures, logs, responses, tasks
from nexhina_nb.store.tables.columns import metadata
from nexhina_nb.store.tables.money import entries, prices
from nexhina_nb.store.tables.people import groups, redemptions, tokens, users
from nexhina_nb.store.tables.serving import channels, options

__all__ = [
    "captures",
    "channels",
    "entries",
    "groups",
    "logs",
    "metadata",
    "options",
    "prices",
    "redemptions",
    "responses",
    "tasks",
    "tokens",
    "users",
]
