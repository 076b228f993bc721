"""What is written down of a call: its row in the usage log (contract 8)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.router import Leg
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.logs import LogRow
from nexhina_nb.wire import LogType
from nexhina_nb.wire.extensions import LONGEST_TAGS
from nexhina_nb.wire.masking import masked


@dataclass(slots=True)
class Record:
    """The facts of one call, gathered on its way. Times are seconds on the monotonic clock."""

    request_id: str
    caller: Caller
    model: str
    path: str
    is_stream: bool
    tags: dict[str, str] = field(default_factory=dict)
    price: Price | None = None
    leg: Leg | None = None
    tried: list[int] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    upstream_id: str = ""
    started: float = field(default_factory=time.monotonic)
    first_byte: float | None = None
    ip: str = ""

    def attempt(self, key_index: int, result: int | str, seconds: float) -> None:
        """Note what one try came to: a status, or the code of an error."""
        name = "status" if isinstance(result, int) else "code"
        tried, ms = self.tried[-1], round(seconds * 1000)
        self.attempts.append({"channel": tried, "key_index": key_index, name: result, "ms": ms})

    def row(
        self, used: Tokens, *, error: str = "", other: Mapping[str, Any] | None = None
    ) -> LogRow:
        """The log row; a call with an ``error`` was not answered."""
        account = self.caller.account
        seconds = time.monotonic() - self.started
        return LogRow(
            request_id=self.request_id,
            user_id=account.user_id,
            username=account.username,
            token_id=account.token_id,
            token_name=account.token_name,
            model_name=self.model,
            type=LogType.ERROR if error else LogType.CONSUME,
            prompt_tokens=used.prompt,
            completion_tokens=used.completion,
            use_time=seconds,
            is_stream=self.is_stream,
            channel=0 if self.leg is None else self.leg.channel.id,
            group=account.group if self.leg is None else self.leg.group,
            content=masked(error) if error else "",
            upstream_request_id=self.upstream_id,
            ip=self.ip,
            other=self._other(used, seconds) | dict(other or {}),
        )

    def _other(self, used: Tokens, seconds: float) -> dict[str, Any]:
        first = self.first_byte
        other: dict[str, Any] = {
            # New API writes -1000 where no first byte came.
            "frt": -1000 if first is None else round((first - self.started) * 1000),
            # `use_time` has whole seconds, as the contract has it: too coarse for most calls.
            "duration_ms": round(seconds * 1000),
            "cache_tokens": used.cached,
            "group_ratio": 1 if self.leg is None else float(self.leg.ratio),
            "request_path": self.path,
            "admin_info": {"use_channel": self.tried, "attempts": self.attempts},
        }
        if self.overrides:
            other["po"] = self.overrides
        if self.price is not None:
            other |= price_facts(self.price)
        if self.tags:
            other["tags"] = self.tags
        return other


def in_log(error: APIError) -> str:
    """What the log says of a failure. Not an upstream's own words, which may quote the prompt."""
    if error.body is None:
        return error.message
    return f"the upstream answered with the error {error.code or error.status_code}"


def read_tags(header: str) -> dict[str, str]:
    """``notebook=a.ipynb&cell=7`` → a dict: where in the caller's work the call was made."""
    return dict(parse_qsl(header[:LONGEST_TAGS]))


def price_facts(price: Price) -> dict[str, float]:
    """A price under the names of contract 8.3; -1 means that there is no fixed price."""
    if price.per_call is not None:
        return {"model_ratio": 0.0, "model_price": float(price.per_call)}
    return {
        "model_ratio": float(price.model_ratio),
        "model_price": -1.0,
        "completion_ratio": float(price.completion_ratio),
        "cache_ratio": float(price.cache_ratio),
    }
