"""Models, moderation, legacy completions and the admin objects."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from nexhina_nb.wire import (
    ApiResponse,
    Channel,
    CompletionRequest,
    CompletionResponse,
    Log,
    LogType,
    ModelList,
    ModerationRequest,
    ModerationResponse,
    PageInfo,
    Redemption,
    Token,
    TokenUsage,
    User,
    UserRole,
)
from nexhina_nb.wire.moderation import CATEGORIES

MODEL = {"id": "m", "object": "model", "created": 1626777600, "owned_by": "custom"}
PROMPT = {"model": "m", "prompt": "Once"}
JUDGED = {
    "flagged": True,
    "categories": {name: name == "hate" for name in CATEGORIES},
    "category_scores": dict.fromkeys(CATEGORIES, 0.25),
    "category_applied_input_types": {"hate": ["text"]},
}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ModelList, {"object": "list", "data": [MODEL], "success": True}),
        (ModelList, {"object": "list", "data": [MODEL | {"context_length": 8192, "pricing": {}}]}),
        (ModerationRequest, {"input": "x"}),
        (ModerationRequest, {"input": ["x", ""], "model": "m"}),
        (ModerationRequest, {"input": [{"type": "image_url", "image_url": {"url": "u"}}]}),
        (ModerationResponse, {"id": "modr-1", "model": "m", "results": [JUDGED]}),
        (CompletionRequest, PROMPT | {"stop": ["a"], "best_of": 2, "n": 2, "logprobs": 5}),
        (CompletionRequest, PROMPT | {"prompt": ["a", ""]}),
        (CompletionRequest, PROMPT | {"prompt": [1, 2]}),
        (CompletionRequest, PROMPT | {"prompt": [[1], [2]]}),
        (
            CompletionResponse,
            {
                "id": "cmpl-1",
                "object": "text_completion",
                "created": 1,
                "model": "m",
                "choices": [{"text": "a", "index": 0, "logprobs": None, "finish_reason": None}],
            },
        ),
        (Log, {"id": 1, "type": 2, "content": "", "quota": 5, "other": "{}", "extra": 1}),
        (User, {"id": 1, "username": "u", "role": 100, "quota": 0, "aff_code": "x"}),
        (Token, {"id": 1, "name": "n", "key": "abcd**********wxyz", "expired_time": -1}),
        (Channel, {"id": 1, "models": "a,b", "group": "default", "weight": 0, "tag": None}),
        (Redemption, {"id": 1, "name": "n", "status": 3, "quota": 100, "redeemed_time": 0}),
        (ApiResponse, {"success": False, "message": "no"}),
        (ApiResponse, {"success": True, "message": "", "data": [1]}),
        (PageInfo, {"page": 1, "page_size": 10, "total": 1, "items": [{"id": 1}]}),
        (
            TokenUsage,
            {
                "object": "token_usage",
                "name": "n",
                "total_granted": 3,
                "total_used": 1,
                "total_available": 2,
                "unlimited_quota": False,
                "model_limits": {"m": True},
                "model_limits_enabled": True,
                "expires_at": 0,
            },
        ),
    ],
)
def test_what_is_allowed_goes_through_unchanged(model: type[Any], body: dict[str, Any]) -> None:
    assert model.model_validate(body).dump() == body


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ModerationRequest, {"input": []}),
        (ModerationRequest, {"input": 5}),
        (ModerationRequest, {"input": ["a", 5]}),
        (CompletionRequest, PROMPT | {"prompt": {}}),
        (CompletionRequest, PROMPT | {"logprobs": 6}),
        (CompletionRequest, PROMPT | {"best_of": 1, "n": 2}),
        (CompletionRequest, PROMPT | {"stream_options": {}}),
        (User, {"username": "u" * 21}),
        (Token, {"name": "n" * 51}),
        (Redemption, {"name": ""}),
        (Redemption, {"count": 101}),
    ],
)
def test_what_is_refused(model: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_there_are_13_categories() -> None:
    assert len(CATEGORIES) == 13
    result = ModerationResponse.model_validate({"id": "i", "model": "m", "results": [JUDGED]})
    categories = result.results[0].categories
    assert set(categories.dump()) == set(CATEGORIES)
    assert categories.hate
    assert not categories.self_harm_intent


def test_codes() -> None:
    assert [kind.value for kind in LogType] == list(range(8))
    assert UserRole.ADMIN < UserRole.ROOT
