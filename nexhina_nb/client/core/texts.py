"""The verbs that take texts and give figures: embed, rerank, moderate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nexhina_nb import errors
from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, Response
from nexhina_nb.client.explain import Asked, call
from nexhina_nb.client.judging import Judging, ModerationReply, inputs_of
from nexhina_nb.client.ranking import RerankReply, read_ranking
from nexhina_nb.client.session import Session
from nexhina_nb.client.texts import checked, documents_of, packed, texts_of
from nexhina_nb.wire import EmbeddingRequest, ModerationRequest, RerankRequest

if TYPE_CHECKING:
    from nexhina_nb.client.vectors import Vectors


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


def moderate(
    session: Session,
    /,
    texts: Any = (),
    *,
    model: str | None = None,
    images: Any = (),
    **extra: Any,
) -> Flow[ModerationReply]:
    """Texts → ModerationReply: a Verdict for each, in the order given.

    ``images`` (paths, URLs, bytes or figures) are judged together with the text, if there is one;
    so are content parts (dicts) passed as ``texts``: both give one Verdict. More than 2,048 texts
    travel in several requests.

    Raises BadInput for missing or empty texts before anything is sent; APIError or ConnectionFailed
    after.
    """
    inputs, together = inputs_of(texts, images)
    name = model or session.settings.moderate_model
    judging = Judging(name)
    for part in [inputs] if together else packed(inputs):
        fields = {"model": name, "input": list(part)}
        body = bodies.encode(ModerationRequest, fields, extra)
        asked = Asked(name, texts=() if together else part)
        request = Request("POST", "/moderations", body, repeatable=True)
        response, answer = yield from call(session, request, asked)
        judging.add(session.target, response, answer, ["(parts)"] if together else part)
    return judging.finish()
