"""What the verbs over frames have in common: their options, the price before, the outcome after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nexhina_nb.batch import estimates
from nexhina_nb.batch.progress import Progress
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.cost import Cost
from nexhina_nb.errors import BadInput, BatchFailed
from nexhina_nb.pricing.estimate import Estimate, Verb

Errors = Literal["column", "raise"]


@dataclass(frozen=True, slots=True)
class Options:
    """What all verbs over frames have in common; see `embed`. ``costs`` is where the cost of a
    batch goes, also if the batch does not come to its end.
    """

    model: str | None = None
    client: Any = None
    batch_size: int | None = None
    max_concurrency: int | None = None
    errors: Errors = "column"
    cache: bool | str | Path = True
    progress: bool = True
    budget: Any = None
    dry_run: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not isinstance(self.cache, (bool, str, Path)):
            raise BadInput(f"cache cannot be {self.cache!r}", hint="True, False, or a path")
        if self.errors not in ("column", "raise"):
            raise BadInput(f"errors cannot be {self.errors!r}", hint='"column" or "raise"')
        check_count("batch_size", self.batch_size)
        check_count("max_concurrency", self.max_concurrency)


def check_count(name: str, value: object) -> None:
    """Refuse what is no number of things. Raises BadInput."""
    if value is not None and (type(value) is not int or value < 1):
        raise BadInput(f"{name} cannot be {value!r}", hint="a whole number from 1 on")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished batch: the frame, and what it took to make it. ``length`` is how many numbers a
    vector has, ``best`` a ranking as rows of rank, place in the frame that was passed, score and
    document.
    """

    frame: Any
    progress: Progress
    cost: Cost
    model: str
    request_id: str | None = None
    length: int = 0
    best: Sequence[tuple[int, int, float, str]] = ()


def priced(
    options: Options, verb: Verb, calls: Iterable[estimates.Call], model: str, empty: estimates.Call
) -> Estimate | None:
    """The estimate if that is all that is wanted; a budget that is too small is refused."""
    if not options.dry_run and options.budget is None:
        return None
    budget = None if options.budget is None else estimates.dollars(options.budget)
    estimated = estimates.total(verb, calls, model, empty)
    if options.dry_run:
        return estimated
    assert budget is not None
    estimates.guard(estimated, budget)
    return None


def outcome_of(
    frame: Any, tally: Tally, model: str, options: Options, errors: Mapping[int, str]
) -> Outcome:
    """A batch that came to its end. Raises BatchFailed if that was asked for and rows failed."""
    if errors and options.errors == "raise":
        row, why = min(errors.items())
        raise BatchFailed(
            f"{tally.failed:,} of {tally.total:,} rows failed, the first is row {row}: {why}",
            partial=frame, failed=tally.failed, total=tally.total,
            hint="the frame with all the others is in .partial of this error",
        )  # fmt: skip
    last = tally.bills[-1] if tally.bills else None
    return Outcome(
        frame=frame,
        progress=tally.progress(finished=True),
        cost=tally.cost,
        model=(last.model if last else None) or model,
        request_id=last.request_id if last else None,
    )
