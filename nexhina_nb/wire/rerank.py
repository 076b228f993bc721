"""Rerank (contract 1.40 to 1.42)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nexhina_nb.wire.base import IsObject, JSONObject, Reply, Request, Several, Text, one_of
from nexhina_nb.wire.usage import Usage

Document = Annotated[Text | Annotated[JSONObject, IsObject], one_of("a string or an object")]


class RerankRequest(Request):
    """POST /v1/rerank. ``top_n`` larger than the number of documents means all of them."""

    model: str = Field(min_length=1)
    query: str = Field(min_length=1)
    documents: Several[Document] = Field(min_length=1)
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool | None = None
    max_chunk_per_doc: Annotated[int, Field(ge=1)] | None = None
    overlap_tokens: Annotated[int, Field(ge=0)] | None = None


class RerankResult(Reply):
    """One document: ``index`` is its place in the request, a higher score fits better."""

    index: int
    relevance_score: float
    document: Document | None = None


class RerankResponse(Reply):
    """The results, best first."""

    id: str | None = None
    results: list[RerankResult]
    meta: JSONObject | None = None
    usage: Usage | None = None
    model: str | None = None
