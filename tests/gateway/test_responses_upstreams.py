"""Responses from servers that speak the API themselves, and from those that only chat."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.prices import set_price
from nexhina_nb.wire.sse import DONE, Decoder, Event, encode
from tests.conftest import RunningGateway
from tests.gateway.response_order import check_order
from tests.gateway.sick_server import Peer, Received, Scene, SickServer

JSON = "Content-Type: application/json"
SSE = "Content-Type: text/event-stream"
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 150,
}
BILL = 150  # 100 in at $1 and 50 out at $4 per 1M tokens, at 500,000 quota for $1
CHAT_USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
UNKNOWN = b'{"error": {"message": "Invalid URL", "type": "invalid_request_error", "code": null}}'


def response(**more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": "four words of answer", "annotations": []}
    message = {"id": "msg_up", "type": "message", "role": "assistant", "status": "completed"}
    head = {"id": "resp_up", "object": "response", "created_at": 1, "model": "m"}
    told = {
        "status": "completed",
        "store": True,
        "output": [message | {"content": [part]}],
        "usage": USAGE,
    }
    return head | told | more


def event(kind: str, number: int, **fields: Any) -> bytes:
    # Spaces and the order of the keys are the server's own, and stay.
    return encode(json.dumps({"sequence_number": number, "type": kind} | fields), kind)


FIRST = event("response.created", 0, response=response(status="in_progress", usage=None))
DELTA = event("response.output_text.delta", 1, item_id="msg_up", delta="four words", odd=1)
LAST = event("response.completed", 2, response=response())


def stream_of(*frames: bytes) -> Scene:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin(SSE)
        for frame in frames:
            peer.chunk(frame)
        peer.chunk(b"")

    return scene


def plain(payload: Mapping[str, Any], status: str = "200 OK") -> Scene:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return lambda peer, request: peer.answer(body, JSON, status=status)


def refused(peer: Peer, request: Received) -> None:
    peer.answer(UNKNOWN, JSON, status="404 Not Found")


def chat_scene(peer: Peer, request: Received) -> None:
    """A server that chats: what it was told last, in capitals."""
    body = json.loads(request.body)
    text = str(body["messages"][-1]["content"]).upper()
    head = {"id": "x", "created": 1, "model": "m"}
    if not body.get("stream"):
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = head | {"object": "chat.completion", "choices": [choice], "usage": CHAT_USAGE}
        peer.answer(json.dumps(whole).encode(), JSON)
        return
    deltas = [{"role": "assistant", "content": ""}, {"content": text}]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    chunks += [{"choices": [], "usage": CHAT_USAGE}]
    frames = [encode(json.dumps(head | chunk)) for chunk in chunks]
    stream_of(*frames, DONE)(peer, request)


ONLY_CHAT = {"responses": refused, "compact": refused, "completions": chat_scene}


@contextmanager
def serving(
    gateway: RunningGateway, scenes: Mapping[str, Scene], name: str = "s", **fields: Any
) -> Iterator[SickServer]:
    """A server that plays the scenes, as a channel of the gateway."""
    with SickServer(scenes) as server:
        channel = Channel(name=name, type="openai", models=("m",), base_url=server.url, **fields)
        with gateway.store.writing() as connection:
            add_channel(connection, channel)
            for model, price in (("m", (1, 4)), *fields.get("prices", ())):
                row = to_pricing_row(model, Price.per_million(input=price[0], output=price[1]))
                set_price(connection, model, json.dumps(row))
        yield server


def ask(gateway: RunningGateway, path: str = "/responses", **more: Any) -> httpx2.Response:
    return httpx2.post(
        gateway.base_url + path,
        headers={"authorization": f"Bearer {gateway.key}"},
        json={"model": "m", "input": "hello"} | more,
        timeout=30,
    )


def read(gateway: RunningGateway, id: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {gateway.key}"}
    return httpx2.get(f"{gateway.base_url}/responses/{id}", headers=headers)


def events_of(text: str) -> list[dict[str, Any]]:
    found = Decoder().feed(text.encode())
    return [json.loads(one.data) for one in found if isinstance(one, Event)]


def newest(gateway: RunningGateway) -> dict[str, Any]:
    with gateway.store.reading() as connection:
        return newest_of_token(connection, 1, 1)[0]


def bodies(server: SickServer, scene: str) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in server.received if one.scene == scene]


def test_a_reply_passes_byte_for_byte(gateway: RunningGateway) -> None:
    with serving(gateway, {"responses": plain(response(odd={"kept": 1}))}) as server:
        reply = ask(gateway, tools=[{"type": "web_search"}], odd=1)
        assert reply.content == json.dumps(response(odd={"kept": 1})).encode()
        assert int(reply.headers["x-nexhina-quota"]) == newest(gateway)["quota"] == BILL
        (body,) = bodies(server, "responses")
        assert (body["tools"], body["odd"]) == ([{"type": "web_search"}], 1)
        assert read(gateway, "resp_up").json()["output"] == response()["output"]


def test_a_stream_passes_byte_for_byte(gateway: RunningGateway) -> None:
    with serving(gateway, {"responses": stream_of(FIRST, DELTA, LAST, DONE)}):
        reply = ask(gateway, stream=True)
        bill = f": nexhina-quota {BILL}\n\n".encode()
        assert reply.content == FIRST + DELTA + bill + LAST
        assert newest(gateway)["quota"] == BILL
        assert read(gateway, "resp_up").json() == response()


def test_the_model_has_the_name_that_was_asked_for(gateway: RunningGateway) -> None:
    named = response(model="upstream-name")
    last = event("response.completed", 2, response=named)
    scenes = {"responses": stream_of(FIRST, last)}
    with serving(gateway, scenes, mapping={"m": "upstream-name"}) as server:
        events = events_of(ask(gateway, stream=True).text)
        assert events[-1]["response"]["model"] == "m"
        assert bodies(server, "responses")[0]["model"] == "upstream-name"


@pytest.mark.parametrize("kind", ["failed", "incomplete"])
def test_other_ends(gateway: RunningGateway, kind: str) -> None:
    last = event(f"response.{kind}", 2, response=response(status=kind))
    with serving(gateway, {"responses": stream_of(FIRST, DELTA, last)}):
        assert events_of(ask(gateway, stream=True).text)[-1]["type"] == f"response.{kind}"
        assert newest(gateway)["quota"] == BILL
        assert read(gateway, "resp_up").json()["status"] == kind


def test_a_stream_that_breaks_ends_in_an_error_event(gateway: RunningGateway) -> None:
    with serving(gateway, {"responses": stream_of(FIRST, DELTA)}):
        last = events_of(ask(gateway, stream=True).text)[-1]
        assert {name: last[name] for name in ("type", "param", "sequence_number")} == {
            "type": "error", "param": None, "sequence_number": 2,
        }  # fmt: skip
        assert "before its end" in last["message"]
        assert last["code"]
        assert newest(gateway)["completion_tokens"] == 2  # what came is counted and paid for
        assert read(gateway, "resp_up").status_code == 404


def test_text_is_counted_where_no_usage_is_told(gateway: RunningGateway) -> None:
    deltas = [
        event("response.function_call_arguments.delta", 1, delta="one two"),
        event("response.reasoning_summary_text.delta", 2, delta=" three"),
        event("response.completed", 3, response=response(usage=None)),
    ]
    with serving(gateway, {"responses": stream_of(FIRST, *deltas)}):
        ask(gateway, stream=True)
        assert newest(gateway)["completion_tokens"] == 3


def numbered() -> Scene:
    """A server that speaks Responses, with a new id for each."""
    ids = (f"resp_up{number}" for number in itertools.count())
    return lambda peer, request: plain(response(id=next(ids)))(peer, request)


def switch(gateway: RunningGateway, **status: int) -> None:
    """Switch channels on (1) or off (2); they are read again after a second."""
    with gateway.store.writing() as connection:
        for name, value in status.items():
            connection.exec_driver_sql(
                f"UPDATE channels SET status = {value} WHERE name = '{name}'"
            )
    time.sleep(1.1)


def test_an_upstream_goes_on_from_what_it_holds(gateway: RunningGateway) -> None:
    with (
        serving(gateway, {"responses": numbered()}, "one") as one,
        serving(gateway, ONLY_CHAT, "two", priority=9, status=2) as two,
    ):
        ask(gateway)
        switch(gateway, two=1)
        reply = ask(gateway, input="and", previous_response_id="resp_up0")
        assert reply.json()["id"] == "resp_up1"
        told = bodies(one, "responses")[-1]
        assert (told["previous_response_id"], told["input"]) == ("resp_up0", "and")
        assert not two.received
        switch(gateway, one=2)
        reply = ask(gateway, input="bye", previous_response_id="resp_up1")
        assert reply.json()["previous_response_id"] == "resp_up1"
        said = [message["content"] for message in bodies(two, "completions")[-1]["messages"]]
        answer = "four words of answer"
        assert said == ["hello", answer, "and", answer, "bye"]


def test_an_upstream_that_speaks_responses_and_forgets(gateway: RunningGateway) -> None:
    with serving(gateway, {"responses": plain(response(store=None))}) as server:
        ask(gateway)
        ask(gateway, input="and", previous_response_id="resp_up")
        told = bodies(server, "responses")[-1]
        assert "previous_response_id" not in told
        assert [item.get("role") for item in told["input"]] == ["user", "assistant", "user"]


def test_what_an_upstream_holds_is_counted_and_compacted(gateway: RunningGateway) -> None:
    scenes = {"responses": numbered(), "compact": refused, "completions": chat_scene}
    with serving(gateway, scenes) as server:
        ask(gateway, input="seven words that are only said here")
        more = {"input": "and", "previous_response_id": "resp_up0"}
        short = ask(gateway, "/responses/compact", **more).json()
        assert short["output"][0]["type"] == "compaction"
        said = bodies(server, "completions")[-1]["messages"][-1]["content"]
        assert "only said here" in said
        counts = [
            ask(gateway, "/responses/input_tokens", **told).json()["input_tokens"]
            for told in ({"input": "and"}, more)
        ]
        assert counts[1] > counts[0] + 10


def test_an_upstream_that_repeats_an_id(gateway: RunningGateway) -> None:
    with serving(gateway, {"responses": plain(response(store=False))}) as server:
        ask(gateway)
        for _ in range(2):
            assert ask(gateway, previous_response_id="resp_up").status_code == 200
        assert len(bodies(server, "responses")[-1]["input"]) == 3


def test_a_server_that_only_chats(gateway: RunningGateway) -> None:
    with serving(gateway, ONLY_CHAT) as server:
        first = ask(gateway, instructions="be loud")
        assert first.json()["output"][0]["content"][0]["text"] == "HELLO"
        assert first.json()["usage"]["input_tokens"] == 100
        assert int(first.headers["x-nexhina-quota"]) == BILL
        final = check_order(events_of(ask(gateway, stream=True).text))
        assert final["output"][0]["content"][0]["text"] == "HELLO"
        assert newest(gateway)["quota"] == BILL
        # That the path is unknown there is asked once.
        assert [one.scene for one in server.received].count("responses") == 1
        id = first.json()["id"]
        more = ask(gateway, input="again", previous_response_id=id)
        assert more.json()["previous_response_id"] == id
        assert bodies(server, "completions")[-1] == {
            "model": "m",
            "messages": [
                {"role": "user", "content": "hello"},
                {"role": "assistant", "content": "HELLO"},
                {"role": "user", "content": "again"},
            ],
        }


def test_a_tool_that_chat_does_not_know(gateway: RunningGateway) -> None:
    with serving(gateway, ONLY_CHAT):
        reply = ask(gateway, tools=[{"type": "web_search"}])
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "tools.0")
        assert (newest(gateway)["type"], newest(gateway)["quota"]) == (5, 0)


def test_a_chat_that_breaks(gateway: RunningGateway) -> None:
    half = encode(json.dumps({"choices": [{"index": 0, "delta": {"content": "half"}}]}))
    error = encode(json.dumps({"error": {"message": "no more", "code": "overloaded"}}))
    for frames, code in (((half,), "do_request_failed"), ((half, error, DONE), "overloaded")):
        name = code
        scenes = {"responses": refused, "completions": stream_of(*frames)}
        with serving(gateway, scenes, name):
            last = events_of(ask(gateway, stream=True).text)[-1]
            assert (last["type"], last["code"]) == ("error", code)
            assert last["sequence_number"] == 5
        with gateway.store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM channels")
        time.sleep(1.1)  # channels are read again after a second


def test_an_error_status_passes(gateway: RunningGateway) -> None:
    error = {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate"}}
    with serving(gateway, {"responses": plain(error, "429 Too Many Requests")}):
        reply = ask(gateway, stream=True)
        assert (reply.status_code, reply.json()) == (429, error)


@pytest.mark.parametrize("priced", [False, True])
def test_what_a_compaction_costs(make_gateway: Callable[..., Any], priced: bool) -> None:
    with make_gateway() as gateway, serving(gateway, ONLY_CHAT):
        if priced:
            row = to_pricing_row("m-openai-compact", Price.per_million(input=2, output=8))
            with gateway.store.writing() as connection:
                set_price(connection, "m-openai-compact", json.dumps(row))
        reply = ask(gateway, "/responses/compact")
        assert reply.json()["object"] == "response.compaction"
        assert int(reply.headers["x-nexhina-quota"]) == BILL * (2 if priced else 1)
        row = newest(gateway)
        assert (row["model_name"], row["quota"]) == ("m", BILL * (2 if priced else 1))


def test_an_upstream_compacts_itself(gateway: RunningGateway) -> None:
    item = {"id": "cmp_1", "type": "compaction", "encrypted_content": "gAAA"}
    made = {"id": "r", "object": "response.compaction", "created_at": 1, "output": [item]}
    made["usage"] = USAGE
    with serving(gateway, {"compact": plain(made)}):
        reply = ask(gateway, "/responses/compact")
        assert reply.content == json.dumps(made).encode()
        assert newest(gateway)["quota"] == BILL
