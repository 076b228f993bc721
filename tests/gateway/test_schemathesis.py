"""Calls made up from the gateway's own document find no failure that it does not announce.

Each operation gets a few, always the same ones. Most name a model that there is, so that they get
past the door; what costs minutes to make (sound, pictures, videos) is asked of no model.
"""

from __future__ import annotations

from typing import Any

import hypothesis
import openai
import requests
import schemathesis
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import RunningGateway

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What is put into made-up bodies, so that most of them get past the door.
_CHAT = {"model": "local/chat"}
FIELDS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": _CHAT | {"messages": [{"role": "user", "content": "What is 2 + 2?"}]},
    "/v1/completions": _CHAT,
    "/v1/messages": _CHAT | {"max_tokens": 50},
    "/v1/messages/count_tokens": _CHAT,
    "/v1/responses": _CHAT,
    "/v1/responses/compact": _CHAT,
    "/v1/responses/input_tokens": _CHAT,
    "/v1/embeddings": {"model": "local/embed"},
    "/v1/engines/{model}/embeddings": {"model": "local/embed"},
    "/v1/moderations": {"model": "local/moderate"},
    "/v1/rerank": {"model": "local/rerank", "documents": ["a cat", {"text": "a dog"}]},
    "/v2/rerank": {"model": "local/rerank", "documents": ["a cat", "a dog"]},
}
PATHS = {"/v1/models/{model}": {"model": "local/chat"}}
EXAMPLES = 40


def _manages(path: str) -> bool:
    """The admin API does what it is told: made-up orders would take the gateway apart."""
    return path.startswith("/api/") and not path.startswith(("/api/usage", "/api/log/token"))


SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],
)


def test_every_operation(shared_gateway: RunningGateway) -> None:
    root = shared_gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {shared_gateway.key}"}
    api = schemathesis.openapi.from_url(f"{root}/openapi.json")
    api.config.generation.with_security_parameters = False
    with openai.OpenAI(base_url=shared_gateway.base_url, api_key=shared_gateway.key) as sdk:
        kept = {"id": sdk.responses.create(model="local/chat", input="hello").id}
    paths = PATHS | {"/v1/responses/{id}": kept, "/v1/responses/{id}/input_items": kept}
    found: list[FailureGroup] = []
    with requests.Session() as session:

        def ask(case: Any) -> None:
            if isinstance(case.body, dict):
                case.body.update(FIELDS.get(case.path, {}))
            case.path_parameters.update(paths.get(case.path, {}))
            case.call_and_validate(root, session, headers, checks=CHECKS)

        for row in api.get_all_operations():
            operation = row.ok()
            if _manages(operation.path):
                continue
            try:
                SETTINGS(hypothesis.given(operation.as_strategy())(ask))()
            except FailureGroup as error:
                error.add_note(operation.label)
                found.append(error)
    if found:
        raise BaseExceptionGroup("operations that break the document", found)
