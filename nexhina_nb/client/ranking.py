"""What rerank gives back: the documents in falling order of relevance, as a value that shows itself
as a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from nexhina_nb.client import tables
from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.replies import Bundle, facts
from nexhina_nb.client.target import Target
from nexhina_nb.wire import RerankResponse, RerankResult, Usage
from nexhina_nb.wire.extensions import QUOTA_HEADER

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Ranked:
    """One document of a ranking: its place in what was passed, its relevance (higher is better),
    the document.
    """

    index: int
    score: float
    document: Any


@dataclass(frozen=True, eq=False, repr=False)
class RerankReply(Sequence[Ranked]):
    """Documents in falling order of relevance; ``raw`` is the response as it came, ``cost`` what it
    cost.
    """

    results: tuple[Ranked, ...]
    raw: RerankResponse
    model: str
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None

    @property
    def usage(self) -> Usage | None:
        """Tokens as the gateway counted them."""
        usage: Any = self.raw.usage
        return usage if isinstance(usage, Usage) else None

    @property
    def documents(self) -> list[Any]:
        """The documents in the new order."""
        return [row.document for row in self.results]

    @overload
    def __getitem__(self, place: int) -> Ranked: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Ranked, ...]: ...
    def __getitem__(self, place: int | slice) -> Ranked | tuple[Ranked, ...]:
        return self.results[place]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Ranked]:
        return iter(self.results)

    def frame(self) -> pd.DataFrame:
        """A pandas frame with the columns rank (from 1), index, relevance_score and document."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only wanted here

        rows = [(rank, row.index, row.score, row.document) for rank, row in enumerate(self, 1)]
        return pd.DataFrame(rows, columns=["rank", "index", "relevance_score", "document"])

    def __repr__(self) -> str:
        best = f", best: document {self[0].index} ({self[0].score:.3f})" if self.results else ""
        return f"<RerankReply {len(self)} documents{best}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        known = facts(self.model, self.request_id, self.cost, self.usage)
        rows = [
            (rank, row.index, row.score, _shown(row.document)) for rank, row in enumerate(self, 1)
        ]
        return tables.mimebundle(["rank", "index", "score", "document"], rows), known


def read_ranking(
    target: Target, response: Response, answer: Mapping[str, Any], asked: Mapping[str, Any]
) -> RerankReply:
    """The ranking that an answer holds; Upstream if it names documents that were not sent, or one
    twice.
    """
    raw = RerankResponse.read(answer)
    documents, found, said = asked["documents"], _as_any(raw.results), _as_any(raw.model)
    if not isinstance(found, list) or not all(_fits(row, len(documents)) for row in found):
        raise not_an_answer(target, response, "is no ranking of these documents")
    if len({row.index for row in found}) < len(found):
        raise not_an_answer(target, response, "ranks a document twice")
    best = sorted(found, key=lambda row: -row.relevance_score)[: asked["top_n"]]
    results = (Ranked(row.index, float(row.relevance_score), documents[row.index]) for row in best)
    model = said if isinstance(said, str) and said else asked["model"]
    cost = cost_of(response.headers.get(QUOTA_HEADER), model, raw.usage)
    return RerankReply(tuple(results), raw, model, cost, response.request_id)


def _as_any(value: Any) -> Any:
    return value  # replies are read leniently: a field may hold something else than its type says


_NEEDED = frozenset({"index", "relevance_score"})  # read leniently, a missing one would be 0


def _fits(row: Any, count: int) -> bool:
    if not isinstance(row, RerankResult) or not row.model_fields_set >= _NEEDED:
        return False
    index, score = _as_any(row.index), _as_any(row.relevance_score)
    is_number = isinstance(score, (int, float)) and math.isfinite(score)
    return is_number and isinstance(index, int) and 0 <= index < count


def _shown(document: Any) -> str:
    return str(document.get("text", document)) if isinstance(document, dict) else str(document)
