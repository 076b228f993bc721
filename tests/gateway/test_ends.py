"""However a call ends, it has one row in the log, costs its price or nothing, and holds nothing.

A key gets so little money that what one call has left held would refuse the next.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.sick_server import Peer, Received, Scene, SickServer
from tests.gateway.test_money import fixed_price
from tests.gateway.test_passthrough import (
    BODIES,
    FORMS,
    JSON,
    REPLY,
    SSE,
    STREAMS,
    answers,
    frames_of,
    streams,
)

MODEL = "gpt-4o"
SOUND = "Content-Type: audio/mpeg"
# Each way of asking: its path, and what is asked beside the standard fields.
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("/chat/completions", {}),
    "stream": ("/chat/completions", STREAMS["/chat/completions"][0]),
    "events": ("/responses", STREAMS["/responses"][0]),
    "response": ("/responses", {}),
    "background": ("/responses", {"background": True}),
    "sound": ("/audio/speech", {}),
    "form": ("/audio/transcriptions", {}),
    "video": ("/videos", {}),
}
STREAMED = ("stream", "events", "background", "sound")


class Till:
    """A gateway before one scripted upstream, and keys with money for few calls."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.scene: Scene = answers(REPLY)
        names = ("completions", "responses", "speech", "transcriptions", "videos")
        made = answers({"status": "completed"})
        self.server = SickServer({**dict.fromkeys(names, self._play), "up-1": made})

    def _play(self, peer: Peer, request: Received) -> None:
        self.scene(peer, request)

    def ask(self, how: str, key: str, *, timeout: float = 20) -> httpx2.Response:
        path, more = ASKED[how]
        url, headers = self.gateway.base_url + path, {"authorization": f"Bearer {key}"}
        if path in FORMS:
            return httpx2.post(
                url, headers=headers, data={"model": MODEL}, files=FORMS[path], timeout=timeout
            )
        body = {"model": MODEL, **BODIES[path], **more}
        return httpx2.post(url, headers=headers, json=body, timeout=timeout)

    def rows(self, key: str, count: int) -> list[tuple[int, int]]:
        """Type and quota of the newest rows of a key, as soon as there are ``count``."""
        url = self.gateway.base_url.removesuffix("/v1") + "/api/log/token"
        for _ in range(500):
            found = httpx2.get(url, headers={"authorization": f"Bearer {key}"}).json()["data"]
            if len(found) >= count:
                break
            time.sleep(0.02)
        return [(row["type"], row["quota"]) for row in found]

    def price(self, how: str) -> int:
        """What a call that works costs."""
        self.scene = works(how)
        key = self.gateway.new_key(quota=1_000_000)
        assert self.ask(how, key).status_code == 200
        ((kind, quota),) = self.rows(key, 1)
        assert (kind, quota > 0) == (2, True)
        return quota


def works(how: str) -> Scene:
    if how == "sound":
        return streams_sound(b"ID3 sound", b"and more of it")
    if how in STREAMED:
        return streams(*frames_of(ASKED[how][0]))
    return answers(REPLY)


def streams_sound(*pieces: bytes, cut: bool = False) -> Scene:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin(SOUND)
        for piece in pieces:
            peer.chunk(piece)
        if cut:
            peer.reset()
        else:
            peer.chunk(b"")

    return scene


def breaks_off(how: str) -> Scene:
    """An answer that begins, and is cut."""
    if how == "sound":
        return streams_sound(b"ID3 sound", cut=True)
    if how in STREAMED:
        return streams(frames_of(ASKED[how][0])[0], cut=True)
    return lambda peer, _: (
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}") or (peer.reset())
    )


def hangs(how: str) -> Scene:
    """An answer that begins, and goes on when the caller has left."""

    def scene(peer: Peer, request: Received) -> None:
        if how in STREAMED:
            peer.begin(SOUND if how == "sound" else SSE)
            peer.chunk(frames_of(ASKED[how][0])[0] if how != "sound" else b"ID3 sound")
        peer.wait_until_left()

    return scene


NOTHING: dict[str, Scene] = {
    "refused": answers({"error": {"message": "no"}}, status="500 Sorry"),
    "closed": lambda peer, _: peer.reset(),
    "junk": lambda peer, _: peer.answer(b"{", JSON),
    "an error that says 200": answers({"error": {"message": "no"}}),
}


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    with run_gateway(tmp_path_factory.mktemp("till")) as gateway:
        made = Till(gateway)
        fixed_price(gateway, MODEL, "0.01")
        with made.server:
            row = Channel("up", "openai", models=(MODEL,), base_url=made.server.url)
            with gateway.store.writing() as connection:
                add_channel(connection, row)
            yield made
        with gateway.store.reading() as connection:
            assert verify(connection) == []


def nothing_is_held(till: Till, how: str, key: str, rows: list[tuple[int, int]]) -> None:
    """The rows are all that there is, and there is money for one more call."""
    till.scene = works(how)
    assert till.ask(how, key).status_code == 200
    found = till.rows(key, len(rows) + 1)
    assert found[1:] == rows
    assert found[0][0] == 2


@pytest.mark.parametrize("end", NOTHING)
@pytest.mark.parametrize("how", ASKED)
def test_what_came_to_nothing_costs_nothing(till: Till, how: str, end: str) -> None:
    price = till.price(how)
    key = till.gateway.new_key(quota=2 * price - 1)
    till.scene = NOTHING[end]
    till.ask(how, key)
    assert till.rows(key, 1) == [(5, 0)]
    nothing_is_held(till, how, key, [(5, 0)])


@pytest.mark.parametrize("how", ASKED)
def test_what_breaks_off_is_charged_if_something_came(till: Till, how: str) -> None:
    price = till.price(how)
    charged = price if how in STREAMED else 0
    key = till.gateway.new_key(quota=2 * price - 1 + charged)
    till.scene = breaks_off(how)
    try:
        till.ask(how, key)
    except httpx2.RemoteProtocolError:
        assert how == "sound"  # the only one that cannot say so
    rows = till.rows(key, 1)
    assert rows == [(2 if charged else 5, charged)]
    nothing_is_held(till, how, key, rows)


@pytest.mark.parametrize("how", [how for how in ASKED if how != "background"])
def test_who_leaves_is_charged_for_what_had_come(till: Till, how: str) -> None:
    price = till.price(how)
    charged = price if how in STREAMED else 0
    key = till.gateway.new_key(quota=2 * price - 1 + charged)
    till.scene = hangs(how)
    with pytest.raises(httpx2.ReadTimeout):
        till.ask(how, key, timeout=0.4)
    rows = till.rows(key, 1)
    assert rows == [(2 if charged else 5, charged)]
    nothing_is_held(till, how, key, rows)


def test_a_video_without_an_id_cannot_be_followed(till: Till) -> None:
    price = till.price("video")
    key = till.gateway.new_key(quota=2 * price - 1)
    till.scene = answers({"status": "queued"})
    reply = till.ask("video", key)
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "bad_response_body")
    assert till.rows(key, 1) == [(5, 0)]
    nothing_is_held(till, "video", key, [(5, 0)])


@pytest.mark.parametrize(("how", "table"), [("video", "tasks"), ("response", "responses")])
def test_what_cannot_be_kept_costs_nothing(till: Till, how: str, table: str) -> None:
    key = till.gateway.new_key(quota=2 * till.price(how) - 1)
    rename(till, table, "away")
    try:
        reply = till.ask(how, key)
    finally:
        rename(till, "away", table)
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "store_unavailable")
    assert till.rows(key, 1) == [(5, 0)]
    nothing_is_held(till, how, key, [(5, 0)])


def test_a_video_whose_bill_is_not_written_is_forgotten(till: Till) -> None:
    key = till.gateway.new_key(quota=2 * till.price("video") - 1)
    rename(till, "entries", "away")
    try:
        assert till.ask("video", key).status_code == 503
        assert till.rows(key, 1) == [(5, 0)]
    finally:
        rename(till, "away", "entries")
    headers = {"authorization": f"Bearer {key}"}
    for _ in range(100):
        videos = httpx2.get(f"{till.gateway.base_url}/videos", headers=headers).json()["data"]
        if not videos:
            break
        time.sleep(0.02)
    assert videos == []
    nothing_is_held(till, "video", key, [(5, 0)])


def rename(till: Till, table: str, name: str) -> None:
    with till.gateway.store.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_the_reason_of_a_stream_that_cannot_be_billed_is_in_the_log(till: Till) -> None:
    price = till.price("stream")
    key = till.gateway.new_key(quota=2 * price - 1)
    till.scene = works("stream")
    rename(till, "entries", "away")
    try:
        text = till.ask("stream", key).text
    finally:
        rename(till, "away", "entries")
    assert "[DONE]" not in text
    error = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))["error"]
    assert "could not be recorded" in error["message"]
    assert till.rows(key, 1) == [(5, 0)]
    nothing_is_held(till, "stream", key, [(5, 0)])
