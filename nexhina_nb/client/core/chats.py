"""The verb chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nexhina_nb.client import bodies
from nexhina_nb.client.chat_stream import ChatState
from nexhina_nb.client.exchange import Flow, Request
from nexhina_nb.client.explain import Asked, call
from nexhina_nb.client.joined import Asking, JoinedChat
from nexhina_nb.client.messages import Prompt, conversation, response_format
from nexhina_nb.client.replies import ChatReply, Form, read_chat
from nexhina_nb.client.seams import opening
from nexhina_nb.client.session import Session
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.tools import tool_definitions
from nexhina_nb.errors import BadInput
from nexhina_nb.wire import ChatCompletionRequest, ChatCompletionResponse

Ask = Callable[[Mapping[str, Any]], Flow[ChatReply | OpenStream[str, ChatReply]]]


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
    resume: int = 0,
    **extra: Any,
) -> Flow[ChatReply | OpenStream[str, ChatReply]]:
    """Ask a chat model; ``prompt`` is a text, or a list of messages (dicts, or earlier replies).

    ``lang`` asks for the answer in a language ("zh", "French"); ``json`` for a JSON object;
    ``schema`` (a pydantic model class or a JSON Schema) for an answer that fits it: see
    ``reply.parsed``. ``images`` are paths, URLs, bytes or figures; ``tools`` Python functions or
    dicts. ``stream=True`` gives a ChatStream, to be iterated piece by piece; one that breaks is
    asked for again ``resume`` times at most, unless tools are being called, and goes on where it
    broke off (see ``reply.resumed``). Other arguments go to the gateway as they are.

    Raises BadInput before anything is sent; APIError, ConnectionFailed or StreamBroken after.
    """
    check_resume(resume, stream, n)
    lang = lang or session.settings.lang
    fields: dict[str, Any] = {
        "model": model or session.settings.model,
        "messages": conversation(prompt, system=system, lang=lang, images=images),
        "temperature": temperature,
        "max_tokens": max_tokens,
        "stop": list(stop) if isinstance(stop, tuple) else stop,
        "n": n,
        "seed": seed,
        "response_format": response_format(json, schema),
        "tools": tool_definitions(tools) if tools else None,
        "tool_choice": tool_choice,
        "stream": stream or None,
    }
    ask = partial(_ask, session, extra=extra, form=Form(schema, json))
    return (yield from _joined(session, ask, fields, resume) if resume else ask(fields))


def check_resume(resume: int, stream: bool, n: int | None = None) -> None:
    """Raise BadInput for what cannot be joined after a break."""
    if resume < 0:
        raise BadInput(f"resume is {resume}", hint="say how often to ask again, 0 for never")
    if resume and not stream:
        raise BadInput("resume is for streams", hint="add stream=True")
    if resume and n not in (None, 1):
        raise BadInput("several answers cannot be resumed", hint="leave out n")


def _joined(
    session: Session, ask: Ask, fields: Mapping[str, Any], resume: int
) -> Flow[OpenStream[str, ChatReply]]:
    def again(said: str) -> Flow[tuple[ChatState, Any]]:
        begun = [{"role": "assistant", "content": said, "prefix": True}] if said else []
        more = yield from ask({**fields, "messages": [*fields["messages"], *begun]})
        assert isinstance(more, OpenStream)
        assert isinstance(more.state, ChatState)
        return more.state, more.source

    policy = replace(session.policy, max_retries=resume)
    (first, source), tries = yield from opening(partial(again, ""), policy)
    asking = Asking(again, policy, repeats=fields["model"].startswith("local/"))
    return OpenStream(JoinedChat(first, asking, tries), source)


def _ask(
    session: Session, fields: Mapping[str, Any], *, extra: Mapping[str, Any], form: Form
) -> Flow[ChatReply | OpenStream[str, ChatReply]]:
    options = {"stream_options": {"include_usage": True} if fields["stream"] else None}
    body = bodies.encode(ChatCompletionRequest, {**fields, **options}, extra)
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
        return OpenStream(ChatState(session.target, response, form), response.source)
    return read_chat(session.target, response, ChatCompletionResponse.read(answer), form)
