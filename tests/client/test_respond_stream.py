"""Responses as events, and how they go on after a break."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, Client, RespondReply, core
from nexhina_nb.client.exchange import Flow, Response
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.retry import Policy
from tests.client.flows import drive, fault, session
from tests.client.mock_server import SSE, MockServer, Play, as_json, error, events
from tests.client.test_responding import body, function_call, message

TEXT = "Grüß dich, 世界"


def script(*pieces: str, store: bool = True, **more: Any) -> list[dict[str, Any]]:
    begun = body(status="in_progress", usage=None, store=store)
    rows = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "item": message(""), "output_index": 0},
        *({"type": "response.output_text.delta", "delta": piece} for piece in pieces),
        {"type": "response.output_text.done", "text": "".join(pieces)},
        {"type": "response.completed", "response": body(message("".join(pieces)), **more)},
    ]
    return [{**row, "sequence_number": number} for number, row in enumerate(rows)]


def frames(rows: list[dict[str, Any]]) -> bytes:
    play = events(*rows, quota=5)
    assert not isinstance(play.body, bytes)
    return b"".join(play.body)


def test_pieces_and_the_reply(server: MockServer, client: Client) -> None:
    server.play(events(*script("Grüß ", "dich, ", "世界"), quota=5))
    with client.respond("hi", stream=True) as stream:
        assert list(stream) == ["Grüß ", "dich, ", "世界"]
    assert isinstance(stream.reply, RespondReply)
    assert (stream.reply.text, stream.text) == (TEXT, TEXT)
    assert (stream.reply.cost.quota, stream.reply.cost.source) == (5, "gateway")
    assert server.seen[0].json["stream"] is True


def test_awaited(server: MockServer) -> None:
    server.play(events(*script("a", "b")), as_json(body(message("plain"))))

    async def main() -> None:
        async with AsyncClient(server.base_url, "sk-test") as client:
            async with await client.respond("hi", stream=True) as stream:
                assert [piece async for piece in stream] == ["a", "b"]
            assert (await (await client.respond("hi", stream=True)).read()).text == "plain"

    asyncio.run(main())


def test_refusals_are_text(server: MockServer, client: Client) -> None:
    rows = script("x")
    rows[2] = {"type": "response.refusal.delta", "delta": "No."}
    server.play(events(*rows))
    assert list(client.respond("hi", stream=True)) == ["No."]


@pytest.mark.parametrize(
    "last",
    [
        {
            "type": "response.failed",
            "response": {"error": {"code": "server_error", "message": "e"}},
        },
        {"type": "error", "code": "server_error", "message": "e", "param": None},
        {"type": "error", "error": {"code": "server_error", "message": "e"}},
    ],
)
def test_failures_are_typed_errors(
    server: MockServer, client: Client, last: dict[str, Any]
) -> None:
    server.play(events(*script("so far")[:3], last))
    stream = client.respond("hi", stream=True)
    with pytest.raises(errors.InternalError, match=r"^e"):
        list(stream)
    assert stream.text == "so far"


def test_a_broken_stream(server: MockServer, client: Client) -> None:
    server.play(events(*script("so ", "far")[:4], cut=True))
    stream = client.respond("hi", stream=True)
    with pytest.raises(errors.StreamBroken, match=r"client.response\('resp_1'\)") as caught:
        list(stream)
    assert caught.value.partial == "so far"
    server.play(Play([b"data: {}\n\n"], content_type=SSE))
    with pytest.raises(errors.StreamBroken, match="partial"):
        list(client.respond("hi", stream=True))


class Gateway:
    """Keeps one response, and cuts every answer but the last."""

    def __init__(
        self, rows: list[dict[str, Any]], cuts: list[int], *, follows: bool = True
    ) -> None:
        self.rows, self.cuts, self.follows = rows, list(cuts), follows
        self.asked: list[str] = []

    def run(self, flow: Flow[Any]) -> Any:
        outcome = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = self._answer(step) if hasattr(step, "path") else None

    def _answer(self, request: Any) -> Response:
        self.asked.append(f"{request.method} {request.path}")
        if request.method == "GET" and not self.follows:
            return fault(404)
        _, _, after = request.path.partition("starting_after=")
        rows = self.rows[int(after or -1) + 1 :]
        cut = self.cuts.pop(0) if self.cuts else None
        return Response(200, {"content-type": SSE}, source=(frames(rows), cut))

    def read(self, opened: OpenStream[str, RespondReply]) -> str:
        state, (data, cut) = opened.state, opened.source
        pieces: list[str] = []
        while True:
            try:
                pieces.extend(state.feed(data[:cut]))
                if cut is not None and not state.finished:
                    raise state.broken("cut")
                pieces.extend(state.end())
                return "".join(pieces)
            except errors.NexhinaError as error:
                if (flow := state.again(error)) is None:
                    raise
                data, cut = self.run(flow)


def opened(gateway: Gateway, resume: int = 1) -> OpenStream[str, RespondReply]:
    made = gateway.run(core.respond(session(), "hi", stream=True, resume=resume))
    assert isinstance(made, OpenStream)
    return made


@pytest.mark.parametrize("follows", [True, False])
def test_every_byte(follows: bool) -> None:
    rows = script("Grüß ", "dich, ", "世界")
    for cut in range(len(frames(rows))):
        gateway = Gateway(rows, [cut], follows=follows)
        stream = opened(gateway)
        assert gateway.read(stream) == stream.state.text == TEXT
        assert stream.state.reply.resumed == (len(gateway.asked) > 1)
        if len(gateway.asked) > 1 and not follows:
            assert gateway.asked[-1] == "POST /responses"


@given(st.lists(st.text(min_size=1, max_size=5), max_size=8), st.lists(st.integers(0, 3000)))
def test_any_cuts(pieces: list[str], cuts: list[int]) -> None:
    gateway = Gateway(script(*pieces), cuts)
    stream = opened(gateway, resume=len(cuts) + 1)
    assert gateway.read(stream) == "".join(pieces)


def test_one_that_is_not_kept_is_asked_again() -> None:
    gateway = Gateway(script("a", "b", store=False), [1200])
    assert gateway.read(opened(gateway)) == "ab"
    assert gateway.asked == ["POST /responses"] * 2


def test_not_once_tools_are_called() -> None:
    rows = script("a", store=False)
    rows[1]["item"] = function_call()
    gateway = Gateway(rows, [len(frames(rows[:3]))])
    with pytest.raises(errors.StreamBroken):
        gateway.read(opened(gateway))


def test_a_failed_one_is_made_anew() -> None:
    told = {"code": "server_error", "message": "e"}
    failed = {"type": "response.failed", "response": body(status="failed", error=told)}
    gateway = Gateway(script("a", "b"), [])
    first = frames([*script("a", "b")[:3], failed])
    made = opened(gateway)
    gateway.asked.clear()
    assert gateway.read(OpenStream(made.state, (first, None))) == "ab"
    assert gateway.asked == ["POST /responses"]


def test_another_answer_is_not_joined() -> None:
    gateway = Gateway(script("The cat", store=False), [1200])
    stream = opened(gateway, resume=3)
    gateway.rows = script("A dog", store=False)
    with pytest.raises(errors.StreamBroken, match="something else"):
        gateway.read(stream)


def test_a_kept_stream_from_the_client(server: MockServer) -> None:
    rows = script("a", "b", "c")
    server.play(events(*rows[:4], cut=True), error(503, None), events(*rows[4:]))
    with Client(server.base_url, "sk-test", max_retries=0) as client:
        client._session.policy = Policy(max_retries=0, base=0)
        stream = client.respond("hi", stream=True, resume=2)
        assert "".join(stream) == "abc"
        assert stream.reply.resumed == 1
        assert server.seen[-1].path == "/v1/responses/resp_1?stream=true&starting_after=3"
        server.play(events(*rows[3:]))
        again = client.response(stream.reply, stream=True, starting_after=2)
        assert (list(again), again.reply.text) == (["b", "c"], "abc")
    assert server.seen[-1].path == "/v1/responses/resp_1?stream=true&starting_after=2"


def test_a_kept_stream_that_breaks_cannot_be_repeated() -> None:
    gateway = Gateway(script("a", "b"), [700], follows=True)
    made = gateway.run(core.response(session(), "resp_1", stream=True, resume=1))
    gateway.follows = False
    with pytest.raises(errors.NotFound):
        gateway.read(made)


def test_junk(server: MockServer, client: Client) -> None:
    server.play(as_json({"error": {"message": "no", "code": "model_not_found"}}), as_json({}))
    with pytest.raises(errors.ModelNotFound):
        client.respond("hi", stream=True).read()
    with pytest.raises(errors.Upstream, match="no response"):
        client.respond("hi", stream=True).read()
    _, steps = drive(core.respond(session(), "hi", stream=True), Response(200, {}, source="s"))
    assert json.loads(steps[0].body)["stream"] is True  # type: ignore[union-attr, arg-type]
