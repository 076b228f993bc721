"""A column of documents → scores for one query or several.

Scores of different requests do not compare with every model (`local/rerank` counts how rare a word
is among the documents of the call), so all documents of a query travel together as long as the
gateway takes them, and are split only when it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson

from nexhina_nb.batch import calls
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer, Scores
from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.verdicts import in_words
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.explain import Asked, explain
from nexhina_nb.client.session import Session
from nexhina_nb.errors import APIError, NexhinaError

MOST_DOCUMENTS = 10_000  # in one request: what the largest services take


@dataclass(frozen=True, slots=True)
class Part:
    """A query and some of the documents, by their places."""

    query: int
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reranking:
    """What is asked of the model. ``batch_size`` documents at most travel in one request."""

    model: str
    top_n: int | None = None
    batch_size: int | None = None


@dataclass(slots=True)
class Ranking:
    """What came for one query: the scores of documents, and why others have none."""

    scores: dict[int, float] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)


class RerankWork:
    """The scores of a batch: which are known, which are to be asked for."""

    def __init__(
        self,
        queries: Sequence[str],
        documents: Inputs,
        wanted: Reranking,
        address: Address,
        cache: Cache | None,
        tally: Tally,
    ) -> None:
        self._queries, self._documents, self._wanted = queries, documents, wanted
        self._address, self._cache, self._tally = address, cache, tally
        self._counts = documents.counts()
        self.rankings = [Ranking() for _ in queries]
        self.open: set[Part] = set()
        tally.failed += len(documents.bad) * len(queries)

    def look_up(self) -> None:
        """Take what is on disk; `open` is what must be asked for."""
        for query in range(len(self._queries)):
            self.open |= set(self._unknown(self._whole(query)))

    def parts(self) -> Iterator[Part]:
        """What must be asked for, in the order of the queries."""
        yield from sorted(self.open, key=lambda part: (part.query, part.places))

    def ask(self, session: Session, part: Part) -> Flow[Answer[Scores]]:
        """The call for a part."""
        query, documents = self._queries[part.query], self.texts(part)
        return calls.rerank(session, self._wanted.model, query, documents, self._wanted.top_n)

    def keep(self, part: Part, answer: Answer[Scores]) -> None:
        """On disk first."""
        if self._cache is not None:
            self._cache.put({self._name(part): orjson.dumps(answer.value)})
        self._take(part, answer.value)
        self._tally.answered(self._rows(part), answer.bill)

    def texts(self, part: Part) -> list[str]:
        """The documents of a part."""
        return [self._documents.texts[place] for place in part.places]

    def halves(self, part: Part) -> Sequence[Part]:
        """Two smaller parts, as far as they are not on disk."""
        self.open.discard(part)
        middle = len(part.places) // 2
        halves = (part.places[:middle], part.places[middle:])
        found = self._unknown([Part(part.query, places) for places in halves])
        self.open |= set(found)
        return found

    def is_single(self, part: Part) -> bool:
        """Whether it is one document."""
        return len(part.places) == 1

    def fail(self, part: Part, error: NexhinaError) -> None:
        """These documents get no score."""
        self.open.discard(part)
        self.rankings[part.query].bad.update(dict.fromkeys(part.places, in_words(error)))
        self._tally.failed += self._rows(part)

    def errors(self) -> dict[int, str]:
        """Rows of documents without a score for some query, and why."""
        bad = dict(self._documents.bad)
        for ranking in self.rankings:
            for place, why in ranking.bad.items():
                rows = np.flatnonzero(self._documents.place == place)
                bad |= dict.fromkeys(rows.tolist(), why)
        return bad

    def explain(self, session: Session, error: APIError) -> Flow[None]:
        """What to do about an error that ends the batch."""
        asked = Asked(self._wanted.model, texts=self._queries[:1])
        return explain(session, error, asked, calls.RERANK_PATH)

    def _whole(self, query: int) -> list[Part]:
        places = range(len(self._documents.texts))
        most = self._wanted.batch_size or MOST_DOCUMENTS
        starts = range(0, len(places), most)
        return [Part(query, tuple(places[start : start + most])) for start in starts]

    def _unknown(self, parts: Sequence[Part]) -> list[Part]:
        unknown = []
        for part in parts:
            value = None if self._cache is None else self._cache.get(self._name(part))
            if value is None:
                unknown.append(part)
                continue
            self._take(part, orjson.loads(value))
            self._tally.found(self._rows(part))
        return unknown

    def _take(self, part: Part, scores: Scores) -> None:
        self.open.discard(part)
        known: Mapping[int, float] = {part.places[index]: score for index, score in scores}
        self.rankings[part.query].scores.update(known)

    def _name(self, part: Part) -> bytes:
        texts = [self._queries[part.query], *self.texts(part)]
        return self._address.of_many(text.encode() for text in texts)

    def _rows(self, part: Part) -> int:
        return int(self._counts[list(part.places)].sum())
