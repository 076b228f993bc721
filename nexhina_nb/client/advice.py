"""What to do next when a call fails: pure words from facts that `core` has gathered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nexhina_nb.client.account import KeyUsage
from nexhina_nb.pricing.names import suggest
from nexhina_nb.secret import Secret

# How servers put it: "maximum context length is 8192 tokens", "context window of 200,000",
# "limit: 4096 tokens"; Anthropic: "prompt is too long: 210000 tokens > 200000 maximum".
_LIMIT = re.compile(
    r"(?:context length|context window|context size|limit|maximum|max)\D{0,40}?(\d[\d,_]{2,})"
    r"|> ?(\d{3,}) maximum",
    re.I,
)

FOR_ACCOUNT = "only gateways of the Nexhina and New API kind tell a key what it used"


def for_model(asked: str, offered: Sequence[str], said: str = "") -> str:
    """Which models are near the one that was asked for, unless the server has ``said`` so."""
    if not offered:
        return "see `%nexhina models` for what this gateway offers"
    everything = f"`%nexhina models` lists all {len(offered)}"
    same = next((name for name in offered if name.lower() == asked.lower()), asked)
    near = suggest(asked, offered)
    if any(name in said for name in {same, *near[:1]} - {asked}):
        return everything
    if same != asked:
        return f"only the case differs: it is called {same!r}"
    start = "nearest" if near else "this gateway offers"
    names = ", ".join(near or offered[:5])
    return f"{start}: {names}; {everything}"


def limit_named(message: str) -> int | None:
    """The context limit that a server's message names, in tokens."""
    match = _LIMIT.search(message)
    return int(re.sub(r"\D", "", match[1] or match[2])) if match else None


def for_context(
    model: str, limit: int | None, sent: int | None, fitting: Sequence[str], wanted: int | None
) -> str:
    """What did not fit where, and what would fit."""
    counted = None if sent is None else f"{sent:,} tokens were sent"
    asked = f"{wanted:,} more were asked for as answer" if wanted else None
    allowed = f"{model} takes {limit:,}" if limit else None
    facts = ", ".join(part for part in (counted, asked, allowed) if part)
    advice = "shorten the input"
    if fitting:
        advice += f" or use a model with more room: {', '.join(fitting)}"
    return f"{facts}; {advice}" if facts else advice


def for_key(key: Secret) -> str:
    """How to give a key, or another one."""
    what = "this gateway does not take the key that is set" if key else "no key is set"
    return f"{what}: run `%nexhina login` or set NEXHINA_API_KEY"


def for_quota(left: KeyUsage | None) -> str:
    """What the key still has."""
    if left is None:
        return "redeem a code or ask the gateway's owner for more"
    if left.unlimited:
        return "the key has no limit, but its owner's wallet does: top that up"
    return f"the key has {left}; redeem a code or ask the gateway's owner for more"


def for_rate(retry_after: float | None) -> str:
    """When to come back."""
    if retry_after is None:
        return "wait a little and ask again"
    return f"come back in {_span(retry_after)}"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
