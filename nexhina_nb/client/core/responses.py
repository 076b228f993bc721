"""The verb respond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nexhina_nb.client import bodies
from nexhina_nb.client.core.chats import check_resume
from nexhina_nb.client.exchange import Flow, Request, Response
from nexhina_nb.client.explain import Asked, call
from nexhina_nb.client.items import flat_choice, flat_tools, items_of, text_format
from nexhina_nb.client.messages import language_wish
from nexhina_nb.client.replies import Form
from nexhina_nb.client.respond_stream import RespondState, Resuming
from nexhina_nb.client.responding import RespondReply, read_response
from nexhina_nb.client.seams import opening
from nexhina_nb.client.session import Session
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.wire import ResponseRequest


def respond(
    session: Session,
    /,
    input: Any,
    *,
    model: str | None = None,
    instructions: str | None = None,
    lang: str | None = None,
    previous: RespondReply | str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    json: bool = False,
    schema: Any = None,
    images: Any = (),
    tools: Any = None,
    tool_choice: Any = None,
    reasoning: Any = None,
    store: bool | None = None,
    background: bool | None = None,
    stream: bool = False,
    resume: int = 0,
    **extra: Any,
) -> Flow[RespondReply | OpenStream[str, RespondReply]]:
    """Ask through the Responses API; ``input`` is a text, or a list of items (dicts or replies).

    ``previous`` is the reply to go on from, or its id; one made with ``store=False`` is sent along.
    ``reasoning`` is an effort ("low") or a dict. ``background=True`` returns at once: see
    `response`. ``max_tokens`` is max_output_tokens; what is not told of here is as in chat.

    Raises BadInput before anything is sent; APIError, ConnectionFailed or StreamBroken after.
    """
    check_resume(resume, stream)
    sent, follows = _follow(items_of(input, images), previous)
    fields: dict[str, Any] = {
        "model": model or session.settings.model,
        "input": sent,
        "instructions": _with_language(instructions, lang or session.settings.lang),
        "previous_response_id": follows,
        "temperature": temperature,
        "max_output_tokens": max_tokens,
        "text": text_format(json, schema),
        "tools": flat_tools(tools) if tools else None,
        "tool_choice": flat_choice(tool_choice),
        "reasoning": {"effort": reasoning} if isinstance(reasoning, str) else reasoning,
        "store": store,
        "background": background,
        "stream": stream or None,
    }
    asking = _Asking.of(fields, extra, Form(schema, json), previous)
    return (yield from _ask(session, asking, resume))


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request, ready to be sent, and what it was made of."""

    body: bytes
    form: Form
    fields: Mapping[str, Any]
    earlier: int | None  # tokens of the turns before, as far as they are known

    @classmethod
    def of(
        cls,
        fields: Mapping[str, Any],
        extra: Mapping[str, Any],
        form: Form,
        previous: RespondReply | str | None,
    ) -> _Asking:
        """Raises BadInput for what the contract does not allow."""
        usage = previous.usage if isinstance(previous, RespondReply) else None
        earlier = None
        if usage is not None:
            earlier = (usage.input_tokens or 0) + (usage.output_tokens or 0)
        return cls(bodies.encode(ResponseRequest, fields, extra), form, fields, earlier)

    @property
    def asked(self) -> Asked:
        """What matters to explain why it failed."""
        counted = [
            item
            for item in self.fields["input"]
            if item.get("role") and item.get("content") is not None
        ]
        wanted = self.fields["max_output_tokens"]
        return Asked(self.fields["model"], messages=counted, wanted=wanted)


def _with_language(instructions: str | None, lang: str) -> str | None:
    wish = language_wish(lang) if lang else None
    return "\n\n".join(filter(None, [instructions, wish])) or None


def _follow(
    items: list[dict[str, Any]], previous: RespondReply | str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """The items to send and the id that they follow."""
    if previous is None or isinstance(previous, str):
        return items, previous
    if not isinstance(previous, RespondReply):
        raise BadInput(f"previous is {kind_of(previous)}", hint="pass an earlier reply or its id")
    if previous.raw.store is False:
        # It may itself follow one that is kept.
        return [*previous.sent, *previous.items, *items], previous.raw.previous_response_id
    return items, previous.id


def _ask(
    session: Session, asking: _Asking, resume: int
) -> Flow[RespondReply | OpenStream[str, RespondReply]]:
    form, sent = asking.form, asking.fields["input"]
    if not asking.fields["stream"]:
        response, answer = yield from _post(session, asking)
        return read_response(session.target, response, answer, form=form, sent=sent)
    way = resuming(session, resume, partial(_repeat, session, asking))
    response, tries = yield from opening(partial(_repeat, session, asking), way.policy)
    state = RespondState(session.target, response, form=form, sent=sent, resuming=way, tries=tries)
    return OpenStream(state, response.source)


def _post(session: Session, asking: _Asking) -> Flow[tuple[Response, dict[str, Any]]]:
    stream = bool(asking.fields["stream"])
    request = Request("POST", "/responses", asking.body, stream=stream, earlier=asking.earlier)
    return (yield from call(session, request, asking.asked))


def _repeat(session: Session, asking: _Asking) -> Flow[Response]:
    response, _ = yield from _post(session, asking)
    return response


def resuming(session: Session, most: int, repeat: Callable[[], Flow[Response]] | None) -> Resuming:
    """How the stream of a response goes on after a break, ``most`` times."""
    policy = replace(session.policy, max_retries=most)
    return Resuming(partial(follow_events, session), repeat, policy)


def follow_events(session: Session, path: str) -> Flow[Response]:
    """The events of a response that the gateway keeps, as an open answer."""
    response, _ = yield from call(session, Request("GET", path, stream=True, repeatable=True))
    return response
