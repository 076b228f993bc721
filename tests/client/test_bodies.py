from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nexhina_nb.client.bodies import encode
from nexhina_nb.errors import BadInput
from nexhina_nb.wire import ChatCompletionRequest

FIELDS: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "temperature": None,
}


def body(own: dict[str, Any], **fields: Any) -> Any:
    return json.loads(encode(ChatCompletionRequest, FIELDS | fields, own))


def test_what_was_not_given_is_not_sent() -> None:
    assert body({}) == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert body({}, temperature=0.0)["temperature"] == 0


def test_other_arguments_go_along() -> None:
    assert body({"top_p": 0.5, "min_p": 0.1, "enable_thinking": False}) == body({}) | {
        "top_p": 0.5,
        "min_p": 0.1,
        "enable_thinking": False,
    }


def test_numpy_numbers() -> None:
    assert body({}, temperature=np.float64(0.5))["temperature"] == 0.5


@pytest.mark.parametrize(
    ("own", "fields", "words"),
    [
        ({}, {"temperature": 3}, "temperature"),
        ({}, {"temperature": "hot"}, "temperature"),
        ({}, {"n": 0}, "'n'"),
        ({}, {"stop": ["a"] * 5}, "stop"),
        ({}, {"model": 3}, "model"),
        ({}, {"messages": [{"role": "wizard", "content": "x"}]}, "role"),
        ({"temperatures": 1}, {}, "did you mean 'temperature'"),
        ({"tool": 1}, {}, "did you mean 'tools'"),
        ({"messages": []}, {}, "given twice"),
        ({"vendor": object()}, {}, "JSON"),
        ({}, {"messages": [{"role": "user", "content": "\ud800"}]}, "sent"),
    ],
)
def test_what_the_contract_does_not_allow(
    own: dict[str, Any], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        body(own, **fields)
