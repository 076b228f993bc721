"""The OpenAPI document (3.1) of what a gateway serves, made from its routes."""

from __future__ import annotations

import http
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute, Route

from nexhina_nb.gateway.endpoints.openapi.operations import JSON, Operation, operation_of
from nexhina_nb.gateway.endpoints.openapi.schemas import as_form, components, ref
from nexhina_nb.gateway.endpoints.refusals import NOT_OFFERED
from nexhina_nb.release import version

Payload = dict[str, Any]

# The families in the order of a reader's interest; others come after them.
_FAMILIES = (
    "chat", "responses", "messages", "completions", "embeddings", "rerank", "moderations",
    "images", "audio", "videos", "models", "usage", "log", "gateway",
)  # fmt: skip
# Paths that say otherwise what they belong to.
_ALIASES = {"edits": "images", "engines": "embeddings", "video": "videos"}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_ABOUT = (
    "The gateway of nexhina_nb: the API of OpenAI and of Anthropic over channels and built-in "
    "engines. Fields that are not named here are accepted and passed on. Any status of an upstream "
    "passes through, with its body."
)
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer sk-…"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
_HEADERS = {
    "X-Oneapi-Request-Id": "the id of this request, as the log has it",
    "X-New-Api-Version": "the version of this gateway",
}


def document(routes: Iterable[BaseRoute]) -> Payload:
    """The document of those routes that are in the schema."""
    schemas = components()
    paths: dict[str, Payload] = {}
    for route, method in served(routes):
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[method.lower()] = _operation(route, path, method, schemas)
    used = {operation["tags"][0] for row in paths.values() for operation in row.values()}
    families = [*_FAMILIES[:-1], *sorted(used.difference(_FAMILIES)), _FAMILIES[-1]]
    refused = "\n".join(f"- `{path}`: {reason}" for path, reason in NOT_OFFERED.items())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nexhina_nb gateway",
            "version": version(),
            "description": f"{_ABOUT}\n\nAnswered with 501:\n\n{refused}",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in families if name in used],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": _SECURITY,
            "headers": {name: _header(text) for name, text in _HEADERS.items()},
        },
    }


def served(routes: Iterable[BaseRoute]) -> Iterator[tuple[Route, str]]:
    """Each route with each method that it answers."""
    for route in routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield route, method


def _operation(route: Route, path: str, method: str, schemas: dict[str, Payload]) -> Payload:
    row = operation_of(route, method)
    summary = getattr(route.endpoint, "summary", None) or inspect.getdoc(route.endpoint) or ""
    operation: Payload = {
        "operationId": re.sub(r"\W+", "_", method.lower() + path),
        "summary": summary,
        "tags": [_tag(route.path)],
        "security": [{carrier: []} for carrier in row.carriers],
        "responses": _responses(row),
    }
    if parameters := list(_parameters(route.path, row)):
        operation["parameters"] = parameters
    if row.request:
        content = {kind: {"schema": _body(kind, row, schemas)} for kind in row.bodies}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _tag(path: str) -> str:
    """The family of a path: what follows the version."""
    _, root, *rest = path.split("/")
    return _ALIASES.get(rest[0], rest[0]) if root in ("v1", "v2", "api") else "gateway"


def _parameters(path: str, row: Operation) -> Iterator[Payload]:
    for name in _PARAMETER.findall(path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, wanted in row.query.items():
        yield {"name": name, "in": "query", "schema": dict(wanted)}


def _body(kind: str, row: Operation, schemas: dict[str, Payload]) -> Payload:
    if kind == JSON:
        return ref(row.request)
    return as_form(schemas[row.request], schemas)


def _responses(row: Operation) -> Payload:
    content: Payload = {}
    if row.replies or not row.others:
        content[JSON] = {"schema": _reply(row)}
    content |= {kind: {"schema": {}} for kind in row.others}
    responses = {"200": _response("what was asked for", content)}
    errors: Payload = {JSON: {"schema": ref(row.error)}}
    for status in sorted(row.statuses):
        responses[str(status)] = _response(http.HTTPStatus(status).phrase, errors)
    return responses


def _reply(row: Operation) -> Payload:
    forms = [_form(name) for name in row.replies] or [{"type": "object"}]
    form = forms[0] if len(forms) == 1 else {"anyOf": forms}
    if not row.in_data:
        return form
    told = {"message": {"type": "string"}, "data": form}
    return {"type": "object", "properties": told, "required": list(told)}


def _form(name: str) -> Payload:
    if name.endswith("[]"):
        return {"type": "array", "items": ref(name.removesuffix("[]"))}
    return ref(name)


def _response(description: str, content: Payload) -> Payload:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    return {"description": description, "headers": headers, "content": content}


def _header(description: str) -> Payload:
    return {"description": description, "required": True, "schema": {"type": "string"}}
