"""Rerank (contract 1.40 to 1.42)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from nexhina_nb.wire import RerankRequest, RerankResponse

BODY: dict[str, Any] = {"model": "m", "query": "q", "documents": ["a", {"text": "b", "id": 7}]}


@pytest.mark.parametrize(
    "fields", [{}, {"top_n": 1}, {"top_n": 99}, {"return_documents": True, "max_chunk_per_doc": 2}]
)
def test_what_is_allowed(fields: dict[str, Any]) -> None:
    assert RerankRequest.model_validate(BODY | fields).dump() == BODY | fields


@pytest.mark.parametrize(
    "fields",
    [
        {"query": ""},
        {"documents": []},
        {"documents": "a"},
        {"documents": [5]},
        {"documents": [None]},
        {"top_n": 0},
        {"top_n": "1"},
        {"return_documents": 1},
        {"overlap_tokens": -1},
    ],
)
def test_what_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RerankRequest.model_validate(BODY | fields)


def test_a_reply() -> None:
    body = {
        "id": "r",
        "results": [
            {"index": 1, "relevance_score": 0.9, "document": {"text": "b"}},
            {"index": 0, "relevance_score": 0.0, "document": "a"},
        ],
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
        "meta": {"billed_units": {"search_units": 1}},
    }
    assert RerankResponse.model_validate(body).dump() == body
