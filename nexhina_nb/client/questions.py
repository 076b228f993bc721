"""Questions that are asked beside the calls, of a gateway that may not know them: with little
patience, and without an error if there is no answer.
"""

from __future__ import annotations

import orjson

from nexhina_nb.client.session import Session
from nexhina_nb.client.steps import Flow, Request, Response

PATIENCE = 2.0  # seconds: an estimate must not keep anyone waiting


def ask(session: Session, path: str) -> Flow[tuple[bool, object]]:
    """Whether there was an answer at all, and the JSON of a good one: None if it is not. A server
    that has no time now has not answered.
    """
    outcome = yield Request("GET", path, patience=PATIENCE, target=session.target)
    if not isinstance(outcome, Response) or outcome.status == 429 or outcome.status >= 500:
        return False, None
    return True, _json(outcome.body) if outcome.status < 300 else None


def _json(body: bytes) -> object:
    try:
        found: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found
