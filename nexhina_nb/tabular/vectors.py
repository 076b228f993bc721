"""`embed`: a column of texts → a column of vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import narwhals as nw

from nexhina_nb.batch import long_texts
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Column, Table
from nexhina_nb.batch.inputs import Inputs, read
from nexhina_nb.batch.long_texts import TooLong
from nexhina_nb.batch.options import Common, Options, check_count, common
from nexhina_nb.batch.rows import Part
from nexhina_nb.batch.tally import Tally
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.estimate import Verb
from nexhina_nb.settings import Settings
from nexhina_nb.tabular.anywhere import carried
from nexhina_nb.tabular.rows import Plan, Schema


@common
def embed(
    frame: Any,
    column: Any,
    *,
    into: str = "embedding",
    dimensions: int | None = None,
    too_long: TooLong = "error",
    **options: Unpack[Common],
) -> Any:
    """A frame and one of its columns → the same kind of frame with one column more, the vectors.

    ``frame`` is of pandas, polars or pyarrow; rows, order, index and the other columns stay. The
    vectors are float32: ``Array`` in polars, fixed-size lists of Arrow in pandas (objects if
    pyarrow is not installed; from Parquet, pandas reads such a column with
    ``dtype_backend="pyarrow"``). `nexhina_nb.matrix` makes an array of them.

    A LazyFrame of polars stays lazy: nothing is sent before it is collected, but for one text that
    tells how long vectors are, unless ``dimensions`` does; then it is sent batch by batch, so that
    a frame larger than the memory can be sunk into a file. Budgets that hold for it are those of
    the block in which it was made, and ``budget``: what that text costs counts in it, and each
    collection has what is left. A Dask DataFrame is worked on in its partitions; its budget is one
    for that text and all computations.

    Equal texts are sent once. Answers are kept on disk as they come, so that running again, also
    after an interrupt or a crash, sends only what was not answered. Rows that go wrong have no
    vector, and the column ``{into}_error`` says why; with ``errors="raise"`` that is a BatchFailed
    at the end, with the frame in ``.partial``.

    ``too_long`` says what becomes of texts that are longer than the model takes, where that is
    known: "error", "truncate", or "split" into pieces whose vectors are averaged. The other options
    are those of `nexhina_nb.batch.options.Options`. A client that was made with a ``http_client``
    of its own is used in threads.

    Raises BadInput before anything is sent; BudgetExceeded before the call that would go over the
    budget; APIError or ConnectionFailed for what stops the whole batch; Stopped on an interrupt.
    All but the first have the frame so far in ``.partial``, unless the frame is still being read,
    or is a LazyFrame or of Dask, whose rows are not in one place.
    """
    return carried(Embed(column, into, dimensions, too_long), frame, Options(**options))


@dataclass(frozen=True)
class Embed(Plan):
    """What `embed` does with each row."""

    column: Any
    into: str = "embedding"
    dimensions: int | None = None
    too_long: TooLong = "error"

    verb: ClassVar[str] = "embed"
    priced_as: ClassVar[Verb] = "embed"

    def __post_init__(self) -> None:
        check_count("dimensions", self.dimensions)
        long_texts.check(self.too_long)
        if not (self.into and isinstance(self.into, str)):
            hint = "a text: the name of the new column"
            raise BadInput(f"into cannot be {self.into!r}", hint=hint)

    @property
    def names(self) -> tuple[str, ...]:
        """The column of vectors."""
        return (self.into,)

    @property
    def error(self) -> str:
        """The column of reasons."""
        return f"{self.into}_error"

    @property
    def reads(self) -> tuple[Any, ...]:
        """The column of texts."""
        return (self.column,)

    def model(self, settings: Settings) -> str:
        """The model of the settings."""
        return settings.embed_model

    def read(self, table: Table) -> Inputs:
        """The different texts."""
        return read(table.each(self.column), f"the column {self.column!r}")

    def work(
        self, inputs: Inputs, model: str, options: Options, desk: Desk, tally: Tally
    ) -> EmbedWork:
        """The vectors of these texts."""
        address = Address("embed", desk.gateway, model, dimensions=self.dimensions)
        wanted = Embedding(model, self.dimensions, options.batch_size, self.too_long)
        return EmbedWork(inputs, wanted, address, desk.cache, tally)

    def columns(self, work: EmbedWork) -> Mapping[str, Column]:
        """The vectors."""
        return {self.into: work.column()}

    def call(self, inputs: Inputs, part: Part) -> Call:
        """The texts of a request."""
        return [inputs.texts[place] for place in part], {}

    def schema(self, settings: Settings) -> Schema | None:
        """Only a vector tells how long vectors are, unless the caller says it."""
        if self.dimensions is None:
            return None
        return {self.into: nw.Array(nw.Float32(), self.dimensions)}
