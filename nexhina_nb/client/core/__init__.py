"""The calls, each as a flow: build the request, read the reply, explain the error. Knows no socket
and no clock.

`sync.Client` and `aio.AsyncClient` take their methods from the functions here, with signatures and
docstrings, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from nexhina_nb import errors
from nexhina_nb.client import bodies
from nexhina_nb.client.account import KeyUsage, ModelsReply
from nexhina_nb.client.exchange import (
    Flow,
    Request,
    Response,
    not_an_answer,
)
from nexhina_nb.client.explain import MODELS, USAGE, Asked, call, read_models
from nexhina_nb.client.messages import Prompt, conversation, response_format
from nexhina_nb.client.ranking import RerankReply, read_ranking
from nexhina_nb.client.replies import ChatReply, Form, read_chat
from nexhina_nb.client.session import Session
from nexhina_nb.client.spending import Moment, Spending, seconds
from nexhina_nb.client.streams import OpenStream, StreamState
from nexhina_nb.client.texts import checked, documents_of, packed, texts_of
from nexhina_nb.client.tools import tool_definitions
from nexhina_nb.wire import (
    ChatCompletionRequest,
    ChatCompletionResponse,
    EmbeddingRequest,
    RerankRequest,
)

if TYPE_CHECKING:
    from nexhina_nb.client.vectors import Vectors


def chat(
    session: Session,
    /,
    prompt: Prompt,
    *,
    model: str | None = None,
    system: str | None = None,
    lang: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    stop: str | Sequence[str] | None = None,
    n: int | None = None,
    seed: int | None = None,
    json: bool = False,
    schema: Any = None,
    images: Any = (),
    tools: Any = None,
    tool_choice: Any = None,
    stream: bool = False,
    **extra: Any,
) -> Flow[ChatReply | OpenStream]:
    """Ask a chat model; ``prompt`` is a text or a list of messages (dicts, or replies of earlier
    chats).

    ``lang`` asks for the answer in a language ("zh", "French"); ``json`` for a JSON object;
    ``schema`` (a pydantic model class or a JSON Schema) for an answer that fits it: see
    ``reply.parsed``. ``images`` are paths, URLs, bytes or figures; ``tools`` Python functions or
    dicts. ``stream=True`` gives a ChatStream, which is iterated piece by piece. Other arguments go
    to the gateway as they are.

    Raises BadInput before anything is sent; APIError, ConnectionFailed or StreamBroken after.
    """
    messages = conversation(
        prompt, system=system, lang=lang or session.settings.lang, images=images
    )
    fields: dict[str, Any] = {
        "model": model or session.settings.model,
        "messages": messages,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "stop": list(stop) if isinstance(stop, tuple) else stop,
        "n": n,
        "seed": seed,
        "response_format": response_format(json, schema),
        "tools": tool_definitions(tools) if tools else None,
        "tool_choice": tool_choice,
        "stream": stream or None,
        "stream_options": {"include_usage": True} if stream else None,
    }
    return (yield from _ask(session, fields, extra, Form(schema, json)))


def _ask(
    session: Session, fields: Mapping[str, Any], extra: Mapping[str, Any], form: Form
) -> Flow[ChatReply | OpenStream]:
    body = bodies.encode(ChatCompletionRequest, fields, extra)
    asked = Asked(
        fields["model"],
        messages=fields["messages"],
        tools=fields["tools"] or (),
        wanted=fields["max_tokens"],
    )
    stream = bool(fields["stream"])
    request = Request("POST", "/chat/completions", body, stream=stream)
    response, answer = yield from call(session, request, asked)
    if stream:
        return OpenStream(StreamState(session.target, response, form), response.source)
    return read_chat(session.target, response, ChatCompletionResponse.read(answer), form)


def embed(
    session: Session,
    /,
    texts: str | Iterable[str],
    *,
    model: str | None = None,
    dimensions: int | None = None,
    **extra: Any,
) -> Flow[Vectors]:
    """Texts (a list, a Series, any iterable of str; or one str) → Vectors (n, d) float32, in the
    order given.

    More than 2,048 texts travel in several requests, one after the other; ``batch`` does the same
    for whole columns, in parallel and with a cache. ``dimensions`` shortens the vectors where the
    model can.

    Raises BadInput for missing or empty texts before anything is sent; APIError or ConnectionFailed
    after.
    """
    from nexhina_nb.client.vectors import Assembly  # noqa: PLC0415 - it loads NumPy

    inputs = texts_of(texts)
    name = model or session.settings.embed_model
    assembly, start = Assembly(len(inputs), name), 0
    for part in packed(inputs):
        fields: dict[str, Any] = {"model": name, "input": list(part), "dimensions": dimensions}
        response, answer = yield from _vectors(session, fields, extra)
        assembly.add(answer, response, start, len(part))
        start += len(part)
    return assembly.finish()


def _vectors(
    session: Session, fields: Mapping[str, Any], extra: Mapping[str, Any]
) -> Flow[tuple[Response, dict[str, Any]]]:
    asked = Asked(fields["model"], texts=fields["input"])
    encoding = session.vectors_as
    body = bodies.encode(EmbeddingRequest, {**fields, "encoding_format": encoding}, extra)
    request = Request("POST", "/embeddings", body, repeatable=True)
    try:
        return (yield from call(session, request, asked))
    except (errors.BadRequest, errors.Unprocessable) as error:
        if encoding == "float" or not refuses_base64(error):
            raise
    session.vectors_as = "float"
    return (yield from _vectors(session, fields, extra))


def refuses_base64(error: errors.APIError) -> bool:
    """Whether a server says that it knows vectors as numbers only."""
    words = f"{error.param} {error.message}".lower()
    return "encoding_format" in words or "base64" in words


def rerank(
    session: Session,
    /,
    query: str,
    documents: Iterable[Any],
    *,
    model: str | None = None,
    top_n: int | None = None,
    return_documents: bool = False,
    **extra: Any,
) -> Flow[RerankReply]:
    """Documents (texts, or dicts with a text) → RerankReply: the ``top_n`` most relevant to the
    query, best first.

    Each result carries the document as it was passed; ``return_documents`` asks the gateway to send
    it back as well.

    Raises BadInput for missing or empty texts before anything is sent; APIError or ConnectionFailed
    after.
    """
    sought, found = checked(query, "the query"), documents_of(documents)
    fields: dict[str, Any] = {
        "model": model or session.settings.rerank_model,
        "query": sought,
        "documents": found,
        "top_n": top_n,
        "return_documents": return_documents or None,
    }
    body = bodies.encode(RerankRequest, fields, extra)
    asked = Asked(fields["model"], texts=[sought])
    request = Request("POST", "/rerank", body, repeatable=True)
    response, answer = yield from call(session, request, asked)
    return read_ranking(session.target, response, answer, fields)


def models(session: Session, /, pattern: str | None = None) -> Flow[ModelsReply]:
    """The models that the key may use; ``pattern`` is a glob (``gpt-*``) or a part of the name."""
    response, body = yield from call(session, replace(MODELS, patience=None))
    if not isinstance(body.get("data"), list):
        raise not_an_answer(session.target, response, "is no list of models")
    return ModelsReply(read_models(body), response.request_id).filter(pattern)


def usage(session: Session, /) -> Flow[KeyUsage]:
    """What the key was given, has used and may still use (contract 7.3)."""
    _, body = yield from call(session, replace(USAGE, patience=None))
    return KeyUsage.read(body.get("data"))


def logs(session: Session, /, *, limit: int | None = None) -> Flow[list[dict[str, Any]]]:
    """The newest calls of the key (at most 1,000) as log rows (contract 8.1), newest first."""
    if limit is not None and limit < 1:
        raise errors.BadInput(f"limit is {limit}", hint="ask for one call or more")
    path = "/api/log/token" if limit is None else f"/api/log/token?limit={limit}"
    response, body = yield from call(session, Request("GET", path, repeatable=True))
    rows = body.get("data")
    if not isinstance(rows, list):
        raise not_an_answer(session.target, response, "is no list of log rows")
    return [row for row in rows if isinstance(row, dict)][:limit]


def spending(
    session: Session, /, since: Moment | None = None, until: Moment | None = None
) -> Flow[Spending]:
    """What the key spent from ``since`` to ``until`` (Unix seconds, or datetimes): quota, calls,
    tokens.

    A gateway that cannot sum up its log is asked for the rows, of which there are at most 1,000.
    """
    start, end = seconds(since), seconds(until)
    span = {"start_timestamp": start or 0, "end_timestamp": end or 0}  # 0: without a limit
    path = f"/api/log/token/stat?{urlencode(span)}"
    try:
        _, body = yield from call(session, Request("GET", path, repeatable=True))
    except (errors.NotFound, errors.MethodNotAllowed, errors.NotOffered):
        rows = yield from logs(session)
        return Spending.of_rows(rows, start, end)
    return Spending.read(body.get("data"))
