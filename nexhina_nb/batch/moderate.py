"""Texts of a column → verdicts: whether a text is flagged, and how likely each category is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer, answered
from nexhina_nb.batch.inputs import Inputs, pack
from nexhina_nb.batch.rows import Found, Part, RowWork
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, exchange
from nexhina_nb.client.explain import checked
from nexhina_nb.client.judging import Verdict, read_verdicts
from nexhina_nb.client.session import Session
from nexhina_nb.wire import ModerationRequest
from nexhina_nb.wire.moderation import CATEGORIES

MOST_TEXTS = 64  # in one request: verdicts take longer than vectors


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is kept of a verdict: ``scores`` in the order of the contract, None for a category that
    the model does not know.
    """

    flagged: bool
    category: str | None
    scores: tuple[float | None, ...]

    @classmethod
    def of(cls, verdict: Verdict) -> Judgement:
        """Without the text, and without categories that the contract does not know."""
        scores = tuple(verdict.scores.get(name) for name in CATEGORIES)
        return cls(verdict.flagged, verdict.category, scores)


class ModerateWork(RowWork[Judgement]):
    """The judgements of a batch."""

    verb, path = "moderate", "/moderations"

    def __init__(
        self,
        inputs: Inputs,
        model: str,
        address: Address,
        cache: Cache | None,
        tally: Tally,
        most: int | None = None,
    ) -> None:
        super().__init__(inputs, model, address, cache, tally)
        self._most = most or MOST_TEXTS
        self._found: dict[int, Judgement] = {}

    def parts(self) -> Iterator[Part]:
        """What must be asked for, packed into requests."""
        return pack(self.missing(), self.inputs, self._most, self.model)

    def ask(self, session: Session, part: Part) -> Flow[Answer[Found[Judgement]]]:
        """The call for a part."""
        texts = [self.inputs.texts[place] for place in part]
        body = bodies.encode(ModerationRequest, {"model": self.model, "input": texts}, {})
        request = Request("POST", self.path, body, repeatable=True)
        response = yield from exchange(session, request)
        answer = checked(session, response)
        verdicts = read_verdicts(session.target, response, answer, texts)
        found = list(enumerate(map(Judgement.of, verdicts)))
        return answered(found, response, answer, self.model)

    def pack(self, value: Judgement) -> bytes:
        """As JSON."""
        return orjson.dumps([value.flagged, value.category, value.scores])

    def unpack(self, data: bytes) -> Judgement:
        """From JSON."""
        flagged, category, scores = orjson.loads(data)
        return Judgement(flagged, category, tuple(scores))

    def put(self, place: int, value: Judgement) -> None:
        """Keep it for the rows of its text."""
        self._found[place] = value

    def rows(self) -> Sequence[Judgement | None]:
        """The judgement of each row; None where there is none."""
        return [self._found.get(place) for place in self.inputs.place.tolist()]
