"""The rankings of a batch as rows of the caller's frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import narwhals as nw
import numpy as np

from nexhina_nb.batch.frames import Column, Values
from nexhina_nb.batch.inputs import STOPPED, Inputs
from nexhina_nb.batch.rerank import Ranking

SCORE, RANK, ERROR = "relevance_score", "rank", "rerank_error"


@dataclass(slots=True)
class Ranked:
    """Rows in a new order, with what is to be written beside them."""

    rows: list[int] = field(default_factory=list)
    scores: list[float | None] = field(default_factory=list)
    ranks: list[int | None] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)

    def columns(self) -> dict[str, Column]:
        """The columns to add; that of errors only if there is one."""
        made: dict[str, Column] = {
            SCORE: Values(nw.Float64(), self.scores),
            RANK: Values(nw.Int64(), self.ranks),
        }
        return made | ({ERROR: Values(nw.String(), self.errors)} if any(self.errors) else {})


def ranked(ranking: Ranking, documents: Inputs, top_n: int | None) -> Ranked:
    """The rows of one query, best first, equal scores in the order of the frame.

    Rows without a score come last, without a rank; ``top_n`` leaves them out. A row that has
    neither a score nor a reason is one of a batch that was stopped.
    """
    found: list[tuple[float, int]] = []
    bad = dict(documents.bad)
    for row, place in enumerate(documents.place.tolist()):
        if place in ranking.scores:
            found.append((-ranking.scores[place], row))
        elif row not in bad:
            bad[row] = ranking.bad.get(place, STOPPED)
    best = sorted(found)[:top_n]
    made = Ranked(
        rows=[row for _, row in best],
        scores=[-score for score, _ in best],
        ranks=list(range(1, len(best) + 1)),
        errors=[None] * len(best),
    )
    for row in sorted(bad) if top_n is None else ():
        _add_bad(made, row, bad[row])
    return made


def _add_bad(made: Ranked, row: int, why: str) -> None:
    made.rows.append(row)
    made.scores.append(None)
    made.ranks.append(None)
    made.errors.append(why)


def table_of(made: Ranked, documents: Inputs) -> list[tuple[int, int, float, str]]:
    """Rank, row, score and document of the rows that have a score."""
    return [
        (rank, row, score, documents.texts[documents.place[row]])
        for rank, row, score in zip(made.ranks, made.rows, made.scores, strict=True)
        if rank is not None and score is not None
    ]


def joined(several: Iterable[Ranked]) -> Ranked:
    """The rows of several queries, one after the other."""
    made = Ranked()
    for one in several:
        made.rows += one.rows
        made.scores += one.scores
        made.ranks += one.ranks
        made.errors += one.errors
    return made


def repeated(rows: Sequence[int], times: Sequence[int]) -> list[int]:
    """Each row as often as it is needed."""
    return [int(row) for row in np.repeat(np.asarray(rows, np.int64), times)]
