"""Calls that judge texts: embeddings, rerank."""

from __future__ import annotations

from collections.abc import Iterable

from nexhina_nb.gateway.kinds import Body, Kind


def _embedding_prompt(body: Body) -> Iterable[str]:
    value = body["input"]
    if isinstance(value, str):
        yield value
        return
    for item in value:
        # Token ids: a token is about four characters, which is how the estimate counts back.
        yield (
            item if isinstance(item, str) else "~~~~" * (len(item) if isinstance(item, list) else 1)
        )


def _rerank_prompt(body: Body) -> Iterable[str]:
    yield body["query"]
    for document in body["documents"]:
        yield document if isinstance(document, str) else str(document.get("text", document))


EMBED = Kind(
    "embed",
    "turn texts into vectors",
    "/embeddings",
    "EmbeddingRequest",
    "EmbeddingResponse",
    prompt=_embedding_prompt,
)
RERANK = Kind(
    "rerank",
    "sort documents by relevance",
    "/rerank",
    "RerankRequest",
    "RerankResponse",
    prompt=_rerank_prompt,
)
