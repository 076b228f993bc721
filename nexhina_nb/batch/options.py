"""What the verbs over frames have in common: their options, the price before, the outcome after."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar, cast, get_type_hints

from nexhina_nb.batch import estimates
from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.progress import Progress
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.budgets import dollars
from nexhina_nb.client.cost import Cost
from nexhina_nb.errors import BadInput, BatchFailed
from nexhina_nb.pricing.estimate import Estimate, Verb
from nexhina_nb.pricing.names import suggest

Errors = Literal["column", "raise"]
Verbs = TypeVar("Verbs", bound=Callable[..., Any])


class Common(TypedDict, total=False):
    """The options that all verbs over frames have in common, as they are passed; see `Options`."""

    model: str | None
    client: Any
    batch_size: int | None
    max_concurrency: int | None
    errors: Errors
    cache: bool | str | Path
    progress: bool
    budget: Decimal | str | float | None
    dry_run: bool
    tags: Mapping[str, str] | None
    deadline: float | None
    hedge: bool


@dataclass(frozen=True, slots=True)
class Options:
    """What all verbs over frames have in common.

    ``client``: a Client or AsyncClient, instead of the one that the settings make. ``batch_size``:
    most inputs in a request. ``max_concurrency``: most requests at once. ``errors``: "column" says
    in a column why a row has no answer, "raise" raises BatchFailed at the end. ``cache``: keep
    answers on disk and use those that are there; a path names another file, False none.
    ``budget`` (USD): stop before the call that would go over it. ``dry_run``: give the Estimate of
    what would be sent. ``tags`` go with each call. ``deadline`` (seconds): what is not answered by
    then counts as failed. ``hedge``: ask a second time for what is far slower than the rest; both
    calls may be billed.

    ``costs`` is where the cost of a batch goes, also if the batch does not come to its end.
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
    tags: Mapping[str, str] | None = None
    deadline: float | None = None
    hedge: bool = False
    costs: list[Cost] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.model is not None and not (self.model and isinstance(self.model, str)):
            raise BadInput(f"model cannot be {self.model!r}", hint="the name of a model")
        if self.tags is not None and not isinstance(self.tags, Mapping):
            raise BadInput(f"tags cannot be {self.tags!r}", hint='tags={"project": "atlas"}')
        if not isinstance(self.cache, (bool, str, Path)):
            raise BadInput(f"cache cannot be {self.cache!r}", hint="True, False, or a path")
        if self.errors not in ("column", "raise"):
            raise BadInput(f"errors cannot be {self.errors!r}", hint='"column" or "raise"')
        check_count("batch_size", self.batch_size)
        check_count("max_concurrency", self.max_concurrency)
        if self.deadline is not None and not _is_positive(self.deadline):
            raise BadInput(f"deadline cannot be {self.deadline!r}", hint="seconds, more than 0")
        if self.budget is not None:
            dollars(self.budget)


def common(verb: Verbs) -> Verbs:
    """For a function with ``**options: Unpack[Common]``: its signature, as help and completion show
    it, has them one by one, and others are refused.
    """
    defaults = {row.name: row.default for row in fields(Options)}
    hints = get_type_hints(Common)
    own = [
        row
        for row in inspect.signature(verb).parameters.values()
        if row.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hint
        )
        for name, hint in hints.items()
    ]
    signature = inspect.Signature([*own, *shared])

    @functools.wraps(verb)
    def checked(*args: Any, **options: Any) -> Any:
        try:
            signature.bind(*args, **options)
        except TypeError as error:
            raise BadInput(f"{verb.__name__}: {error}", hint=_hint(signature, options)) from None
        return verb(*args, **options)

    _, _, shared_words = inspect.cleandoc(Options.__doc__ or "").partition("\n\n")
    words = shared_words.rpartition("\n\n")[0]
    checked.__doc__ = f"{inspect.cleandoc(verb.__doc__ or '')}\n\n{words}"
    checked.__signature__ = signature  # type: ignore[attr-defined]
    return cast("Verbs", checked)


def _hint(signature: inspect.Signature, options: Mapping[str, Any]) -> str:
    names = list(signature.parameters)
    unknown = next((name for name in options if name not in names), None)
    near = suggest(unknown, names) if unknown else []
    return f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(names)}"


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def check_count(name: str, value: object) -> None:
    """Refuse what is no number of things. Raises BadInput."""
    if value is not None and (type(value) is not int or value < 1):
        raise BadInput(f"{name} cannot be {value!r}", hint="a whole number from 1 on")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished batch: the frame, and what it took to make it. ``best`` is a ranking as rows of
    rank, place in the frame that was passed, score and document.
    """

    frame: Any
    progress: Progress
    cost: Cost
    model: str
    request_id: str | None = None
    best: Sequence[tuple[int, int, float, str]] = ()


def priced(
    options: Options,
    verb: Verb,
    calls: Iterable[estimates.Call],
    model: str,
    empty: estimates.Call,
    desk: Desk,
) -> Estimate | None:
    """The estimate if that is all that is wanted. A budget that cannot do is refused at once; one
    that may do is kept to by the calls.
    """
    if not options.dry_run and options.budget is None:
        return None
    estimated = estimates.total(verb, calls, model, empty, desk.prices())
    if options.dry_run:
        return estimated
    estimates.guard(estimated, dollars(options.budget))
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
    last = tally.last
    return Outcome(
        frame=frame,
        progress=tally.progress(finished=True),
        cost=tally.cost,
        model=(last.model if last else None) or model,
        request_id=last.request_id if last else None,
    )
