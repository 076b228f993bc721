"""`report`: who spent what, how fast the models answered, what went wrong; as tables and plots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from nexhina_nb.analysis import metrics, page
from nexhina_nb.analysis.figures import Figures, Totals
from nexhina_nb.analysis.frames import Source, is_store, logs
from nexhina_nb.analysis.moments import Moment, is_zone, local_zone
from nexhina_nb.analysis.selection import Names
from nexhina_nb.errors import BadInput
from nexhina_nb.settings import Settings

if TYPE_CHECKING:
    from nexhina_nb.analysis.plots import Plot

PLOTS = ("spend", "latency", "errors")


class Report(Figures):
    """The figures of a log, which show themselves as a page of tables and plots."""

    def figure(self, name: str = "spend") -> Plot:
        """One of the plots, "spend", "latency" or "errors", as a new matplotlib figure."""
        from nexhina_nb.analysis import plots  # noqa: PLC0415 - it loads matplotlib

        models = plots.models_of(self.by_model)
        if name == "spend":
            return plots.spend(self.by_hour, models, self.zone)
        if name == "errors":
            return plots.error_rate(self.by_hour, models, self.zone)
        if name == "latency":
            return plots.latency(self.latency)
        raise BadInput(f"there is no plot {name!r}", hint=f"one of: {', '.join(PLOTS)}")

    @property
    def plots(self) -> dict[str, Plot]:
        """All plots by name."""
        return {name: self.figure(name) for name in PLOTS}

    def save(self, path: str | Path) -> Path:
        """Write the page to an HTML file that needs nothing else."""
        target = Path(path)
        try:
            target.write_text(page.document(self._html), encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{target} cannot be written: {error.strerror}") from None
        return target

    @cached_property
    def _html(self) -> str:
        return page.html(self, {name: plot.png() for name, plot in self.plots.items()})

    def __repr__(self) -> str:
        return page.text(self)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        return {"text/html": self._html, "text/plain": repr(self)}, {}


def report(
    source: Source = None,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    key: Names = None,
    model: Names = None,
    zone: str | None = None,
    settings: Settings | None = None,
) -> Report:
    """The report of a log; ``source`` and the conditions are those of `logs`.

    ``zone`` is the time zone of days and hours, such as "Europe/Zurich"; the default is this
    machine's. The rows are never all in memory; a database is read once.

    Raises what `logs` raises, and BadInput for a zone that does not exist.
    """
    named = local_zone() if zone is None else zone
    if not is_zone(named):
        raise BadInput(f"there is no time zone {named!r}", hint="for example Europe/Zurich or UTC")
    rows = logs(source, since=since, until=until, key=key, model=model, settings=settings)
    with _once(rows) if is_store(source) else nullcontext(rows) as read:
        return _report(read, named)


@contextmanager
def _once(rows: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """The rows as a file for a while: a database would be read again for every query."""
    with TemporaryDirectory(prefix="nexhina-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "log.parquet"
        rows.select(metrics.READ).sink_parquet(path, compression="lz4", engine="streaming")
        yield pl.scan_parquet(path)


def _report(rows: pl.LazyFrame, zone: str) -> Report:
    # One pass for all sums: by hour, model and key, from which the tables are added up.
    fine = metrics.sums(metrics.with_hour(rows, zone), "hour", "model_name", *metrics.KEY)
    cube, latency, errors = pl.collect_all(
        [fine, metrics.latency(rows, "model_name"), metrics.errors(rows)], engine="streaming"
    )

    def table(*by: str) -> pl.LazyFrame:
        return metrics.priced(metrics.regroup(cube.lazy().with_columns(metrics.DAY), *by))

    total = metrics.regroup(cube.lazy()).collect().row(0, named=True)
    return Report(
        totals=Totals(**total),
        by_model=metrics.dearest(table("model_name"), ["model_name"]).collect(),
        by_key=metrics.dearest(table(*metrics.KEY), metrics.KEY).collect(),
        by_day=table("day").sort("day").collect(),
        by_hour=table("hour", "model_name").sort("hour", "model_name").collect(),
        latency=latency,
        errors=errors,
        zone=zone,
    )
