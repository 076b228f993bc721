"""Columns of vectors: between the matrix of a batch and what each kind of frame holds.

The native ways are used, since a route through Python objects takes 50 to 800 times as long.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from narwhals import dependencies

from nexhina_nb.client.texts import is_missing
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VectorColumn:
    """Vectors (n, d) float32 and which of them there are; the others become null."""

    matrix: Matrix
    valid: npt.NDArray[np.bool_]

    def for_polars(self, name: str) -> pl.Series:
        """``Array(Float32, d)``."""
        import polars as pl  # noqa: PLC0415 - loaded already: there is a frame of it

        if not self.matrix.size:  # nothing tells the length of vectors that never came
            kind = pl.Array(pl.Float32, self.matrix.shape[1])
            return pl.Series(name, [None] * len(self.matrix), dtype=kind)
        series = pl.Series(name, self.matrix)
        if self.valid.all():
            return series
        there, column = pl.Series(self.valid), pl.lit(series)
        return pl.select(pl.when(there).then(column).otherwise(None).alias(name)).to_series()

    def for_pyarrow(self) -> pa.Array:
        """``fixed_size_list<float32>[d]`` over the same memory; ``list<float32>`` if there is no
        vector at all.
        """
        import pyarrow as pa  # noqa: PLC0415 - loaded already, or about to be used by pandas

        rows, length = self.matrix.shape
        if not length:
            return pa.nulls(rows, pa.list_(pa.float32()))
        mask = None if self.valid.all() else pa.array(~self.valid)
        values = pa.array(self.matrix.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(values, length, mask=mask)

    def for_pandas(self, index: pd.Index[Any]) -> pd.Series[Any]:
        """Arrow's fixed-size lists where pyarrow is installed, else objects: arrays of float32."""
        import pandas as pd  # noqa: PLC0415 - loaded already: there is a frame of it

        if importlib.util.find_spec("pyarrow") is not None:
            return pd.Series(pd.arrays.ArrowExtensionArray(self.for_pyarrow()), index=index)
        rows = np.empty(len(self.matrix), object)
        for row in np.flatnonzero(self.valid):
            rows[row] = self.matrix[row]
        return pd.Series(rows, index=index, dtype=object)


def matrix(column: Any) -> Matrix:
    """A column of vectors → array (n, d), float32; rows without a vector are NaN.

    ``column`` is a column of pandas, polars or pyarrow, or any sequence of vectors. A column that
    `embed` made is not copied where that is possible: pandas and pyarrow with Arrow's fixed-size
    lists, polars without nulls. Then the array may be read-only.

    Raises BadInput if the vectors differ in length, or are none, or are in the partitions of Dask.
    """
    if _is_dask(column):
        raise BadInput(
            "a Dask Series has its vectors in many places, and a matrix is one",
            hint="pass column.compute()",
        )
    try:
        return _of_any(column)
    except (TypeError, ValueError):  # numbers are wanted, and one after the other
        raise _no_vectors() from None


def _of_any(column: Any) -> Matrix:
    if dependencies.is_polars_series(column):
        return _of_polars(column)
    if _is_arrow_within(column):
        column = column.array.__arrow_array__()
    if dependencies.is_pyarrow_chunked_array(column) or _is_arrow(column):
        return _of_arrow(column)
    if isinstance(column, np.ndarray) and column.ndim == 2:
        return np.asarray(column, np.float32)
    return _of_rows(list(column))


def _is_dask(column: Any) -> bool:
    dd = dependencies.get_dask_dataframe()
    return dd is not None and isinstance(column, (dd.DataFrame, dd.Series))


def _is_arrow_within(column: Any) -> bool:
    # Columns of pandas that are not Arrow's (texts, say) have the method too, and need pyarrow.
    return (
        dependencies.is_pandas_series(column)
        and hasattr(column.array, "__arrow_array__")
        and importlib.util.find_spec("pyarrow") is not None
    )


def _is_arrow(column: Any) -> bool:
    pa = dependencies.get_pyarrow()
    return pa is not None and isinstance(column, pa.Array)


def _of_polars(series: pl.Series) -> Matrix:
    import polars as pl  # noqa: PLC0415 - loaded already: there is a series of it

    if not isinstance(series.dtype, pl.Array):
        return _of_rows(series.to_list())
    if not series.null_count():
        return np.asarray(series.to_numpy(), np.float32)
    made = _missing(len(series), series.dtype.size or 0)
    made[series.is_not_null().to_numpy()] = series.drop_nulls().to_numpy()
    return made


def _of_arrow(column: Any) -> Matrix:
    import pyarrow as pa  # noqa: PLC0415 - loaded already: there is a column of it

    if not pa.types.is_fixed_size_list(column.type):
        return _of_rows(column.to_pylist())
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [_of_chunk(chunk) for chunk in chunks]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else _missing(0, column.type.list_size)


def _of_chunk(chunk: Any) -> Matrix:
    length = chunk.type.list_size
    values = chunk.values.to_numpy(zero_copy_only=False)
    made: Matrix = np.asarray(values, np.float32).reshape(-1, length)
    made = made[chunk.offset : chunk.offset + len(chunk)]
    if not chunk.null_count:
        return made
    gone = chunk.is_null().to_numpy(zero_copy_only=False)
    if not np.isnan(made[gone]).all():  # below a null anything may stand
        made = made.copy()
        made[gone] = np.nan
    return made


def _of_rows(rows: list[Any]) -> Matrix:
    found = [None if is_missing(row) else np.asarray(row, np.float32) for row in rows]
    shapes = {vector.shape for vector in found if vector is not None}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        raise _no_vectors()
    made = _missing(len(rows), shapes.pop()[0] if shapes else 0)
    for row, vector in enumerate(found):
        if vector is not None:
            made[row] = vector
    return made


def _no_vectors() -> BadInput:
    return BadInput(
        "these are no vectors of one length", hint='pass one column, such as df["embedding"]'
    )


def _missing(rows: int, length: int) -> Matrix:
    return np.full((rows, length), np.nan, np.float32)
