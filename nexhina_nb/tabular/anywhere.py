"""Where a plan is carried out: on a frame that is there, in a lazy query, on a cluster."""

from __future__ import annotations

from typing import Any

from narwhals import dependencies

from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.tabular.lazily import lazily
from nexhina_nb.tabular.rows import Plan, over_rows


def carried(plan: Plan, frame: Any, options: Options) -> Any:
    """A frame of the same kind with the columns of the plan, or an Estimate for a dry run."""
    if dependencies.is_polars_lazyframe(frame):
        return lazily(plan, frame, options)
    if dependencies.is_dask_dataframe(frame):
        from nexhina_nb.tabular.partitions import in_partitions  # noqa: PLC0415 - it loads Dask

        return in_partitions(plan, frame, options)
    found = over_rows(plan, frame, options)
    return found.frame if isinstance(found, Outcome) else found
