"""The options that say what a key may do, for every command that makes or changes keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nexhina_nb.cli.common import NAMES, SPAN, USD, Reader, parse_span
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from nexhina_nb.store.terms import Terms

F = TypeVar("F", bound=Callable[..., Any])
PERIODS = {"day": "daily", "week": "weekly", "month": "monthly"}
# What `store.terms.NEVER` is; the store is loaded only when a command runs.
_NEVER = -1


def _expiry(text: str) -> int:
    return _NEVER if text == "never" else int(time.time()) + parse_span(text)


_COUNT = click.IntRange(0, 2**31 - 1)
_OPTIONS = (
    click.option("--models", type=NAMES, help="Only these models; '' for all of them."),
    click.option(
        "--expires",
        "expired_time",
        type=Reader("SPAN", _expiry),
        help="Lifetime from now, for example 30m, 12h, 7d or 2w; or never.",
    ),
    click.option("--group", help="Group whose prices, limits and channels count."),
    click.option("--budget", type=USD, help="Most that it may spend in each period; 0 for none."),
    click.option("--per", type=click.Choice(tuple(PERIODS)), help="The period of --budget."),
    click.option("--rpm", type=_COUNT, help="Requests a minute; 0 for no limit."),
    click.option("--tpm", type=_COUNT, help="Tokens a minute; 0 for no limit."),
    click.option("--parallel", type=_COUNT, help="Requests at a time; 0 for no limit."),
    click.option(
        "--queue", "queue_seconds", type=SPAN, help="Wait so long for a turn, for example 30s."
    ),
    click.option("--ips", "allow_ips", type=NAMES, help="Only from these addresses and networks."),
    click.option(
        "--capture/--no-capture", default=None, help="Keep prompts and answers, redacted."
    ),
)


def terms_options(command: F) -> F:
    """Give a command the options of terms; `changes` reads what came of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def changes(given: dict[str, Any]) -> dict[str, Any]:
    """Fields of `Terms` that were named on the command line. Raises BadInput."""
    from nexhina_nb.pricing.cost import QUOTA_PER_USD

    found = {name: value for name, value in given.items() if value is not None}
    if "models" in found:
        found["models"] = found["models"] or None
    budget, per = found.pop("budget", None), found.pop("per", None)
    if per is not None and budget is None:
        raise BadInput("--per goes with --budget", hint="for example --budget 0.50 --per day")
    if budget is not None:
        found["budget"] = int(budget * QUOTA_PER_USD)
        found["budget_period"] = _period(found["budget"], per)
    return found


def _period(budget: int, per: str | None) -> str:
    if not budget:
        return ""
    if per is None:
        raise BadInput("a budget needs its period", hint="for example --budget 0.50 --per day")
    return PERIODS[per]


def words(terms: Terms) -> str:
    """The limits in a cell of a table."""
    parts = [
        f"{value} {name}"
        for name, value in (("rpm", terms.rpm), ("tpm", terms.tpm), ("parallel", terms.parallel))
        if value
    ]
    if terms.models is not None:
        parts.append(f"models {', '.join(terms.models)}")
    return "; ".join([*parts, *(f"from {network}" for network in terms.allow_ips)])
