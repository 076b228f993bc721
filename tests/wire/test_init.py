"""The names of the contract are here, the list is sorted and complete, loading is lazy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from nexhina_nb import wire
from nexhina_nb.wire.base import BRANCH

# Contract 1: the seed list with the fields that a form cannot do without.
REQUIRED = {
    "ChatRequest": "model messages",
    "Log": "",
    "ChatMessage": "role",  # content: see test_messages, it depends on the rest
    "ToolCall": "id",
    "User": "",
    "FunctionDefinition": "name",
    "Channel": "",
    "ToolDefinition": "type",
    "Token": "",
    "ChatCompletionRequest": "model messages",
    "Redemption": "",
    "ChatCompletionChoice": "index message finish_reason",
    "ChatCompletionResponse": "id created model choices",
    "ChatCompletionChunk": "id created model choices",
    "ResponseInputText": "text",
    "ResponseRequest": "model input",
    "ResponseOutputText": "text annotations",
    "ResponseOutputMessage": "id role status content",
    "ResponseObject": (
        "id created_at error incomplete_details instructions model output parallel_tool_calls "
        "temperature top_p tool_choice tools metadata"
    ),
    "EmbeddingRequest": "model input",
    "EmbeddingData": "index embedding",
    "EmbeddingResponse": "data model usage",
    "ImageGenerationRequest": "prompt",
    "ImageData": "",
    "ImageUsageInputTokensDetails": "text_tokens image_tokens",
    "ImageUsage": "input_tokens input_tokens_details output_tokens total_tokens",
    "ImageGenerationResponse": "created data",
    "SpeechRequest": "model input voice",
    "TranscriptionRequest": "file model",
    "TranslationRequest": "file model",
    "TranscriptionResponse": "text",
    "TranslationResponse": "text",
    "VideoGenerationRequest": "model",
    "VideoData": "",
    "VideoGenerationResponse": "id task_id model status progress created_at",
    "ModerationRequest": "input",
    "ModerationCategory": (
        "hate hate_threatening harassment harassment_threatening self_harm self_harm_intent "
        "self_harm_instructions sexual sexual_minors violence violence_graphic"
    ),
    "ModerationResult": "flagged categories category_scores",
    "ModerationResponse": "id model results",
    "RerankRequest": "model query documents",
    "RerankResult": "index relevance_score",
    "RerankResponse": "results",
}
MODELS = [
    model
    for name in wire.__all__
    if isinstance(model := getattr(wire, name), type) and issubclass(model, BaseModel)
]


def test_there_are_42_seed_names() -> None:
    assert len(REQUIRED) == 42
    assert set(REQUIRED) <= set(wire.__all__)


@pytest.mark.parametrize("name", REQUIRED)
def test_required_fields(name: str) -> None:
    fields = getattr(wire, name).model_fields
    assert {field for field in fields if fields[field].is_required()} == set(REQUIRED[name].split())


def test_the_list_is_sorted_and_complete() -> None:
    assert wire.__all__ == sorted(set(wire.__all__))
    assert set(wire.__all__) == set(wire._MODULES)
    assert set(wire.__all__) <= set(dir(wire))


def test_what_types_see_is_what_is_loaded() -> None:
    tree = ast.parse(Path(wire.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("nexhina_nb.wire")
        for alias in node.names
    }
    assert seen == {name: f"nexhina_nb.wire.{module}" for name, module in wire._MODULES.items()}


def test_every_model_of_the_modules_is_exported() -> None:
    for module in set(wire._MODULES.values()):
        loaded = sys.modules.get(f"nexhina_nb.wire.{module}")
        assert loaded is not None, module
        made_here = {
            name
            for name, value in vars(loaded).items()
            if isinstance(value, type)
            and value.__module__ == loaded.__name__
            and not name.startswith("_")
        }
        assert made_here <= set(wire.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="ChatCompletionRequests"):
        _ = wire.ChatCompletionRequests


def test_chat_does_not_load_the_rest() -> None:
    program = (
        "import sys, nexhina_nb.wire as w; print('pydantic' in sys.modules); "
        "w.ChatCompletionRequest; print(*(m for m in sys.modules if m.startswith('nexhina_nb.w')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    before, after = done.stdout.splitlines()
    assert before == "False"
    assert not {"nexhina_nb.wire.video", "nexhina_nb.wire.responses"} & set(after.split())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_form_has_a_schema_and_a_sentence(model: type[BaseModel]) -> None:
    assert model.model_json_schema()["type"] == "object"
    assert (model.__doc__ or "").strip().endswith(".")


def _nodes(schema: Any) -> list[dict[str, Any]]:
    found = []
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            found.append(node)
            todo += node.values()
        elif isinstance(node, (list, tuple)):
            todo += node
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_branches_of_a_field_can_be_left_out_of_paths(model: type[BaseModel]) -> None:
    model.model_rebuild()
    for node in _nodes(model.__pydantic_core_schema__):
        assert node.get("type") != "union", "a plain union names its branches after Python types"
        if node.get("type") == "tagged-union":
            assert all(str(tag).startswith(BRANCH) for tag in node["choices"])
