"""How long the answer to a chat may get: what bounds it, and what its history says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.catalog import Catalog

# Why the price of an answer without a known limit is a floor.
ENDLESS = "how long the answer may get is not known"
UNKNOWN = 4096  # tokens that are assumed where no limit of the model is known
LEAST_CALLS = 20  # fewer say too little
_LOW, _HIGH = 5, 95  # percentiles


@dataclass(frozen=True, slots=True)
class Usual:
    """Between how many tokens nine of ten answers had, and how many answers that was seen in."""

    least: int
    most: int
    calls: int

    @classmethod
    def of(cls, lengths: Iterable[int]) -> Usual | None:
        """From the completion tokens of past answers; None if there are fewer than twenty."""
        found = sorted(lengths)
        if len(found) < LEAST_CALLS:
            return None
        last = len(found) - 1
        return cls(found[last * _LOW // 100], found[-(-last * _HIGH // 100)], len(found))

    def __str__(self) -> str:
        range_ = f"{self.least:,} to {self.most:,}" if self.least < self.most else f"{self.most:,}"
        unit = "token" if self.most == 1 else "tokens"
        return f"9 of 10 of the last {self.calls:,} answers had {range_} {unit}"


@dataclass(frozen=True, slots=True)
class Bound:
    """The most tokens of output, and what that rests on; ``floor``: why it may be more."""

    most: int = 0
    assumption: str = ""
    floor: str = ""


def bound(catalog: Catalog, model: str, prompt: int, max_tokens: int | None, n: int) -> Bound:
    """The most tokens that ``n`` answers to a prompt of so many tokens have. Raises BadInput for a
    limit below zero.
    """
    if max_tokens is not None and max_tokens < 0:
        raise BadInput(f"max_tokens cannot be {max_tokens}", hint="how long the answer may get")
    context, limit = catalog.context_length(model), catalog.max_output(model)
    times = f" × {n} answers" if n > 1 else ""
    if max_tokens is not None:
        return Bound(max_tokens * n, f"at most max_tokens = {max_tokens:,}{times}")
    if limit is not None:
        return Bound(limit * n, f"at most the model's {limit:,} tokens of output{times}")
    if context is not None:
        rest = max(context - prompt, 0)
        return Bound(rest * n, f"at most what the context of {context:,} tokens leaves{times}")
    return Bound(UNKNOWN * n, f"{UNKNOWN:,} tokens; the model's limit is unknown{times}", ENDLESS)
