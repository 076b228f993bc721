"""The same work by several models: what each of them would cost, as a table and a plot."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from nexhina_nb.client import tables
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.markup import escaped

if TYPE_CHECKING:
    import pandas as pd

    from nexhina_nb.analysis.plots import Plot

_COLUMNS = (
    "model", "input tokens", "least output", "most output", "least USD", "most USD", "source",
)  # fmt: skip
_ABOUT = "about so many tokens go in, counted with a vocabulary like the model's own"


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Sequence[Estimate]):
    """Estimates of the same work, the cheapest first (by the most that it may cost), then floors,
    of which more may be charged, and last those of an unknown price.
    """

    estimates: tuple[Estimate, ...]

    @classmethod
    def of(cls, estimates: Iterable[Estimate]) -> Comparison:
        """In order."""
        return cls(tuple(sorted(estimates, key=_order)))

    @property
    def cheapest(self) -> Estimate | None:
        """The first of which the most that it may cost is known."""
        first = self.estimates[0] if self.estimates else None
        return None if first is None or first.quota is None or first.floor else first

    @overload
    def __getitem__(self, place: int) -> Estimate: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Estimate, ...]: ...
    def __getitem__(self, place: int | slice) -> Estimate | tuple[Estimate, ...]:
        return self.estimates[place]

    def __len__(self) -> int:
        return len(self.estimates)

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self.estimates)

    def frame(self) -> pd.DataFrame:
        """The table as a pandas frame; USD are Decimals, None where no price is known."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only wanted here

        rows = [_row(made) for made in self]
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
            {"least USD": object, "most USD": object}
        )

    def figure(self) -> Plot:
        """The ranges in USD as a new matplotlib figure; models of an unknown price are not in
        it.
        """
        from nexhina_nb.analysis import plots  # noqa: PLC0415 - it loads matplotlib

        known = [(made.model, made.usd) for made in self if made.usd is not None]
        # Decimals are for sums; what is drawn may be a float.
        ends = [(float(least), float(most)) for _, (least, most) in known]
        plot = plots.ranges([model for model, _ in known], ends, "USD, from least to most")
        plot.axes[0].set_title(f"What {self._verb} may cost, by model")
        return plot

    @property
    def _verb(self) -> str:
        return self.estimates[0].verb if self.estimates else "it"

    @property
    def _notes(self) -> list[str]:
        """What the ranges rest on, each once, with its models unless it holds for all."""
        said: dict[str, list[str]] = {}
        for made in self:
            about = "" if made.is_exact else _ABOUT
            for words in filter(None, (made.assumption, about, *made.remarks)):
                said.setdefault(words, []).append(made.model)
        return [
            f"{words}." if len(models) == len(self) else f"{', '.join(models)}: {words}."
            for words, models in said.items()
        ]

    def _shown(self) -> list[tuple[Any, ...]]:
        return [
            (*row[:4], *("unknown" if usd is None else format_usd(usd) for usd in row[4:6]), row[6])
            for row in map(_row, self)
        ]

    def __repr__(self) -> str:
        return "\n".join([tables.as_text(_COLUMNS, self._shown()), *self._notes])

    @cached_property
    def _html(self) -> str:
        notes = "".join(f"<p>{escaped(words)}</p>" for words in self._notes)
        picture = ""
        if any(made.quota is not None for made in self):
            data = base64.b64encode(self.figure().png()).decode("ascii")
            words = "Bars from the least to the most that each model may cost"
            picture = (
                f'<img alt="{words}" src="data:image/png;base64,{data}" style="max-width:100%">'
            )
        return f"<div>\n{tables.as_html(_COLUMNS, self._shown())}\n{notes}\n{picture}\n</div>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        return {"text/html": self._html, "text/plain": repr(self)}, {}


def _row(made: Estimate) -> tuple[Any, ...]:
    usd = made.usd or (None, None)
    source = "unknown" if made.price is None else made.price.source or "set here"
    return made.model, made.input_tokens, *made.output_tokens, *usd, source


def _order(made: Estimate) -> tuple[bool, bool, int, int, str]:
    least, most = made.quota or (0, 0)
    return made.quota is None, bool(made.floor), most, least, made.model
