"""Responses in the background: their state, their events, their end, whoever waits or leaves."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from nexhina_nb.store.db import open_store
from nexhina_nb.store.responses import KeptResponse, find_response, save_response
from nexhina_nb.wire.sse import encode
from tests.conftest import RunningGateway
from tests.gateway.response_order import check_order
from tests.gateway.sick_server import Peer, Received, SickServer
from tests.gateway.test_responses_upstreams import (
    BILL,
    CHAT_USAGE,
    DELTA,
    FIRST,
    LAST,
    ONLY_CHAT,
    SSE,
    ask,
    newest,
    plain,
    read,
    refused,
    response,
    serving,
    stream_of,
)

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)

Made = Callable[..., AbstractContextManager[RunningGateway]]


class Slow:
    """A server that chats: one half at once, the other when it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.half = threading.Event()
        self.left: queue.Queue[bool] = queue.Queue()

    def __call__(self, peer: Peer, request: Received) -> None:
        peer.begin(SSE)
        peer.chunk(piece({"role": "assistant", "content": ""}))
        peer.chunk(piece({"content": "first half, "}))
        self.half.set()
        while not self.go_on.wait(0.02):
            peer.chunk(b": waiting\n\n")
        peer.chunk(piece({"content": "second half"}))
        peer.chunk(piece({}, "stop"))
        peer.chunk(encode(json.dumps({"choices": [], "usage": CHAT_USAGE})))
        peer.chunk(b"data: [DONE]\n\n")
        peer.chunk(b"")


def piece(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return encode(json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))


@contextmanager
def slowly(gateway: RunningGateway) -> Iterator[tuple[openai.OpenAI, Slow, SickServer]]:
    slow = Slow()
    scenes = {"responses": refused, "completions": slow}
    with (
        serving(gateway, scenes) as server,
        openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0) as client,
    ):
        try:
            yield client, slow, server
        finally:
            slow.go_on.set()


def wait_for(found: Callable[[], Any]) -> Any:
    """What is found, as soon as there is something."""
    for _ in range(1000):
        if value := found():
            return value
        time.sleep(0.01)
    raise AssertionError("it never came")


def ended(client: openai.OpenAI, id: str) -> Any:
    def look() -> Any:
        now = client.responses.retrieve(id)
        return None if now.status in ("queued", "in_progress") else now

    return wait_for(look)


def test_it_is_queued_then_runs_then_is_there(gateway: RunningGateway) -> None:
    with slowly(gateway) as (client, slow, _):
        begun = client.responses.create(
            model="m", input="hello", background=True, metadata={"a": "b"}
        )
        assert (begun.status, begun.background, begun.output) == ("queued", True, [])
        assert slow.half.wait(10)
        half = wait_for(lambda: (now := client.responses.retrieve(begun.id)).output_text and now)
        assert (half.status, half.output_text) == ("in_progress", "first half, ")
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(model="m", input="more", previous_response_id=begun.id)
        assert "not finished" in caught.value.message
        slow.go_on.set()
        whole = ended(client, begun.id)
        assert (whole.status, whole.output_text) == ("completed", "first half, second half")
        assert (whole.background, whole.metadata) == (True, {"a": "b"})
        assert whole.usage.total_tokens == 150
        assert newest(gateway)["quota"] == BILL
        assert client.responses.input_items.list(begun.id).data[0].content[0].text == "hello"
        # Nothing is left to cancel; it stays as it is.
        assert client.responses.cancel(begun.id) == whole


def test_its_events_are_followed_and_told_again(gateway: RunningGateway) -> None:
    with slowly(gateway) as (client, slow, _):
        stream = client.responses.create(model="m", input="hello", background=True, stream=True)
        seen = []
        for event in stream:
            seen.append(event)
            if event.type == "response.output_text.delta":
                break
        stream.close()
        id = seen[0].response.id
        following = client.responses.retrieve(id, stream=True, starting_after=2)
        assert next(following).sequence_number == 3
        slow.go_on.set()
        rest = [event.to_dict() for event in following]
        assert rest[-1]["type"] == "response.completed"
        again = [event.to_dict() for event in client.responses.retrieve(id, stream=True)]
        final = check_order(again, background=True)
        assert final["output"][0]["content"][0]["text"] == "first half, second half"
        assert again[: len(seen)] == [event.to_dict() for event in seen]
        assert again[4:] == rest
        later = client.responses.retrieve(id, stream=True, starting_after=len(again) - 2)
        assert [event.type for event in later] == ["response.completed"]
        with client.responses.stream(response_id=id) as told:
            assert told.get_final_response().output_text == "first half, second half"


def test_cancelling_ends_the_call_at_once(gateway: RunningGateway) -> None:
    with slowly(gateway) as (client, slow, server):
        begun = client.responses.create(model="m", input="hello", background=True)
        assert slow.half.wait(10)
        wait_for(lambda: client.responses.retrieve(begun.id).output_text)
        gone = client.responses.cancel(begun.id)
        assert (gone.status, gone.output_text) == ("cancelled", "first half, ")
        assert server.left.get(timeout=10) == "completions"
        row = newest(gateway)
        assert (row["type"], row["completion_tokens"]) == (2, 4)
        assert json.loads(row["other"])["stream_status"] == {"end_reason": "client_gone"}
        assert client.responses.retrieve(begun.id).status == "cancelled"
        assert client.responses.cancel(begun.id).status == "cancelled"


def test_deleting_ends_it_too(gateway: RunningGateway) -> None:
    with slowly(gateway) as (client, slow, server):
        begun = client.responses.create(model="m", input="hello", background=True)
        assert slow.half.wait(10)
        client.responses.delete(begun.id)
        assert server.left.get(timeout=10) == "completions"
        assert read(gateway, begun.id).status_code == 404


def test_only_the_background_can_be_cancelled_or_told_again(gateway: RunningGateway) -> None:
    with (
        serving(gateway, ONLY_CHAT),
        openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0) as client,
    ):
        reply = client.responses.create(model="m", input="hello")
        with pytest.raises(openai.BadRequestError):
            client.responses.cancel(reply.id)
        with pytest.raises(openai.BadRequestError):
            client.responses.retrieve(reply.id, stream=True)


def test_a_server_that_speaks_responses(gateway: RunningGateway) -> None:
    with (
        serving(gateway, {"responses": stream_of(FIRST, DELTA, LAST)}) as server,
        openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0) as client,
    ):
        begun = client.responses.create(model="m", input="hello", background=True)
        whole = ended(client, begun.id)
        assert (whole.id, whole.output_text) == (begun.id, "four words of answer")
        sent = json.loads(server.received[0].body)
        assert (sent["stream"], "background" in sent) == (True, False)
        # What follows goes to the same server, under the id that it gave.
        ended(client, client.responses.create(
            model="m", input="and", previous_response_id=begun.id, background=True,
        ).id)  # fmt: skip
        assert json.loads(server.received[-1].body)["previous_response_id"] == "resp_up"


def test_a_server_that_does_not_stream(gateway: RunningGateway) -> None:
    with serving(gateway, {"responses": plain(response())}):
        begun = ask(gateway, background=True).json()
        done = wait_for(
            lambda: (now := read(gateway, begun["id"]).json())["status"] == "completed" and now
        )
        assert done["output"] == response()["output"]


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        (plain({"error": {"message": "bad prompt"}}, "400 Bad Request"), "invalid_prompt"),
        (plain({"error": {"message": "slow down"}}, "429 Too Many"), "rate_limit_exceeded"),
        (plain({"error": {"message": "broken"}}, "500 Sorry"), "server_error"),
        (stream_of(FIRST, DELTA), "server_error"),
    ],
)
def test_a_failure_is_kept(gateway: RunningGateway, scene: Any, code: str) -> None:
    with (
        serving(gateway, {"responses": scene}),
        openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0) as client,
    ):
        begun = client.responses.create(model="m", input="hello", background=True)
        failed = ended(client, begun.id)
        assert (failed.status, failed.error.code) == ("failed", code)
        assert failed.error.message
        events = list(client.responses.retrieve(begun.id, stream=True))
        assert events[-1].type == "response.failed"
        assert [event.sequence_number for event in events] == list(range(len(events)))


def test_what_nobody_works_on_any_more_has_failed(gateway: RunningGateway) -> None:
    reply = response(id="resp_old", status="in_progress", background=True)
    old = KeptResponse(1, "resp_old", int(time.time()), "m", [], reply)
    with gateway.store.writing() as connection:
        save_response(connection, old, expired=0)
    for _ in range(2):
        found = read(gateway, "resp_old").json()
        assert (found["status"], found["error"]["code"]) == ("failed", "server_error")
        assert "stopped" in found["error"]["message"]
    told = read(gateway, "resp_old?stream=true").text
    assert told.count("event: ") == 1
    assert told.startswith("event: response.failed\n")


@pytest.mark.parametrize("in_time", [True, False])
def test_a_gateway_that_leaves_waits_but_not_for_ever(make_gateway: Made, in_time: bool) -> None:
    slow = Slow()
    with SickServer({"responses": refused, "completions": slow}) as server:
        with make_gateway(drain_timeout=10.0 if in_time else 0.2) as gateway:
            with serving(gateway, ONLY_CHAT, "unused", status=2):
                pass
            with gateway.store.writing() as connection:
                connection.exec_driver_sql(
                    f"UPDATE channels SET status = 1, base_url = '{server.url}'"
                )
            id = ask(gateway, background=True).json()["id"]
            assert slow.half.wait(10)
            url = gateway.store.engine.url.render_as_string()
            if in_time:
                threading.Timer(0.3, slow.go_on.set).start()
        store = open_store(url)
        with store.reading() as connection:
            kept = find_response(connection, 1, id, expired=0)
        store.close()
        slow.go_on.set()
    assert kept is not None
    assert kept.status == ("completed" if in_time else "failed")
    said = kept.output[0]["content"][0]["text"]
    assert said == ("first half, second half" if in_time else "first half, ")
