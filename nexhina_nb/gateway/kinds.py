"""What differs between the endpoints that the pipeline carries: one row each.

A kind says which form of `wire` a body has, where it goes upstream, what of it counts as prompt,
and how long the answer may get. Everything else (keys, money, routing, relaying, logs) is the same
for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nexhina_nb import wire
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.router import LONGEST_NAME

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One family of calls."""

    verb: str
    summary: str
    path: str
    request: str
    prompt: Callable[[Body], Iterable[str]]
    longest_answer: Callable[[Body], int]
    streams: bool = False

    def check(self, body: dict[str, Any]) -> None:
        """Raise BadRequest naming the field, when the body breaks the contract."""
        # pydantic is a third of what the gateway loads, and it is ready without it.
        from nexhina_nb.wire.validation import check  # noqa: PLC0415

        check(getattr(wire, self.request), body)


def _chat_prompt(body: Body) -> Iterable[str]:
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        for part in content if isinstance(content, list) else ():
            yield str(part.get("text", ""))


def _chat_length(body: Body) -> int:
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    return int(limit) * int(body.get("n") or 1)


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


def _no_answer(_: Body) -> int:
    return 0


CHAT = Kind(
    "chat",
    "answer a conversation, whole or as a stream",
    "/chat/completions",
    "ChatCompletionRequest",
    _chat_prompt,
    _chat_length,
    streams=True,
)
EMBED = Kind(
    "embed",
    "turn texts into vectors",
    "/embeddings",
    "EmbeddingRequest",
    _embedding_prompt,
    _no_answer,
)
RERANK = Kind(
    "rerank",
    "sort documents by relevance",
    "/rerank",
    "RerankRequest",
    _rerank_prompt,
    _no_answer,
)


def model_of(body: Body) -> str:
    """The model that a body asks for. Raises BadRequest when there is none, or no name."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest(
            "you must provide a model", code="missing_required_parameter", param="model"
        )
    if len(model) > LONGEST_NAME:
        raise BadRequest(f"'model' must have at most {LONGEST_NAME} characters", param="model")
    return model


def rough_tokens(texts: Iterable[str]) -> int:
    """A quick guess for what to hold: four bytes a token. The bill never uses it when usage
    came.
    """
    return -(-sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) // 4)
