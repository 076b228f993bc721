"""The three plots of a report: spend, latency, errors.

Colours are those of Okabe and Ito, which people who see few colours can tell apart; a model has the
same one in every plot.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
REST_COLOUR = "#999999"
REST = "other models"
MARKERS = {"p50": "o", "p90": "s", "p95": "^", "p99": "D"}
MOST_ROWS = 12
LONGEST_NAME = 30
# For less than that the plots over time count by hour.
HOURLY = timedelta(days=3)


class Plot(Figure):
    """A figure that shows itself in a notebook, whether or not pyplot was ever loaded."""

    def __init__(self, height: float = 4.0) -> None:
        super().__init__(figsize=(9, height), layout="constrained")

    def png(self, dpi: int = 110) -> bytes:
        """The picture."""
        file = io.BytesIO()
        with warnings.catch_warnings():
            # a model may be named in a script that the font lacks
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self.savefig(file, format="png", dpi=dpi)
        return file.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


def over_time(by_hour: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Sums by ``moment`` and model: by hour for a short time, else by day; and which of them."""
    by_hour = by_hour.filter(pl.col("hour").is_not_null())
    hours = by_hour.get_column("hour")
    short = hours.is_empty() or hours.max() - hours.min() < HOURLY  # type: ignore[operator]
    every = "hour" if short else "day"
    moment = pl.col("hour").dt.replace_time_zone(None, ambiguous="earliest")
    figures = by_hour.with_columns(moment.dt.truncate("1h" if short else "1d").alias("moment"))
    sums = pl.col("calls", "errors", "quota").sum()
    return figures.group_by("moment", "model_name").agg(sums).sort("moment", "model_name"), every


def models_of(by_model: pl.DataFrame) -> list[str | None]:
    """The models that get a colour of their own: those that cost most."""
    return by_model.get_column("model_name").head(len(PALETTE)).to_list()


def spend(by_hour: pl.DataFrame, models: Sequence[str | None], zone: str) -> Plot:
    """USD over time, stacked by model."""
    figures, every = over_time(by_hour)
    plot = Plot()
    axes = plot.subplots()
    # Decimals are for sums; what is drawn may be a float.
    height = (pl.col("quota") / 500_000).alias("height")
    _stack(axes, figures.with_columns(height), models, every)
    axes.set_title(f"Spend by {every} and model")
    axes.set_ylabel("USD")
    axes.set_xlabel(f"{every} ({zone})")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
    return plot


def error_rate(by_hour: pl.DataFrame, models: Sequence[str | None], zone: str) -> Plot:
    """The share of calls that failed over time; the colours say of which model they were."""
    figures, every = over_time(by_hour)
    calls = pl.col("calls").sum().over("moment")
    height = pl.when(calls > 0).then(pl.col("errors") / calls).otherwise(0.0).alias("height")
    plot = Plot()
    axes = plot.subplots()
    _stack(axes, figures.with_columns(height), models, every)
    axes.set_title(f"Failed calls by {every} and model")
    axes.set_ylabel("share of all calls")
    axes.set_xlabel(f"{every} ({zone})")
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    return plot


def latency(figures: pl.DataFrame) -> Plot:
    """Percentiles by model on a logarithmic scale: filled for the whole call, hollow for the time
    to the first byte.
    """
    shown = figures.head(MOST_ROWS).reverse()
    plot = Plot(1.6 + 0.45 * max(shown.height, 3))
    axes = plot.subplots()
    for prefix, shift, colour, fill in (
        ("", 0.12, PALETTE[0], True),
        ("first_", -0.16, PALETTE[5], False),
    ):
        _percentiles(axes, shown, prefix, shift, colour, fill=fill)
    _names(axes, [short(name) for name in shown.get_column("model_name")])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_title("Latency of answered calls by model")
    axes.set_xlabel("seconds")
    axes.grid(axis="x", alpha=0.3)
    if shown.is_empty():
        _nothing(axes)
    else:
        plot.legend(loc="outside right upper", frameon=False)
    return plot


def _percentiles(
    axes: Any, figures: pl.DataFrame, prefix: str, shift: float, colour: str, *, fill: bool
) -> None:
    places = [place + shift for place in range(figures.height)]
    known = {name: figures.get_column(f"{prefix}{name}") for name in MARKERS}
    low, high = known["p50"].to_list(), known["p99"].to_list()
    for place, begin, end in zip(places, low, high, strict=True):
        if begin is not None and begin > 0:
            axes.plot([begin, end], [place, place], color=colour, linewidth=1.2, alpha=0.6)
    words = "whole call" if fill else "first byte"
    for name, marker in MARKERS.items():
        # A logarithm has no place for zero, nor for what is not known.
        points = [(x, y) for x, y in zip(known[name], places, strict=True) if x]
        if points:
            axes.scatter(
                *zip(*points, strict=True), marker=marker, s=34, zorder=3, edgecolors=colour,
                facecolors=colour if fill else "white", label=f"{words}, {name}",
            )  # fmt: skip


def _stack(axes: Any, figures: pl.DataFrame, models: Sequence[str | None], every: str) -> None:
    """Bars of ``height`` over ``moment``, one colour for each model."""
    width = timedelta(hours=0.9) if every == "hour" else timedelta(days=0.9)
    middle = timedelta(minutes=30) if every == "hour" else timedelta(0)
    moments = figures.get_column("moment").unique().sort()
    base = pl.DataFrame({"moment": moments, "base": [0.0] * len(moments)})
    drawn = [(name, pl.col("model_name").eq_missing(name)) for name in models]
    drawn.append((REST, ~pl.col("model_name").is_in(models, nulls_equal=True)))
    for (name, condition), colour in zip(
        drawn, (*PALETTE[: len(models)], REST_COLOUR), strict=True
    ):
        heights = figures.filter(condition).group_by("moment").agg(pl.col("height").sum())
        if not any(heights.get_column("height")):
            continue
        base = base.join(heights, on="moment", how="left", maintain_order="left").with_columns(
            pl.col("height").fill_null(0)
        )
        axes.bar(
            [moment + middle for moment in base.get_column("moment")],
            base.get_column("height").to_list(), width, base.get_column("base").to_list(),
            color=colour, label=short(name),
        )  # fmt: skip
        base = base.select("moment", pl.col("base") + pl.col("height"))
    _finish(axes)


def _finish(axes: Any) -> None:
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        _nothing(axes)
        return
    locator: Any = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter: Any = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    legend = axes.legend(
        handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _names(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)


def _nothing(axes: Any) -> None:
    axes.text(0.5, 0.5, "nothing to show", transform=axes.transAxes, ha="center", color="#666666")
    axes.set_yticks([])
    axes.set_xticks([])


def short(name: str | None) -> str:
    """A name as a label: one line, not too long; what has no name is said to have none."""
    text = " ".join((name or "(no name)").split())
    text = text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
    # matplotlib leaves labels with an underscore in front out of the legend
    return f" {text}" if text.startswith("_") else text


def ranges(names: Sequence[str], ends: Sequence[tuple[float, float]], unit: str) -> Plot:
    """A horizontal bar from the least to the most of each name, the first on top, on a logarithmic
    scale; what has no width is a mark.
    """
    shown = list(zip(names, ends, strict=True))[:MOST_ROWS][::-1]
    plot = Plot(1.6 + 0.45 * max(len(shown), 3))
    axes = plot.subplots()
    axes.use_sticky_edges = False
    for place, (_, (least, most)) in enumerate(shown):
        axes.barh(place, most - least, left=least, height=0.5, color=PALETTE[0])
        axes.scatter([least, most], [place, place], marker="|", s=160, color=PALETTE[0])
        axes.annotate(f"{most:.4g}", (most, place), (8, 0), textcoords="offset points", va="center")
    _names(axes, [short(name) for name, _ in shown])
    axes.set_xscale("log" if all(least > 0 for _, (least, _) in shown) else "linear")
    axes.margins(x=0.15)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel(unit)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    if not shown:
        _nothing(axes)
    return plot
