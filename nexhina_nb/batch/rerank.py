"""A column of documents → scores for one query or several.

Scores of different requests do not compare with every model (`local/rerank` counts how rare a word
is among the documents of the call), so all documents of a query travel together as long as the
gateway takes them, and are split only when it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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

NOT_RANKED = "not_ranked: the gateway gave this document no score"
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
        self._open: dict[Part, None] = {}  # in order: what is still to be asked for
        self.rankings = [Ranking() for _ in queries]
        tally.failed += len(documents.bad) * len(queries)

    def look_up(self) -> None:
        """Take what is on disk, and note what is not."""
        runs = self._runs()
        for query in range(len(self._queries)):
            self._unknown([Part(query, places) for places in runs])

    def parts(self) -> Sequence[Part]:
        """What must be asked for, in the order of the queries."""
        return list(self._open)

    def ask(self, session: Session, part: Part) -> Flow[Answer[Scores]]:
        """The call for a part."""
        query, documents = self._queries[part.query], self.texts(part)
        return calls.rerank(session, self._wanted.model, query, documents, self._wanted.top_n)

    def keep(self, part: Part, answer: Answer[Scores]) -> None:
        """On disk first, if it is whole."""
        self._tally.billed(answer.bill)
        if self._cache is not None and self._is_whole(part, answer.value):
            kept = {self._name(part): orjson.dumps(answer.value)}
            self._cache.put(kept, verb="rerank", model=self._wanted.model)
        self._tally.answered(self._take(part, answer.value))
        del self._open[part]

    def texts(self, part: Part) -> list[str]:
        """The documents of a part."""
        return [self._documents.texts[place] for place in part.places]

    def halves(self, part: Part) -> Sequence[Part]:
        """Two smaller parts, as far as they are not on disk."""
        del self._open[part]
        middle = len(part.places) // 2
        halves = (part.places[:middle], part.places[middle:])
        return self._unknown([Part(part.query, places) for places in halves])

    def is_single(self, part: Part) -> bool:
        """Whether it is one document."""
        return len(part.places) == 1

    def fail(self, part: Part, error: NexhinaError) -> None:
        """These documents get no score."""
        self._lose(part.query, part.places, in_words(error))
        del self._open[part]

    def fail_rest(self, why: str) -> None:
        """There will be no more answers: what is open gets no score, for this reason."""
        for part in self._open:
            self._lose(part.query, part.places, why)
        self._open.clear()

    def errors(self) -> dict[int, str]:
        """Rows of documents without a score for some query, and why."""
        reasons: dict[int, str] = {}
        for ranking in self.rankings:
            reasons |= ranking.bad
        return self._documents.without_answer(reasons)

    def lost(self) -> int:
        """How many documents, counted for each query, could have had a score and have none."""
        return sum(self._rows(ranking.bad) for ranking in self.rankings)

    def explain(self, session: Session, error: APIError) -> Flow[None]:
        """What to do about an error that ends the batch."""
        asked = Asked(self._wanted.model, texts=self._queries[:1])
        return explain(session, error, asked, calls.RERANK_PATH)

    def _runs(self) -> list[tuple[int, ...]]:
        # Once, for all queries: these tuples are long.
        places = range(len(self._documents.texts))
        most = self._wanted.batch_size or MOST_DOCUMENTS
        return [tuple(places[start : start + most]) for start in range(0, len(places), most)]

    def _unknown(self, parts: Sequence[Part]) -> list[Part]:
        unknown = []
        for part in parts:
            value = None if self._cache is None else self._cache.get(self._name(part))
            scores = [] if value is None else orjson.loads(value)
            if self._is_whole(part, scores):
                self._tally.found(self._take(part, scores))
            else:
                unknown.append(part)
                self._open[part] = None
        return unknown

    def _is_whole(self, part: Part, scores: Scores) -> bool:
        """Whether that is all that was asked for: some servers rank only the best so many."""
        most = len(part.places)
        return len(scores) >= min(self._wanted.top_n or most, most)

    def _take(self, part: Part, scores: Scores) -> int:
        """Put scores in their places; for how many rows that is an answer."""
        known: Mapping[int, float] = {part.places[index]: score for index, score in scores}
        self.rankings[part.query].scores.update(known)
        if self._wanted.top_n is not None and self._is_whole(part, scores):
            return self._rows(part.places)
        self._lose(part.query, [place for place in part.places if place not in known], NOT_RANKED)
        return self._rows(known)

    def _lose(self, query: int, places: Sequence[int], why: str) -> None:
        self.rankings[query].bad.update(dict.fromkeys(places, why))
        self._tally.failed += self._rows(places)

    def _name(self, part: Part) -> bytes:
        texts = [self._queries[part.query], *self.texts(part)]
        return self._address.of_many(text.encode() for text in texts)

    def _rows(self, places: Iterable[int]) -> int:
        return int(self._counts[list(places)].sum())
