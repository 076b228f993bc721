"""Every route passes through faithfully: what the caller said arrives, what the upstream says comes
back, once, and whoever leaves ends the call.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.wire.sse import encode
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.sick_server import Peer, Received, Scene, SickServer

JSON = "Content-Type: application/json"
SSE = "Content-Type: text/event-stream"
UPSTREAMS_NAME = "their-name"
UNKNOWN = {"deep": [1, 2.5, None, "ü"]}
CHAT = [{"role": "user", "content": "hello"}]

BODIES: dict[str, dict[str, Any]] = {
    "/chat/completions": {"messages": CHAT},
    "/completions": {"prompt": "hello"},
    "/responses": {"input": "hello"},
    "/messages": {"messages": CHAT, "max_tokens": 9},
    "/embeddings": {"input": "hello"},
    "/rerank": {"query": "a", "documents": ["b", {"text": "c", "id": 7}]},
    "/moderations": {"input": "hello"},
    "/images/generations": {"prompt": "a cat"},
    "/audio/speech": {"input": "hello", "voice": "alloy"},
    "/videos": {"prompt": "waves"},
    "/video/generations": {"prompt": "waves"},
}
SOUND, PICTURE = b"RIFF not read here", b"\x89PNG not read here"
FORMS: dict[str, dict[str, Any]] = {
    "/audio/transcriptions": {"file": ("a.wav", SOUND, "audio/wav")},
    "/audio/translations": {"file": ("a.wav", SOUND, "audio/wav")},
    "/images/edits": {"image": ("a.png", PICTURE, "image/png")},
}
ROUTES = [*BODIES, *FORMS]


USAGE = {
    "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
    "input_tokens": 3, "output_tokens": 2,
}  # fmt: skip
REPLY = {"id": "up-1", "model": UPSTREAMS_NAME, "usage": USAGE, "x_more": UNKNOWN}
# What each stream is made of: a beginning, a piece, and the end.
STREAMS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "/chat/completions": (
        {"stream": True},
        [
            {"choices": [{"index": 0, "delta": {"content": "one"}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ],
    ),
    "/completions": (
        {"stream": True},
        [
            {"choices": [{"index": 0, "text": "one", "finish_reason": None}]},
            {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]},
        ],
    ),
    "/responses": (
        {"stream": True},
        [
            {"type": "response.created", "sequence_number": 0, "response": {"id": "r"}},
            {"type": "response.output_text.delta", "sequence_number": 1, "delta": "one"},
            {
                "type": "response.completed", "sequence_number": 2,
                "response": {"id": "r", "status": "completed", "output": [], "usage": USAGE},
            },
        ],
    ),
    "/messages": (
        {"stream": True},
        [
            {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 3}}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "one"}},
            {"type": "message_stop"},
        ],
    ),
    "/images/generations": (
        {"stream": True, "partial_images": 1},
        [
            {"type": "image_generation.partial_image", "b64_json": "AAAA"},
            {"type": "image_generation.completed", "b64_json": "AAAA", "usage": USAGE},
        ],
    ),
    "/images/edits": (
        {"stream": "true"},
        [
            {"type": "image_edit.partial_image", "b64_json": "AAAA"},
            {"type": "image_edit.completed", "b64_json": "AAAA", "usage": USAGE},
        ],
    ),
    "/audio/speech": (
        {"stream_format": "sse"},
        [
            {"type": "speech.audio.delta", "audio": "AAAA"},
            {"type": "speech.audio.done", "usage": USAGE},
        ],
    ),
    "/audio/transcriptions": (
        {"stream": "true"},
        [
            {"type": "transcript.text.delta", "delta": "one"},
            {"type": "transcript.text.done", "text": "one", "usage": USAGE},
        ],
    ),
}  # fmt: skip
DONE = b"data: [DONE]\n\n"
HAS_MARKER = ("/chat/completions", "/completions")


class Behind:
    """A gateway with one upstream behind it, which plays one scene for every path."""

    model = "gpt-4o"

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.scene: Scene = answers(REPLY)
        names = {path.rpartition("/")[2] for path in ROUTES}
        finished = answers({"status": "completed"})  # for whoever follows the video
        self.server = SickServer({**dict.fromkeys(names, self._play), "up-1": finished})

    def plays(self, scene: Scene) -> None:
        """What the next calls meet; what the earlier ones were is forgotten."""
        self.scene = scene
        self.server.received.clear()
        while not self.server.left.empty():
            self.server.left.get()

    def ask(self, path: str, *, timeout: float = 20, **more: Any) -> httpx2.Response:
        """A call of that path, with ``more`` fields."""
        key = {"authorization": f"Bearer {self.gateway.key}", "anthropic-version": "2023-06-01"}
        url = self.gateway.base_url + path
        if path not in FORMS:
            body = {"model": self.model, **BODIES[path], **more}
            return httpx2.post(url, headers=key, json=body, timeout=timeout)
        fields = {name: (None, str(value)) for name, value in more.items()}
        files = {"model": (None, self.model), "prompt": (None, "p"), **fields, **FORMS[path]}
        return httpx2.post(url, headers=key, files=files, timeout=timeout)

    def received(self) -> Received:
        """The one call that arrived upstream."""
        (found,) = (row for row in self.server.received if row.scene != "up-1")
        return found

    def logged(self) -> list[tuple[int, int, dict[str, Any]]]:
        """Type, quota and `other` of every row of the log, newest first."""
        path = self.gateway.settings.home / "nexhina.db"
        rows = sqlite3.connect(path).execute("select type, quota, other from logs order by id desc")
        return [(kind, quota, json.loads(other)) for kind, quota, other in rows]

    def _play(self, peer: Peer, request: Received) -> None:
        self.scene(peer, request)


def answers(payload: dict[str, Any], *headers: str, status: str = "200 OK") -> Scene:
    body = json.dumps(payload).encode()
    return lambda peer, request: peer.answer(body, JSON, *headers, status=status)


def streams(*frames: bytes, cut: bool = False) -> Scene:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin(SSE)
        for frame in frames:
            peer.chunk(frame)
        if cut:
            peer.reset()
        else:
            peer.chunk(b"")

    return scene


def frames_of(path: str) -> list[bytes]:
    events = STREAMS[path][1]
    frames = [
        encode(json.dumps(event | {"x_more": UNKNOWN}), event.get("type")) for event in events
    ]
    return [*frames, DONE] if path in HAS_MARKER else frames


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with run_gateway(tmp_path_factory.mktemp("passing")) as gateway:
        made = Behind(gateway)
        names = {made.model: UPSTREAMS_NAME}
        with made.server:
            url = made.server.url
            row = Channel("up", "openai", models=(made.model,), base_url=url, mapping=names)
            with gateway.store.writing() as connection:
                add_channel(connection, row)
            yield made


@pytest.mark.parametrize("path", ROUTES)
def test_what_the_caller_said_arrives(behind: Behind, path: str) -> None:
    behind.plays(answers(REPLY))
    if path in FORMS:
        reply = behind.ask(path, x_unknown="ü 1.50")
        form = behind.received().body
        assert 'name="x_unknown"\r\n\r\nü 1.50'.encode() in form
        assert f'name="model"\r\n\r\n{UPSTREAMS_NAME}'.encode() in form
        assert (SOUND if "audio" in path else PICTURE) in form
    else:
        reply = behind.ask(path, x_unknown=UNKNOWN)
        body = json.loads(behind.received().body)
        expected = {"model": UPSTREAMS_NAME, **BODIES[path], "x_unknown": UNKNOWN}
        assert body == expected
    assert reply.status_code == 200, reply.text
    assert behind.gateway.key not in str(behind.received())
    if "video" not in path:
        assert reply.json()["x_more"] == UNKNOWN
        assert reply.json()["model"] == behind.model


FAILURES = [
    ("400 Bad Request", 400),
    ("401 Unauthorized", 401),
    ("404 Not Found", 404),
    ("422 Unprocessable Entity", 422),
    ("429 Too Many Requests", 429),
    ("500 Internal Server Error", 500),
    ("503 Service Unavailable", 503),
]


@pytest.mark.parametrize(("line", "status"), FAILURES)
@pytest.mark.parametrize("path", ROUTES)
def test_what_the_upstream_says_comes_back(
    behind: Behind, path: str, line: str, status: int
) -> None:
    error = {
        "message": "their words", "type": "their_type", "param": "x", "code": "model_not_found",
        "more": UNKNOWN,
    }  # fmt: skip
    told = {"error": error, "x_more": 1}
    if path == "/messages":
        told = {"type": "error", "error": {"type": "their_type", "message": "their words"}}
    behind.plays(answers(told, "Retry-After: 7", "x-request-id: up-7", status=line))
    reply = behind.ask(path)
    assert (reply.status_code, reply.json()) == (status, told)
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["x-request-id"] == "up-7"
    assert behind.received()
    assert behind.logged()[0][:2] == (5, 0)


@pytest.mark.parametrize("path", ROUTES)
def test_who_leaves_before_the_answer_ends_the_call(behind: Behind, path: str) -> None:
    def wait(peer: Peer, request: Received) -> None:
        peer.wait_until_left()
        behind.server.left.put("gone")

    behind.plays(wait)
    with pytest.raises(httpx2.ReadTimeout):
        behind.ask(path, timeout=0.4)
    assert behind.server.left.get(timeout=10) in ("gone", "idle")


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_passes_as_it_came(behind: Behind, path: str) -> None:
    frames = frames_of(path)
    behind.plays(streams(*frames))
    reply = behind.ask(path, **STREAMS[path][0])
    assert reply.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in reply.content.split(b"\n\n") if not line.startswith(b": nexhina")]
    assert b"\n\n".join(lines) == b"".join(frames)
    assert b": nexhina-quota " in reply.content
    kind, quota, other = behind.logged()[0]
    assert (kind, quota > 0, other["stream_status"]["end_reason"]) == (2, True, "done")


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_that_is_cut_never_looks_complete(behind: Behind, path: str) -> None:
    frames = frames_of(path)
    end = frames[-1]
    behind.plays(streams(*frames[: 1 if path in HAS_MARKER else -1], cut=True))
    reply = behind.ask(path, **STREAMS[path][0])
    assert end.strip() not in reply.content
    last = reply.content.strip().split(b"\n\n")[-1]
    assert b"error" in last
    kind, _, other = behind.logged()[0]
    assert (kind, other["stream_status"]["end_reason"]) == (2, "handler_stop")


@pytest.mark.parametrize("path", STREAMS)
def test_who_leaves_a_stream_ends_the_call(behind: Behind, path: str) -> None:
    first = frames_of(path)[0]

    def begin(peer: Peer, request: Received) -> None:
        peer.begin(SSE)
        peer.chunk(first)
        peer.wait_until_left()
        behind.server.left.put("gone")

    behind.plays(begin)
    with pytest.raises(httpx2.ReadTimeout):
        behind.ask(path, timeout=0.5, **STREAMS[path][0])
    assert behind.server.left.get(timeout=10) in ("gone", "idle")
