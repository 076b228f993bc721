"""What a key may do: how much it may spend, on what, how fast, from where, and until when."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.store.periods import PERIODS

NEVER = -1
# Contract 7.3: a limited key may be given up to 1e9 USD; what it holds stays within an int32.
MAX_QUOTA = 2**31 - 1
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one key.

    ``remain_quota`` None: only the wallet limits it. ``models``: None for all of them.
    ``expired_time`` in Unix seconds, -1 never. ``allow_ips``: addresses and networks, empty for
    everywhere. ``budget`` (quota) begins anew every ``budget_period`` (daily, weekly, monthly).
    ``rpm`` and ``tpm`` are requests and tokens a minute, ``parallel`` requests at a time, 0 for no
    limit; ``queue_seconds``: how long a request waits for its turn rather than being refused.
    ``capture``: prompts and answers are kept, redacted. ``manages``: the admin API is open to it.
    """

    remain_quota: int | None = None
    expired_time: int = NEVER
    models: tuple[str, ...] | None = None
    group: str = ""
    cross_group_retry: bool = False
    allow_ips: tuple[str, ...] = ()
    budget: int = 0
    budget_period: str = ""
    rpm: int = 0
    tpm: int = 0
    parallel: int = 0
    queue_seconds: int = 0
    capture: bool = False
    manages: bool = False

    def __post_init__(self) -> None:
        for name in ("budget", "rpm", "tpm", "parallel", "queue_seconds"):
            if not 0 <= getattr(self, name) <= _MOST:
                raise BadInput(f"'{name}' must be from 0 to {_MOST}")
        if self.remain_quota is not None and not 0 <= self.remain_quota <= MAX_QUOTA:
            raise BadInput(f"an amount is between 0 and {MAX_QUOTA // 500_000} USD")
        if bool(self.budget) != bool(self.budget_period) or (
            self.budget_period and self.budget_period not in PERIODS
        ):
            raise BadInput(
                "a budget has an amount and a period", hint=f"periods: {', '.join(PERIODS)}"
            )
        if len(self.group) > 64:
            raise BadInput("the name of a group has at most 64 characters")
        _check_networks(self.allow_ips)

    def row(self) -> dict[str, Any]:
        """The columns of the table of keys that the terms fill."""
        return {
            "expired_time": self.expired_time,
            "unlimited_quota": self.remain_quota is None,
            "model_limits": ",".join(self.models or ()),
            "model_limits_enabled": self.models is not None,
            "allow_ips": "\n".join(self.allow_ips),
        } | {name: getattr(self, name) for name in _PLAIN}

    def to_json(self) -> str:
        """For a place that keeps the terms of a key that is made later."""
        default = asdict(Terms())
        return json.dumps({k: v for k, v in asdict(self).items() if v != default[k]})


def terms_of(row: Mapping[str, Any]) -> Terms:
    """The terms that a row of the table of keys has."""
    return Terms(
        remain_quota=None if row["unlimited_quota"] else max(0, row["remain_quota"]),
        expired_time=row["expired_time"],
        models=names(row["model_limits"]) if row["model_limits_enabled"] else None,
        allow_ips=tuple(row["allow_ips"].split()),
        **{name: row[name] for name in _PLAIN},
    )


def from_json(text: str) -> Terms:
    """What `Terms.to_json` wrote."""
    values = json.loads(text or "{}")
    known = {field.name for field in fields(Terms)}
    lists = {name: tuple(v) for name, v in values.items() if isinstance(v, list)}
    return Terms(**{name: v for name, v in (values | lists).items() if name in known})


def names(text: str) -> tuple[str, ...]:
    """``"a, b"`` → ``("a", "b")``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


_PLAIN = (
    "group", "cross_group_retry", "budget", "budget_period", "rpm", "tpm", "parallel",
    "queue_seconds", "capture", "manages",
)  # fmt: skip


def _check_networks(texts: tuple[str, ...]) -> None:
    for text in texts:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise BadInput(
                f"{text!r} is neither an address nor a network", hint="for example 10.0.0.0/8"
            ) from None
