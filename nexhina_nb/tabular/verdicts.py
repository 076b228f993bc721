"""`moderate`: a column of texts → whether each is flagged, and how likely each category is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import narwhals as nw

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.inputs import Inputs, read
from nexhina_nb.batch.moderate import ModerateWork
from nexhina_nb.batch.options import Common, Options, common
from nexhina_nb.batch.rows import Part
from nexhina_nb.batch.tally import Tally
from nexhina_nb.pricing.estimate import Verb
from nexhina_nb.settings import Settings
from nexhina_nb.tabular.anywhere import carried
from nexhina_nb.tabular.rows import Plan, Schema
from nexhina_nb.wire.moderation import CATEGORIES

FLAGGED, CATEGORY, ERROR = "flagged", "category", "moderate_error"


@common
def moderate(frame: Any, column: Any, **options: Unpack[Common]) -> Any:
    """A frame and one of its columns of texts → the same kind of frame with the verdicts.

    "flagged" says whether a text is, "category" which category applies (of several the most likely
    one, null if none does); then there is a column of scores, 0 to 1, for each of the thirteen
    categories of the contract, null where the model does not know that category. Scores of further
    categories are left out. Rows without a verdict are null in all of them, and "moderate_error"
    says why.

    Equal texts are sent once, many in one request, and answers are kept on disk: frames, options
    and errors are those of `nexhina_nb.embed`. A request that is refused is split until the text
    that is to blame stands alone.
    """
    return carried(Moderate(column), frame, Options(**options))


@dataclass(frozen=True)
class Moderate(Plan):
    """What `moderate` does with each row."""

    column: Any

    verb: ClassVar[str] = "moderate"
    priced_as: ClassVar[Verb] = "moderate"
    names: ClassVar[tuple[str, ...]] = (FLAGGED, CATEGORY, *CATEGORIES)
    error: ClassVar[str] = ERROR

    @property
    def reads(self) -> tuple[Any, ...]:
        """The column of texts."""
        return (self.column,)

    def model(self, settings: Settings) -> str:
        """The model of the settings."""
        return settings.moderate_model

    def read(self, table: Table) -> Inputs:
        """The different texts."""
        return read(table.values(self.column), f"the column {self.column!r}")

    def work(
        self, inputs: Inputs, model: str, options: Options, desk: Desk, tally: Tally
    ) -> ModerateWork:
        """The verdicts on these texts."""
        address = Address(self.verb, desk.gateway, model)
        return ModerateWork(inputs, model, address, desk.cache, tally, options.batch_size)

    def columns(self, work: ModerateWork) -> Mapping[str, Column]:
        """The verdicts."""
        rows = work.rows()
        columns: dict[str, Column] = {
            FLAGGED: Values(nw.Boolean(), [row and row.flagged for row in rows]),
            CATEGORY: Values(nw.String(), [row and row.category for row in rows]),
        }
        for at, name in enumerate(CATEGORIES):
            columns[name] = Values(nw.Float64(), [row and row.scores[at] for row in rows])
        return columns

    def call(self, inputs: Inputs, part: Part) -> Call:
        """The texts of a request."""
        return [inputs.texts[place] for place in part], {}

    def schema(self, settings: Settings) -> Schema:
        """The same for all models."""
        scores = dict.fromkeys(CATEGORIES, nw.Float64())
        return {FLAGGED: nw.Boolean(), CATEGORY: nw.String(), **scores}
