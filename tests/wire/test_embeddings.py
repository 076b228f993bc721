"""Embeddings (contract 1.20 to 1.22 and 2.6)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from nexhina_nb.wire import EmbeddingData, EmbeddingRequest, EmbeddingResponse


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ("text", ["text"]),
        (["a", "b"], ["a", "b"]),
        ([1, 2], [[1, 2]]),
        ([[1], [2, 3]], [[1], [2, 3]]),
        (["x"] * 2048, ["x"] * 2048),
    ],
)
def test_every_form_of_input(value: Any, entries: list[Any]) -> None:
    body = {"model": "m", "input": value, "encoding_format": "base64", "dimensions": 1}
    request = EmbeddingRequest.model_validate(body)
    assert request.entries == entries
    assert request.dump() == body


@pytest.mark.parametrize(
    "fields",
    [
        {"input": ""},
        {"input": []},
        {"input": ["a", ""]},
        {"input": [[]]},
        {"input": [[1], []]},
        {"input": [1, "a"]},
        {"input": ["a", 1]},
        {"input": [-1]},
        {"input": [1.0]},
        {"input": [True]},
        {"input": None},
        {"input": {"a": 1}},
        {"input": ["x"] * 2049},
        {"input": [[1]] * 2049},
        {"encoding_format": "hex"},
        {"dimensions": 0},
        {"model": ""},
    ],
)
def test_what_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EmbeddingRequest.model_validate({"model": "m", "input": "x"} | fields)


def test_a_reply_in_numbers_and_in_base64() -> None:
    body = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, -1.0]},
            {"object": "embedding", "index": 1, "embedding": "AAAAPw=="},
        ],
        "model": "m",
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }
    assert EmbeddingResponse.model_validate(body).dump() == body


def test_vectors_are_not_shown() -> None:
    assert repr(EmbeddingData(index=0, embedding=[0.125])) == (
        "EmbeddingData(object='embedding', index=0)"
    )
