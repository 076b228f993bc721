"""The calls of a batch as flows of the client: one try each, so that the runner decides what is
tried again, and an error is explained only if it ends the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from nexhina_nb import errors
from nexhina_nb.batch.quotas import Quota, quota_of
from nexhina_nb.batch.tally import Bill
from nexhina_nb.client import bodies, vector_bodies
from nexhina_nb.client.core import refuses_base64
from nexhina_nb.client.cost import cost_of
from nexhina_nb.client.exchange import Flow, Request, Response, exchange
from nexhina_nb.client.explain import checked
from nexhina_nb.client.ranking import read_ranking
from nexhina_nb.client.session import Session
from nexhina_nb.client.vectors import vectors_of
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire import EmbeddingRequest, RerankRequest, Usage
from nexhina_nb.wire.extensions import QUOTA_HEADER

EMBED_PATH, RERANK_PATH = "/embeddings", "/rerank"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came, what it cost, and how many more such calls the other side takes."""

    value: T
    bill: Bill
    quota: Quota | None = None


Vectors = Sequence[tuple[int, npt.NDArray[np.float32]]]
Scores = Sequence[tuple[int, float]]


def embed(
    session: Session, model: str, texts: Sequence[str], dimensions: int | None
) -> Flow[Answer[Vectors]]:
    """Texts → pairs of place and vector, in any order."""
    encoding = session.vectors_as
    fields = {"model": model, "input": list(texts), "dimensions": dimensions}
    body = bodies.encode(EmbeddingRequest, {**fields, "encoding_format": encoding}, {})
    try:
        response = yield from exchange(session, Request("POST", EMBED_PATH, body, repeatable=True))
        answer = vector_bodies.answer_of(session, response)
    except (errors.BadRequest, errors.Unprocessable) as error:
        if encoding == "float" or not refuses_base64(error):
            raise
        session.vectors_as = "float"
        return (yield from embed(session, model, texts, dimensions))
    vectors = list(vectors_of(answer.get("data"), len(texts)))
    return answered(vectors, response, answer, model)


def rerank(
    session: Session, model: str, query: str, documents: Sequence[str], top_n: int | None
) -> Flow[Answer[Scores]]:
    """A query and documents → pairs of place and score, best first."""
    fields: dict[str, Any] = {
        "model": model,
        "query": query,
        "documents": list(documents),
        "top_n": None if top_n is None else min(top_n, len(documents)),
    }
    body = bodies.encode(RerankRequest, fields, {})
    response = yield from exchange(session, Request("POST", RERANK_PATH, body, repeatable=True))
    answer = checked(session, response)
    ranking = read_ranking(session.target, response, answer, fields)
    scores = [(row.index, row.score) for row in ranking]
    return answered(scores, response, answer, model)


def answered(value: T, response: Response, answer: Mapping[str, Any], asked: str) -> Answer[T]:
    """What was made of an answer, with what the answer says of itself."""
    said = answer.get("model")
    model = said if isinstance(said, str) and said else asked
    usage = Usage.read(answer["usage"]) if isinstance(answer.get("usage"), Mapping) else None
    used = Tokens.from_usage(usage.dump()) if usage else Tokens()
    bill = Bill(
        cost=cost_of(response.headers.get(QUOTA_HEADER), model, usage),
        tokens=used.total,
        model=model,
        request_id=response.request_id,
    )
    return Answer(value, bill, quota_of(response.headers, bill.tokens))
