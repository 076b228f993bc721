"""What a gateway offers and what a key may still spend: the replies of models and usage."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

from nexhina_nb.client import tables
from nexhina_nb.errors import BadInput, Upstream
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import format_usd, usd
from nexhina_nb.pricing.price import Price, as_decimal
from nexhina_nb.secret import Secret
from nexhina_nb.wire import Model

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("model", "endpoints", "context", "input $/1M", "output $/1M", "owner")


class ModelsReply(Sequence[Model]):
    """The models of a gateway, sorted as it lists them."""

    def __init__(self, models: Iterable[Model], request_id: str | None = None) -> None:
        self._models = tuple(models)
        self.request_id = request_id

    @property
    def ids(self) -> list[str]:
        """The names alone."""
        return [model.id for model in self._models]

    def filter(self, pattern: str | None) -> ModelsReply:
        """Those whose name matches a glob (``gpt-*``) or contains the text, in any case."""
        if not pattern:
            return self
        wanted = pattern.lower()
        glob = wanted if any(mark in wanted for mark in "*?[") else f"*{wanted}*"
        kept = [model for model in self if fnmatch.fnmatchcase(model.id.lower(), glob)]
        return ModelsReply(kept, self.request_id)

    @overload
    def __getitem__(self, place: int) -> Model: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Model, ...]: ...
    def __getitem__(self, place: int | slice) -> Model | tuple[Model, ...]:
        return self._models[place]

    def __len__(self) -> int:
        return len(self._models)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models)

    def __contains__(self, item: object) -> bool:
        return item in self._models or item in self.ids

    def rows(self) -> list[tuple[Any, ...]]:
        """One row per model: name, endpoint types, context (tokens), prices (USD per 1M tokens),
        owner.
        """
        catalog = Catalog.bundled()
        return [_row(model, catalog) for model in self]

    def frame(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only wanted here

        return pd.DataFrame(self.rows(), columns=list(_COLUMNS))

    def __repr__(self) -> str:
        shown = ", ".join(self.ids[:5]) + (", …" if len(self) > 5 else "")
        return f"<ModelsReply {len(self)} models: {shown}>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        facts = {"nexhina": {"request_id": self.request_id}}
        return tables.mimebundle(_COLUMNS, self.rows()), facts


def _row(model: Model, catalog: Catalog) -> tuple[Any, ...]:
    context = model.context_length or catalog.context_length(model.id)
    return (model.id, ", ".join(kinds_of(model)), context, *_prices(model, catalog), model.owned_by)


def kinds_of(model: Model) -> list[str]:
    """The endpoint types of a model; empty if the gateway does not say."""
    kinds: Any = model.supported_endpoint_types  # read leniently, so it may be anything
    return [str(kind) for kind in kinds] if isinstance(kinds, list) else []


def price_of(model: Model, catalog: Catalog) -> Price | None:
    """What the gateway says a model costs, else what the catalogue does, else None: unknown."""
    return _said(model) or catalog.price(model.id)


def _prices(model: Model, catalog: Catalog) -> tuple[Any, Any]:
    price = price_of(model, catalog)
    if price is None:
        return None, None
    if price.per_call is not None:
        return f"{price.per_call.normalize():f} per {price.unit}", None
    shown = price.usd_per_million()
    if price.unit == "second":  # which counts as 1,000 tokens a minute (contract 5.8, row 20)
        return f"{(shown['input'] / SECONDS).normalize():f} per second", None
    if price.unit != "token":
        return f"{shown['input'].normalize():f} per 1M {price.unit}s", None
    return f"{shown['input']:f}", f"{shown['output']:f}"


def _said(model: Model) -> Price | None:
    """The price that the gateway itself gives, in ratios (contract 8.3), if it gives one."""
    facts: Any = model.pricing  # read leniently, so it may be anything
    if not isinstance(facts, Mapping) or "model_ratio" not in facts:
        return None
    try:
        fixed = as_decimal(facts.get("model_price", -1))
        if fixed >= 0:  # -1 stands for none
            return Price.per_call_usd(fixed, unit=str(facts.get("unit") or "call"))
        ratio, completion = facts["model_ratio"], facts.get("completion_ratio", 1)
        unit = str(facts.get("unit") or "token")
        return Price(
            model_ratio=as_decimal(ratio), completion_ratio=as_decimal(completion), unit=unit
        )
    except BadInput:
        return None


# Seconds of sound in a million tokens.
SECONDS = 60_000


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What a key was given, used and may still use, in quota (500,000 = 1 USD); contract 7.3."""

    name: str
    granted: int
    used: int
    available: int
    unlimited: bool
    expires_at: int = 0
    raw: dict[str, Any] | None = None

    @classmethod
    def read(cls, data: Any) -> KeyUsage:
        """From the ``data`` of the gateway's answer; Upstream if it makes no sense."""
        if not isinstance(data, dict):
            raise _junk("no data")
        granted, used, available = (
            data.get(name, 0) for name in ("total_granted", "total_used", "total_available")
        )
        if not all(isinstance(figure, int) for figure in (granted, used, available)):
            raise _junk("figures that are no whole numbers")
        expires = data.get("expires_at")
        return cls(
            str(data.get("name", "")),
            granted,
            used,
            available,
            unlimited=bool(data.get("unlimited_quota")),
            expires_at=expires if isinstance(expires, int) else 0,
            raw=data,
        )

    @property
    def granted_usd(self) -> Decimal:
        """What the key was given, in USD."""
        return usd(self.granted)

    @property
    def used_usd(self) -> Decimal:
        """What the key has used, in USD."""
        return usd(self.used)

    @property
    def available_usd(self) -> Decimal | None:
        """What the key may still use, in USD; None if that is without limit."""
        return None if self.unlimited else usd(self.available)

    def __str__(self) -> str:
        left = "no limit" if self.unlimited else f"{format_usd(usd(self.available))} left"
        return f"{left}, {format_usd(self.used_usd)} used"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        left = ("unlimited", "") if self.unlimited else (self.available, self.available_usd)
        rows = [
            ("granted", self.granted, self.granted_usd),
            ("used", self.used, self.used_usd),
            ("available", *left),
        ]
        return tables.mimebundle([self.name or "key", "quota", "USD"], rows), {}


def _junk(what: str) -> Upstream:
    return Upstream(f"the usage of the key came with {what}", code="bad_response_body")


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code was turned into: a key, which is not to be had again, and what it holds in quota
    (500,000 = 1 USD); contract 5.7.
    """

    key: Secret
    quota: int

    @property
    def usd(self) -> Decimal:
        """What the key holds, in USD."""
        return usd(self.quota)
