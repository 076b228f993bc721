"""Streams that join themselves after a break: the text must be that of the uncut stream, wherever
the cut was.
"""

from __future__ import annotations

import asyncio
import functools
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, ChatReply, Client, core
from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.seams import Seam, is_break
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.engines.chat import complete
from nexhina_nb.retry import Policy
from nexhina_nb.wire import ChatCompletionRequest
from tests.client.flows import fault, lost, session
from tests.client.mock_server import DONE, USAGE, MockServer, Play, chunk, frames, stream

SSE = {"content-type": "text/event-stream"}


def engine(request: Request) -> bytes:
    """What the gateway would stream for this request."""
    assert request.body is not None
    return streamed(request.body)


@functools.lru_cache(8)
def streamed(raw: bytes) -> bytes:
    body = json.loads(raw)
    deltas = complete(ChatCompletionRequest.model_validate(body))
    texts = [delta.content for delta in deltas if getattr(delta, "content", None)]
    return b"".join(frames(*texts))


class Wire:
    """Carries out flows: every answer is cut after so many bytes, the last one not at all."""

    def __init__(self, answers: Any, cuts: list[int]) -> None:
        self.answers, self.cuts = answers, list(cuts)
        self.asked: list[Request] = []

    def run(self, flow: Flow[Any]) -> Any:
        outcome: Response | Failure | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = None if isinstance(step, Sleep) else self._answer(step)

    def _answer(self, request: Request) -> Response | Failure:
        self.asked.append(request)
        answer = self.answers(request)
        if not isinstance(answer, bytes):
            return answer  # type: ignore[no-any-return]
        return Response(200, SSE, source=(answer, self.cuts.pop(0) if self.cuts else None))

    def read(self, opened: OpenStream[str, ChatReply]) -> Iterator[str]:
        state, (data, cut) = opened.state, opened.source
        while True:
            try:
                yield from state.feed(data[:cut])
                if cut is not None and not state.finished:
                    raise state.broken("cut")
                yield from state.end()
                return
            except errors.NexhinaError as error:
                if (flow := state.again(error)) is None:
                    raise
                data, cut = self.run(flow)


def ask(wire: Wire, resume: int, prompt: str = "hi", **options: Any) -> OpenStream[str, ChatReply]:
    opened = wire.run(core.chat(session(), prompt, stream=True, resume=resume, **options))
    assert isinstance(opened, OpenStream)
    return opened


PROMPT = "Say exactly: 1111 ha ha ha, 世界 1111 🌍"


def test_every_byte_of_one_stream() -> None:
    whole = engine(_request(PROMPT))
    text = "".join(Wire(engine, []).read(ask(Wire(engine, []), 0, PROMPT)))
    for cut in range(len(whole)):
        wire = Wire(engine, [cut])
        opened = ask(wire, 1, PROMPT)
        assert "".join(wire.read(opened)) == opened.state.text == text
        assert opened.state.reply.text == text
        assert opened.state.reply.resumed == len(wire.asked) - 1
        assert opened.state.reply.finish_reason == "stop"


def _request(prompt: str) -> Request:
    return next(core.chat(session(), prompt, stream=True))  # type: ignore[return-value]


@given(st.text(min_size=1, max_size=60), st.lists(st.integers(0, 4000), max_size=4))
def test_any_answer_of_the_local_engine_with_any_cuts(words: str, cuts: list[int]) -> None:
    prompt = f"Count the words, and repeat: {words} x"
    text = "".join(Wire(engine, []).read(ask(Wire(engine, []), 0, prompt)))
    wire = Wire(engine, cuts)
    opened = ask(wire, 4, prompt)
    assert "".join(wire.read(opened)) == text == opened.state.reply.text


def model(text: str, *, goes_on: bool, size: int = 3) -> Any:
    """A model that is not of this package: it goes on with the beginning of an answer, or not."""

    def answer(request: Request) -> bytes:
        assert request.body is not None
        messages = json.loads(request.body)["messages"]
        said = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        rest = text[len(said) :] if goes_on else text
        pieces = [rest[place : place + size] for place in range(0, len(rest), size)]
        return b"".join(frames(*pieces))

    return answer


@pytest.mark.parametrize("goes_on", [True, False])
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.lists(st.integers(0, 2000), max_size=3),
    st.integers(1, 7),
)
def test_other_models_go_on_or_begin_anew(
    goes_on: bool, words: str, cuts: list[int], size: int
) -> None:
    text = "".join(f"{mark}{place}" for place, mark in enumerate(words))  # repeats nothing
    wire = Wire(model(text, goes_on=goes_on, size=size), cuts)
    opened = ask(wire, 3, model="other")
    assert "".join(wire.read(opened)) == text


def test_what_is_asked_again() -> None:
    begun = len(b"".join(frames("Hel")[:2]))
    wire = Wire(model("Hello", goes_on=True), [begun])
    opened = ask(wire, 1, model="gpt-4o", seed=3)
    assert list(wire.read(opened)) == ["Hel", "lo"]
    first, second = (json.loads(request.body or b"") for request in wire.asked)
    turn = {"role": "assistant", "content": "Hel", "prefix": True}
    assert second == {**first, "messages": [*first["messages"], turn]}
    reply = opened.state.reply
    assert (reply.resumed, reply.raw.usage) == (1, reply.usage)
    assert reply.usage is not None
    assert reply.usage.dump() == USAGE
    assert reply._repr_mimebundle_()[1]["nexhina"]["resumed"] == 1


def test_a_local_model_is_asked_the_same_again() -> None:
    wire = Wire(engine, [300])
    opened = ask(wire, 1)
    list(wire.read(opened))
    assert wire.asked[0].body == wire.asked[1].body


def test_a_model_that_takes_no_beginning_is_asked_the_same_again() -> None:
    plain = model("Hello", goes_on=False)

    def answer(request: Request) -> Any:
        began = b'"prefix"' in (request.body or b"")
        return fault(400, "invalid_value", "messages: prefix") if began else plain(request)

    wire = Wire(answer, [len(b"".join(frames("Hel")[:2]))])
    opened = ask(wire, 2, model="gpt-4o")
    assert "".join(wire.read(opened)) == "Hello"
    assert len(wire.asked) == 3


def test_another_answer_is_not_joined() -> None:
    answers = iter([frames("The ", "cat"), frames("A dog")])
    wire = Wire(lambda request: b"".join(next(answers)), [400])
    opened = ask(wire, 5)
    pieces = []
    with pytest.raises(errors.StreamBroken, match="something else") as caught:
        pieces.extend(wire.read(opened))
    assert caught.value.partial == opened.state.text == "The "
    assert "only asked again" in str(caught.value)
    assert len(wire.asked) == 2


def test_errors_that_asking_again_may_help() -> None:
    def frame(code: str) -> bytes:
        error = {"message": "gone", "type": "server_error", "code": code}
        return b"data: " + json.dumps({"error": error}).encode() + b"\n\n"

    for code in ("stream_broken", "do_request_failed", "upstream_timeout"):
        answers = iter([chunk({"content": "Hel"}) + frame(code), b"".join(frames("Hello"))])
        wire = Wire(lambda request, answers=answers: next(answers), [])
        assert "".join(wire.read(ask(wire, 1))) == "Hello"
    wire = Wire(lambda request: chunk({"content": "Hel"}) + frame("content_filter"), [])
    with pytest.raises(errors.BadRequest, match="gone"):
        list(wire.read(ask(wire, 1)))
    assert len(wire.asked) == 1


def test_the_number_of_tries() -> None:
    wire = Wire(engine, [200, 200, 200])
    with pytest.raises(errors.StreamBroken):
        list(wire.read(ask(wire, 2)))
    assert len(wire.asked) == 3


def test_a_gateway_that_is_gone_for_a_moment() -> None:
    outcomes: Any = iter(
        [b"".join(frames("Hello")), lost(sent=True), fault(503), b"".join(frames("Hello"))]
    )
    wire = Wire(lambda request: next(outcomes), [200])
    opened = wire.run(core.chat(session(policy=Policy(max_retries=0)), "hi", stream=True, resume=3))
    assert "".join(wire.read(opened)) == "Hello"
    assert opened.state.reply.resumed == 1


def test_a_gateway_that_stays_gone() -> None:
    outcomes: Any = iter([b"".join(frames("Hello")), lost(sent=True), lost(sent=False)])
    wire = Wire(lambda request: next(outcomes), [200])
    opened = wire.run(core.chat(session(policy=Policy(max_retries=0)), "hi", stream=True, resume=2))
    with pytest.raises(errors.StreamBroken, match="cut"):
        list(wire.read(opened))
    slow = Failure(errors.TimedOut("too long"), sent=True)
    for failure in (slow, lost(sent=True)):
        wire = Wire(lambda request, failure=failure: failure, [])
        flow = core.chat(session(policy=Policy(max_retries=0)), "hi", stream=True, resume=1)
        with pytest.raises(errors.ConnectionFailed):
            wire.run(flow)
        assert len(wire.asked) == (1 if failure is slow else 2)


def test_closing_while_it_asks_again(server: MockServer, client: Client) -> None:
    client._session.policy = Policy(max_retries=0, base=0.4)
    server.play(
        Play(frames("so")[:2], content_type="text/event-stream", cut=True), stream("so far")
    )
    answer, pieces = client.chat("hi", stream=True, resume=1), []
    reader = threading.Thread(target=lambda: pieces.extend(answer))
    reader.start()
    while not answer.text:
        time.sleep(0.01)
    answer.close()
    reader.join(10)
    assert not reader.is_alive()
    assert pieces == ["so"]


def test_closing_while_it_asks_again_awaited(server: MockServer) -> None:
    server.play(
        Play(frames("so")[:2], content_type="text/event-stream", cut=True), stream("so far")
    )

    async def main() -> None:
        async with AsyncClient(server.base_url, "sk-test") as client:
            client._session.policy = Policy(max_retries=0, base=0.4)
            answer = await client.chat("hi", stream=True, resume=1)

            async def read() -> list[str]:
                return [piece async for piece in answer]

            reader = asyncio.create_task(read())
            while not answer.text:  # noqa: ASYNC110 - it is the text that is waited for
                await asyncio.sleep(0.01)
            await answer.close()
            assert await reader == ["so"]

    asyncio.run(main())


def test_an_error_that_no_asking_helps_ends_it() -> None:
    outcomes: Any = iter([b"".join(frames("Hello")), fault(400)])
    wire = Wire(lambda request: next(outcomes), [200])
    with pytest.raises(errors.BadRequest):
        list(wire.read(ask(wire, 3)))


def test_never_once_tools_are_called() -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    body = b"".join([chunk({"content": "Let me "}), chunk({"tool_calls": [call]}), DONE])
    wire = Wire(lambda request: body, [len(body) - len(DONE)])
    with pytest.raises(errors.StreamBroken):
        list(wire.read(ask(wire, 3)))
    assert len(wire.asked) == 1


def test_what_the_usage_of_all_attempts_adds_up_to() -> None:
    counted = [chunk({"content": "Hel"}, usage=USAGE), chunk({"content": "l"})]
    answers = iter([b"".join(counted), b"".join(frames("Hello", quota=7))])
    wire = Wire(lambda request: next(answers), [sum(map(len, counted))])
    opened = ask(wire, 1)
    assert list(wire.read(opened)) == ["Hel", "l", "o"]
    assert opened.state.reply.usage is not None
    assert opened.state.reply.usage.total_tokens == 2 * USAGE["total_tokens"]
    assert opened.state.reply.cost.quota is not None
    assert opened.state.reply.cost.quota >= 7


def test_nothing_to_resume() -> None:
    with pytest.raises(errors.BadInput, match="streams"):
        next(core.chat(session(), "hi", resume=1))
    with pytest.raises(errors.BadInput, match="resume is -1"):
        next(core.chat(session(), "hi", stream=True, resume=-1))
    with pytest.raises(errors.BadInput, match="several"):
        next(core.chat(session(), "hi", stream=True, n=2, resume=1))
    wire = Wire(engine, [])
    opened = ask(wire, 1)
    with pytest.raises(errors.NexhinaError, match="not come to its end"):
        _ = opened.state.reply
    list(wire.read(opened))
    assert opened.state.reply.resumed == 0
    assert opened.state.done
    assert opened.state.request_id is None


def test_a_plain_answer_the_second_time() -> None:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}}]}
    plain = Response(200, {"content-type": "application/json"})
    answers: Any = iter(
        [
            Response(200, SSE, source=(b"".join(frames("Hel")[:2]), 10_000)),
            Response(200, plain.headers, source=(json.dumps(body).encode(), None)),
        ]
    )
    wire = Wire(lambda request: next(answers), [])
    opened = ask(wire, 1)
    assert list(wire.read(opened)) == ["Hel", "lo"]


@given(st.text("ab", max_size=8), st.lists(st.text("ab", min_size=1, max_size=4), max_size=8))
def test_a_seam_leaves_out_what_repeats(said: str, pieces: list[str]) -> None:
    seam, whole = Seam(said, may_go_on=True), "".join(pieces)
    new = "".join(seam.take(piece) or "" for piece in pieces) + (seam.end() or "")
    assert new == (whole.removeprefix(said) if whole.startswith(said) else whole)


def test_what_is_a_break() -> None:
    assert is_break(errors.StreamBroken("x"))
    assert is_break(errors.ConnectionFailed("x"))
    assert is_break(errors.Upstream("x"))
    assert not is_break(errors.BadRequest("x"))
    assert not is_break(errors.BadInput("x"))
