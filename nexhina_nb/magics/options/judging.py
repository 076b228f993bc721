"""Options of the verbs that give figures for texts."""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.magics.options.base import CellCall, Kind, column_row, frame_row, no_cache_row, row


@dataclass(frozen=True, slots=True)
class Embed(CellCall):
    """Options of embed."""

    frame: str | None = frame_row("the texts")
    column: str | None = column_row()
    dimensions: int | None = row(
        Kind.INTEGER, "length of the vectors, where the model can", "--dimensions"
    )
    no_cache: bool = no_cache_row()


@dataclass(frozen=True, slots=True)
class Rerank(CellCall):
    """Options of rerank."""

    query: str | None = row(
        Kind.TEXT, "what the documents are judged by", "-q", "--query", required=True
    )
    frame: str | None = frame_row("the documents")
    column: str | None = column_row()
    top_n: int | None = row(Kind.INTEGER, "keep only the best so many", "-n", "--top-n")
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
