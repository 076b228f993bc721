"""What can be done with responses that the gateway keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from nexhina_nb.client.core.chats import check_resume
from nexhina_nb.client.core.responses import follow_events, resuming
from nexhina_nb.client.exchange import Flow, Request, Sleep, not_an_answer
from nexhina_nb.client.explain import call
from nexhina_nb.client.replies import Form
from nexhina_nb.client.respond_stream import RespondState
from nexhina_nb.client.responding import RespondReply, read_response
from nexhina_nb.client.seams import opening
from nexhina_nb.client.session import Session
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.waiting import Waiting
from nexhina_nb.errors import BadInput, TimedOut


def response(
    session: Session,
    /,
    id: RespondReply | str,
    *,
    wait: bool | float = False,
    stream: bool = False,
    starting_after: int | None = None,
    resume: int = 0,
) -> Flow[RespondReply | OpenStream[str, RespondReply]]:
    """A response that the gateway keeps, as it is now; ``id`` is its id or the reply itself.

    ``wait=True`` waits until one made in the background is done, ``wait=60`` for a minute at most.
    ``stream=True`` gives its events again, those after number ``starting_after``, and goes on with
    the ones to come.

    Raises the error of a response that failed, and TimedOut if it is not done in time.
    """
    check_resume(resume, stream)
    path, form, sent = _path(id), *_known(id)
    if stream:
        after = {} if starting_after is None else {"starting_after": starting_after}
        path = f"{path}?{urlencode({'stream': 'true', **after})}"
        way = resuming(session, resume, None)
        opened, tries = yield from opening(partial(follow_events, session, path), way.policy)
        state = RespondState(
            session.target, opened, form=form, sent=sent, resuming=way, tries=tries
        )
        return OpenStream(state, opened.source)
    waiting = Waiting(None if wait is True else float(wait))
    while True:
        answer, body = yield from call(session, Request("GET", path, repeatable=True))
        reply = read_response(session.target, answer, body, form=form, sent=sent)
        if reply.done or wait is False:
            return reply
        pause = waiting.pause(answer)
        if pause is None:
            raise TimedOut(
                f"the response {reply.id} is still {reply.status}",
                hint=f"it goes on: ask again with client.response({reply.id!r}, wait=True)",
            )
        yield Sleep(pause)


def cancel_response(session: Session, /, id: RespondReply | str) -> Flow[RespondReply]:
    """Stop a response that is being made in the background; the reply says ``cancelled``."""
    form, sent = _known(id)
    request = Request("POST", f"{_path(id)}/cancel", repeatable=True)
    answer, body = yield from call(session, request)
    return read_response(session.target, answer, body, form=form, sent=sent)


def delete_response(session: Session, /, id: RespondReply | str) -> Flow[None]:
    """Delete a response that the gateway keeps; NotFound if there is none."""
    yield from call(session, Request("DELETE", _path(id)))


def input_items(
    session: Session,
    /,
    id: RespondReply | str,
    *,
    limit: int | None = None,
    order: str | None = None,
    after: str | None = None,
) -> Flow[list[dict[str, Any]]]:
    """What a kept response was asked, as items: the newest first unless ``order`` is "asc", at most
    ``limit`` (1 to 100), those after the item of the id ``after``.
    """
    given = {"limit": limit, "order": order, "after": after}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    path = f"{_path(id)}/input_items" + (f"?{query}" if query else "")
    answer, body = yield from call(session, Request("GET", path, repeatable=True))
    items = body.get("data")
    if not isinstance(items, list):
        raise not_an_answer(session.target, answer, "is no list of items")
    return [item for item in items if isinstance(item, dict)]


def _path(id: RespondReply | str) -> str:
    name: object = id.id if isinstance(id, RespondReply) else id
    if not isinstance(name, str) or not name:
        raise BadInput(f"{id!r} is no response", hint="pass a reply of respond, or its id")
    return f"/responses/{quote(name, safe='')}"


def _known(id: RespondReply | str) -> tuple[Form, Sequence[dict[str, Any]]]:
    return (id.form, id.sent) if isinstance(id, RespondReply) else (Form(), ())
