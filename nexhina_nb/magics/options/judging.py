"""Options of the verbs that give figures for texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexhina_nb.magics.options.base import CellCall, Kind, column_row, frame_row, no_cache_row, row

if TYPE_CHECKING:
    from nexhina_nb.batch.long_texts import TooLong


@dataclass(frozen=True, slots=True)
class Embed(CellCall):
    """Options of embed."""

    frame: str | None = frame_row("the texts")
    column: str | None = column_row()
    into: str | None = row(
        Kind.TEXT,
        'name of the new column, "embedding" unless given; one that is there already is replaced',
        "--into",
        metavar="NAME",
    )
    too_long: TooLong | None = row(
        Kind.CHOICE,
        "what becomes of texts of the frame that are longer than the model takes, where that is "
        "known: an error in their row (the default), their beginning, or the average of all parts",
        "--too-long",
        choices=("error", "truncate", "split"),
    )
    dimensions: int | None = row(
        Kind.INTEGER, "length of the vectors, where the model can", "--dimensions"
    )
    no_cache: bool = no_cache_row()


@dataclass(frozen=True, slots=True)
class Rerank(CellCall):
    """Options of rerank."""

    query: str | None = row(
        Kind.TEXT,
        "what the documents are judged by; for several queries there is --queries",
        "-q",
        "--query",
        required=True,
        unless="queries",
    )
    frame: str | None = frame_row("the documents")
    column: str | None = column_row()
    queries: str | None = row(
        Kind.FRAME, "frame of queries: each of them ranks the documents of --from", "--queries"
    )
    query_column: str | None = row(
        Kind.COLUMN,
        "column of --queries that holds the queries",
        "--query-column",
        frame="--queries",
    )
    top_n: int | None = row(
        Kind.INTEGER, "keep only the best so many, of each query", "-n", "--top-n"
    )
    no_cache: bool = no_cache_row()


@dataclass(frozen=True, slots=True)
class Moderate(CellCall):
    """Options of moderate."""

    image: tuple[str, ...] = row(
        Kind.PICTURE,
        "picture to judge, together with the text if there is one; may be repeated",
        "--image",
        repeated=True,
    )
    frame: str | None = frame_row("the texts")
    column: str | None = column_row()
    no_cache: bool = no_cache_row()
