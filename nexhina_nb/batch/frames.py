"""Frames of pandas, polars and pyarrow as a batch sees them: a column is read, others are added,
rows are taken. Kind, order, index and the other columns stay as they are.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
from narwhals import dependencies

from nexhina_nb.batch.columns import VectorColumn
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.pricing.names import suggest

Kind = Literal["pandas", "polars", "pyarrow"]


@dataclass(frozen=True, slots=True)
class Values:
    """A column of plain values, of which some or all may be None: so its type must be said."""

    kind: nw.dtypes.DType
    values: Sequence[Any]


Column = VectorColumn | Values
_SOME = 4096  # rows


def _some(series: nw.Series[Any], start: int) -> list[Any]:
    values: list[Any] = series[start : start + _SOME].to_list()
    return values


@dataclass(frozen=True, slots=True)
class Table:
    """A frame, eager by now; ``is_lazy``: it came as a polars LazyFrame, and goes as one."""

    frame: Any
    kind: Kind
    is_lazy: bool = False

    @classmethod
    def of(cls, frame: Any) -> Table:
        """The caller's frame; BadInput for anything else."""
        if dependencies.is_polars_lazyframe(frame):
            return cls(frame.collect(), "polars", is_lazy=True)
        if dependencies.is_polars_dataframe(frame):
            return cls(frame, "polars")
        if dependencies.is_pandas_dataframe(frame):
            return cls(frame, "pandas")
        if dependencies.is_pyarrow_table(frame):
            return cls(frame, "pyarrow")
        if dependencies.is_dask_dataframe(frame):
            raise BadInput(
                "this needs all rows in one place, and a Dask DataFrame has them in many",
                hint="choose some, if there are many, and pass frame.compute()",
            )
        raise BadInput(
            f"{kind_of(frame)} is no frame that is known here",
            hint="pass a pandas or polars DataFrame, a LazyFrame or a pyarrow Table",
        )

    @property
    def native(self) -> Any:
        """The frame as its owner knows it."""
        return self.frame.lazy() if self.is_lazy else self.frame

    @property
    def names(self) -> list[Any]:
        """The names of the columns."""
        return list(self.frame.column_names if self.kind == "pyarrow" else self.frame.columns)

    def __len__(self) -> int:
        return int(self.frame.num_rows if self.kind == "pyarrow" else len(self.frame))

    def values(self, column: Any) -> list[Any]:
        """The values of a column. Raises BadInput unless there is one of that name."""
        return list(self.each(column))

    def each(self, column: Any) -> Iterator[Any]:
        """The same, one by one: objects of Python that need not all be there at once."""
        self.check_column(column)
        series = nw.from_native(self.frame[column], series_only=True)
        return (value for start in range(0, len(self), _SOME) for value in _some(series, start))

    def dtype(self, name: str) -> nw.dtypes.DType | None:
        """The type of the column that a new one of this name replaces; None if there is none."""
        full = self._full(name)
        if full not in self.names:
            return None
        self._check_single(full)
        dtype: nw.dtypes.DType = nw.from_native(self.frame[full], series_only=True).dtype
        return dtype

    def check_column(self, column: Any) -> None:
        """Raises BadInput unless there is one column of that name."""
        names = self.names
        if not isinstance(column, Hashable if self.kind == "pandas" else str):
            raise BadInput(f"the column is given as {kind_of(column)}", hint="pass its name")
        if column not in names:
            known = ", ".join(map(str, names)) or "none"
            near = suggest(str(column), [str(name) for name in names])
            hint = f"did you mean {' or '.join(near)}?" if near else f"columns: {known}"
            raise BadInput(f"the frame has no column {column!r}", hint=hint)
        self._check_single(column)

    def check_new(self, names: Sequence[str], texts: Any) -> None:
        """Raises BadInput for a new column that would overwrite that of the texts, or several."""
        for name in map(self._full, names):
            if name == texts:
                raise BadInput(
                    f"the column {texts!r}, which is read, would be overwritten",
                    hint="rename it first, or say another into=, where the verb has it",
                )
            self._check_single(name)

    def _check_single(self, column: Any) -> None:
        if self.names.count(column) > 1:
            raise BadInput(f"the frame has several columns {column!r}", hint="rename all but one")

    def having(self, columns: Mapping[str, Column], without: Sequence[str] = ()) -> Table:
        """The same rows with these columns, new ones last; those of ``without`` are left out."""
        gone = [name for name in map(self._full, without) if name in self.names]
        added = {self._full(name): column for name, column in columns.items()}
        return Table(_SETTERS[self.kind](self.frame, added, gone), self.kind, self.is_lazy)

    def _full(self, name: Any) -> Any:
        # Columns of pandas may have several levels: a plain name stands on the first one.
        levels = self.frame.columns.nlevels if self.kind == "pandas" else 1
        return (name,) + ("",) * (levels - 1) if levels > 1 and isinstance(name, str) else name

    def take(self, rows: Sequence[int]) -> Table:
        """These rows, in this order; an index of pandas goes with them. Raises BadInput if there
        is a column that pyarrow takes no rows of.
        """
        places = np.asarray(rows, np.int64)
        if self.kind == "pandas":
            taken = self.frame.iloc[places]
        elif self.kind == "polars":
            taken = self.frame[places]
        else:
            taken = _taken_by_pyarrow(self.frame, places)
        return Table(taken, self.kind, self.is_lazy)

    def beside(self, other: Table, suffix: str) -> Table:
        """The columns of both, row by row; see `names_beside`."""
        joined = _JOINERS[self.kind](self.frame, other.frame, self.names_beside(other, suffix))
        return Table(joined, self.kind, self.is_lazy)

    def names_beside(self, other: Table, suffix: str) -> list[Any]:
        """The names of the other's columns beside these; names that both have get the suffix.

        Raises BadInput for frames of two libraries, and for a name that is there already.
        """
        if self.kind != other.kind:
            raise BadInput(
                f"one frame is of {self.kind}, the other of {other.kind}",
                hint="convert one of them, so that both are of one library",
            )
        taken = set(self.names)
        names = [f"{name}{suffix}" if name in taken else name for name in other.names]
        if twice := [name for name, count in Counter(names).items() if count > 1 or name in taken]:
            raise BadInput(
                f"there would be several columns {twice[0]!r}", hint="rename columns of one frame"
            )
        return names


_PLAIN = {"string_view": "large_string", "binary_view": "large_binary"}


def _taken_by_pyarrow(frame: Any, places: Any) -> Any:
    made = []
    for name, column in zip(frame.column_names, frame.columns, strict=True):
        try:
            plain = column.cast(_PLAIN.get(str(column.type), column.type))
            made.append(plain.take(places).cast(column.type))
        except NotImplementedError:
            raise BadInput(
                f"pyarrow takes no rows of the column {name!r}, {column.type}",
                hint="cast it to another type, or drop it",
            ) from None
    return type(frame).from_arrays(made, schema=frame.schema)


def _with_pandas(frame: Any, columns: Mapping[str, Column], gone: Sequence[str]) -> Any:
    import pandas as pd  # noqa: PLC0415 - loaded already: there is a frame of it

    # `drop` warns of columns of several levels in no order.
    made = (frame.loc[:, ~frame.columns.isin(gone)] if gone else frame).copy(deep=False)
    for name, values in columns.items():
        if isinstance(values, VectorColumn):
            made[name] = values.for_pandas(made.index)
        else:
            made[name] = pd.Series(_pandas_array(values), index=made.index)
    return made


def _pandas_array(column: Values) -> Any:
    import pandas as pd  # noqa: PLC0415 - loaded already: there is a frame of it

    dtype: Any = _pandas_dtype(column)
    if dtype is not None:
        return pd.array(column.values, dtype=dtype)
    if importlib.util.find_spec("pyarrow") is not None:
        return pd.arrays.ArrowExtensionArray(_arrow_array(column))
    objects = np.empty(len(column.values), object)
    for row, value in enumerate(column.values):  # at once, lists of one length make a matrix
        objects[row] = value
    return objects


def _pandas_dtype(column: Values) -> Any:
    """The type of pandas itself for this kind, one that can be null if need be; None without."""
    import pandas as pd  # noqa: PLC0415 - loaded already: there is a frame of it

    kind = column.kind
    if kind == nw.String():
        return pd.Series([""]).dtype  # "str", or before pandas 3 that of objects
    if isinstance(kind, nw.Datetime):
        zone = f", {kind.time_zone}" if kind.time_zone else ""
        return f"datetime64[{kind.time_unit}{zone}]"
    is_whole = None not in column.values
    return {
        nw.Float64(): "float64",
        nw.Int64(): "int64" if is_whole else "Int64",
        nw.Boolean(): "bool" if is_whole else "boolean",
    }.get(kind)


def _with_polars(frame: Any, columns: Mapping[str, Column], gone: Sequence[str]) -> Any:
    import polars as pl  # noqa: PLC0415 - loaded already: there is a frame of it

    kinds = nw.Schema(_kinds(columns)).to_polars()
    made = [
        values.for_polars(name)
        if isinstance(values, VectorColumn)
        else pl.Series(name, values.values, dtype=kinds[name])
        for name, values in columns.items()
    ]
    return frame.drop(gone).with_columns(made)


def _with_pyarrow(frame: Any, columns: Mapping[str, Column], gone: Sequence[str]) -> Any:
    made = frame.drop_columns(list(gone)) if gone else frame
    for name, values in columns.items():
        column = values.for_pyarrow() if isinstance(values, VectorColumn) else _arrow_array(values)
        place = made.column_names.index(name) if name in made.column_names else None
        if place is None:
            made = made.append_column(name, column)
        else:
            made = made.set_column(place, name, column)
    return made


def _arrow_array(column: Values) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - loaded already, or about to be used by pandas

    return pa.array(column.values, nw.Schema({"": column.kind}).to_arrow().field("").type)


def _kinds(columns: Mapping[str, Column]) -> dict[str, nw.dtypes.DType]:
    return {name: each.kind for name, each in columns.items() if isinstance(each, Values)}


_SETTERS = {"pandas": _with_pandas, "polars": _with_polars, "pyarrow": _with_pyarrow}


def _join_pandas(frame: Any, other: Any, names: Sequence[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415 - loaded already: there is a frame of it

    parts = [frame.reset_index(drop=True), other.set_axis(names, axis=1).reset_index(drop=True)]
    return pd.concat(parts, axis=1)


def _join_polars(frame: Any, other: Any, names: Sequence[str]) -> Any:
    return frame.hstack(other.rename(dict(zip(other.columns, names, strict=True))))


def _join_pyarrow(frame: Any, other: Any, names: Sequence[str]) -> Any:
    for name, column in zip(names, other.columns, strict=True):
        frame = frame.append_column(name, column)
    return frame


_JOINERS = {"pandas": _join_pandas, "polars": _join_polars, "pyarrow": _join_pyarrow}
