"""Embeddings and rerank with the built-in engines."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadRequest, ContextLengthExceeded
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.served import Served, json
from nexhina_nb.pricing.tokens import count_many, decode
from nexhina_nb.settings import Settings

Payload = dict[str, Any]

# Contract 2.6.
_MOST_TOKENS = 300_000
# The vocabulary of cl100k_base without its special tokens.
_LARGEST_ID = 100_255


def serve_embed(call: Call, _: Settings) -> Served:
    """The answer of an embeddings call."""
    return json(embed(call.body, call.request_id))


def serve_rerank(call: Call, _: Settings) -> Served:
    """The answer of a rerank call."""
    return json(rerank(call.body, call.request_id))


def embed(body: Mapping[str, Any], _request_id: str) -> Payload:
    """An `EmbeddingResponse`: one unit vector for each input, in order."""
    engine = ENGINES[body["model"]]
    texts = _texts(body["input"])
    tokens = _counted(texts, engine.context_length, "input")
    vectors = engine.load()(texts, body.get("dimensions"))
    if body.get("encoding_format") == "base64":
        rows = [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors]
    else:
        rows = vectors.tolist()
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(rows)
        ],
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def rerank(body: Mapping[str, Any], request_id: str) -> Payload:
    """A `RerankResponse`: the documents' scores, falling."""
    engine = ENGINES[body["model"]]
    documents: list[Any] = body["documents"]
    texts = [_text(document, place) for place, document in enumerate(documents)]
    query: str = body["query"]
    tokens = _counted([query, *texts], engine.context_length, "documents", most=None)
    scores = engine.load()(query, texts).tolist()
    best = sorted(range(len(texts)), key=lambda index: (-scores[index], index))[: body.get("top_n")]
    results = [{"index": index, "relevance_score": scores[index]} for index in best]
    if body.get("return_documents"):
        for result in results:
            document = documents[result["index"]]
            result["document"] = {"text": document} if isinstance(document, str) else document
    return {
        "id": f"rerank-{request_id}",
        "model": body["model"],
        "results": results,
        "usage": {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens},
    }


def _texts(value: Any) -> list[str]:
    items: Sequence[Any] = [value] if isinstance(value, str) else value
    if items and isinstance(items[0], int):
        items = [items]
    texts = [item if isinstance(item, str) else _decoded(item) for item in items]
    if not texts or "" in texts:
        raise BadRequest("the input must not be empty", param="input")
    return texts


def _decoded(ids: Sequence[int]) -> str:
    if not all(0 <= number <= _LARGEST_ID for number in ids):
        raise BadRequest("a token id is outside the vocabulary (cl100k_base)", param="input")
    return decode(ids)


def _counted(
    texts: Sequence[str], longest: int, param: str, most: int | None = _MOST_TOKENS
) -> int:
    """Tokens in all. Raises ContextLengthExceeded when one text, or all together, have too many."""
    counts = count_many(texts)
    place = max(range(len(counts)), key=counts.__getitem__)
    if counts[place] > longest:
        raise ContextLengthExceeded(
            f"This model's maximum context length is {longest} tokens, and text {place} has "
            f"{counts[place]}; shorten or split it",
            param=param,
        )
    if most is not None and sum(counts) > most:
        raise ContextLengthExceeded(
            f"one request may hold {most} tokens and this one has {sum(counts)}; send fewer texts",
            param=param,
        )
    return sum(counts)


def _text(document: Any, place: int) -> str:
    if isinstance(document, str):
        return document
    text = document.get("text")
    if not isinstance(text, str):
        raise BadRequest(
            "a document is a text or an object with 'text'", param=f"documents.{place}.text"
        )
    return text
