"""Known paths of the API that this gateway does not serve, and what lies below them (contract 2.1):
whatever the method, they say so, and what to do instead.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from nexhina_nb.errors import NotOffered

_TOOLS = "use chat completions or responses, with tools"
_RETRIEVAL = "search with embeddings and rerank, and put what was found into the prompt"
_CALLS = "send the calls themselves: nx.embed and nx.rerank of nexhina_nb do so for whole tables"

NOT_OFFERED = {
    "/v1/fine_tuning": "fine-tuning is not offered: put examples into the prompt",
    "/v1/fine-tunes": "fine-tuning is not offered: put examples into the prompt",
    "/v1/files": "files are not kept here: send the content in the request",
    "/v1/uploads": "uploads in parts are not offered: send the content in the request",
    "/v1/assistants": f"assistants are not offered: {_TOOLS}",
    "/v1/threads": f"threads are not offered: {_TOOLS}; previous_response_id goes on with one",
    "/v1/conversations": "conversations are not kept here: go on with previous_response_id",
    "/v1/vector_stores": f"vector stores are not offered: {_RETRIEVAL}",
    "/v1/containers": f"containers are not offered: {_TOOLS} that run on your side",
    "/v1/batches": f"batches are not offered: {_CALLS}",
    "/v1/messages/batches": f"batches are not offered: {_CALLS}",
    "/v1/evals": "evals are not offered: ask the models, and compare their answers in a notebook",
    "/v1/realtime": "realtime is not offered: transcribe, chat with stream: true, and speak",
    "/v1/organization": "organizations are not offered: the command `nexhina keys` keeps keys",
    "/v1/images/variations": "image variations are not offered: edit the image with a prompt",
}


def routes() -> list[BaseRoute]:
    """Two routes for each path; no document names them, for nothing can be done with them."""
    return [
        Route(path + below, _Refusal(reason), include_in_schema=False)
        for path, reason in NOT_OFFERED.items()
        for below in ("", "/{rest:path}")
    ]


class _Refusal:
    """Says no to every method; a function would be asked for its methods, which have no end."""

    def __init__(self, reason: str) -> None:
        self.summary = f"501: {reason}"
        self._reason = reason

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotOffered(self._reason)
