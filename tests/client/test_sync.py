from __future__ import annotations

import gc
import os
import signal
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pytest

from nexhina_nb import discovery, errors
from nexhina_nb.client import ChatReply, Client
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from tests.client.mock_server import (
    DONE,
    SSE,
    MockServer,
    Play,
    chat,
    chunk,
    embeddings,
    error,
    frames,
    models,
    stream,
    wait_until,
)

KEY = "sk-a-very-secret-key"


def test_a_plain_chat(server: MockServer, client: Client) -> None:
    server.play(chat("Hello", **{"X-Nexhina-Quota": "12", "X-Oneapi-Request-Id": "r1"}))
    reply = client.chat("hi", model="gpt-4o")
    assert (reply.text, reply.cost.quota, reply.request_id) == ("Hello", 12, "r1")
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["authorization"] == "Bearer sk-test"
    assert seen.headers["content-type"] == "application/json"
    assert seen.json == {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


def test_a_stream(server: MockServer, client: Client) -> None:
    answer_id = {"X-Oneapi-Request-Id": "r1"}
    server.play(stream("Hell", "o", quota=3, status=201, headers=answer_id))
    server.play(chat("again"))
    with client.chat("hi", stream=True) as answer:
        pieces = [next(answer), *answer]
        assert repr(answer) == "<ChatStream 5 characters so far>"
        assert answer.request_id == "r1"
    assert pieces == ["Hell", "o"]
    assert isinstance(answer.reply, ChatReply)
    assert (answer.text, answer.reply.text, answer.reply.cost.quota) == ("Hello", "Hello", 3)
    assert server.seen[0].headers["accept"].startswith("text/event-stream")
    assert server.seen[0].json["stream_options"] == {"include_usage": True}
    assert client.chat("hi").text == "again"


def test_read_gives_the_reply(server: MockServer, client: Client) -> None:
    server.play(stream("Hell", "o"))
    answer = client.chat("hi", stream=True)
    with pytest.raises(errors.NexhinaError, match="not come to its end"):
        _ = answer.reply
    assert answer.read().text == "Hello"
    assert answer.read() is answer.reply
    assert list(answer) == []


def test_embed_rerank_models_usage_logs(server: MockServer, client: Client) -> None:
    ranking = b'{"results": [{"index": 1, "relevance_score": 0.5}]}'
    usage = b'{"code": true, "data": {"name": "k", "total_granted": 1}}'
    rows = b'{"success": true, "data": [{"quota": 1}]}'
    server.play(
        embeddings([[1, 2], [3, 4]]), Play(ranking), models("a", "b"), Play(usage), Play(rows)
    )
    assert np.array_equal(client.embed(["x", "y"]), [[1, 2], [3, 4]])
    assert client.rerank("q", ["a", "b"], top_n=1)[0].document == "b"
    assert client.models("a").ids == ["a"]
    assert client.usage().granted == 1
    assert client.logs() == [{"quota": 1}]
    paths = [seen.path for seen in server.seen]
    assert paths == [
        "/v1/embeddings", "/v1/rerank", "/v1/models", "/api/usage/token/", "/api/log/token"
    ]  # fmt: skip
    assert server.seen[2].body == b""
    assert "content-type" not in server.seen[2].headers


def test_base64_refused(server: MockServer, client: Client) -> None:
    refusal = error(400, "invalid_value", "encoding_format: only float")
    server.play(refusal, *[embeddings([[1.5]], as_base64=False)] * 2)
    assert client.embed("x")[0, 0] == client.embed("y")[0, 0] == 1.5
    formats = [seen.json["encoding_format"] for seen in server.seen]
    assert formats == ["base64", "float", "float"]


def test_retries_wait_as_told(server: MockServer) -> None:
    server.play(error(429, None, **{"Retry-After": "0"}), error(503, None, **{"Retry-After": "0"}))
    server.play(chat("at last"))
    with Client(server.base_url, KEY) as client:
        assert client.chat("hi").text == "at last"
    assert len(server.seen) == 3


def test_errors_are_typed_and_explained(server: MockServer, client: Client) -> None:
    server.play(error(404, "model_not_found"), models("gpt-4o"))
    with pytest.raises(errors.ModelNotFound, match="it is called 'gpt-4o'"):
        client.chat("hi", model="GPT-4o")
    server.play(error(401, "invalid_api_key"))
    with pytest.raises(errors.Authentication, match="login"):
        client.chat("hi", stream=True)


def test_an_error_in_a_stream(server: MockServer, client: Client) -> None:
    frame = b'data: {"error": {"message": "gone", "code": "bad_response"}}\n\n'
    server.play(Play([chunk({"content": "so far"}), frame], content_type=SSE))
    answer = client.chat("hi", stream=True)
    with pytest.raises(errors.Upstream, match="gone"):
        list(answer)
    assert answer.text == "so far"


@pytest.mark.parametrize("cut", [True, False])
def test_a_cut_stream_is_broken(server: MockServer, client: Client, cut: bool) -> None:
    server.play(Play(frames("so", " far")[:3], content_type=SSE, cut=cut))
    answer = client.chat("hi", stream=True)
    with pytest.raises(errors.StreamBroken) as caught:
        list(answer)
    assert caught.value.partial == answer.text == "so far"


def test_a_cut_plain_answer(server: MockServer, client: Client) -> None:
    server.play(Play(b'{"id": ', cut=True))
    with pytest.raises(errors.ConnectionFailed, match="middle of the answer"):
        client.chat("hi")
    assert len(server.seen) == 1


def test_a_lost_connection_repeats_only_what_may_be_repeated(server: MockServer) -> None:
    with Client(server.base_url, KEY, max_retries=1) as client:
        server.play(Play(reset=True))
        with pytest.raises(errors.ConnectionFailed, match="before an answer came"):
            client.chat("hi")
        server.play(Play(reset=True), embeddings([[1.0]]))
        assert client.embed("x").shape == (1, 1)
    assert [seen.path for seen in server.seen] == ["/v1/chat/completions", *["/v1/embeddings"] * 2]


def test_nobody_there() -> None:
    with (
        Client("http://127.0.0.1:9", KEY, max_retries=0) as client,
        pytest.raises(errors.ConnectionFailed, match="gateway start") as caught,
    ):
        client.chat("hi")
    assert "http://127.0.0.1:9/v1" in str(caught.value)


def test_a_slow_gateway(server: MockServer) -> None:
    server.play(
        Play([b" "], hang=True), Play([chunk({"content": "x"})], content_type=SSE, hang=True)
    )
    with Client(server.base_url, KEY, timeout=0.1) as client:
        with pytest.raises(errors.TimedOut, match="NEXHINA_TIMEOUT"):
            client.chat("hi")
        answer = client.chat("hi", stream=True)
        with pytest.raises(errors.StreamBroken, match="took too long"):
            list(answer)
    assert answer.text == "x"


def test_redirects_are_not_followed(server: MockServer) -> None:
    place = "http://localhost:1/v1/chat/completions"
    http = httpx2.Client(follow_redirects=True)
    server.play(Play(status=307, headers={"Location": place}), Play(status=307))
    with http, Client(server.base_url, KEY, http_client=http) as client:
        for _ in range(2):
            with pytest.raises(errors.ConfigError, match="sends on"):
                client.chat("hi")
    assert len(server.seen) == 2


def test_a_web_page_is_not_an_answer(server: MockServer, client: Client) -> None:
    server.play(
        Play(b"<html>", content_type="text/html"), Play(b"<html>", content_type="text/html")
    )
    with pytest.raises(errors.Upstream, match="usually ends in /v1"):
        client.chat("hi")
    with pytest.raises(errors.StreamBroken):
        client.chat("hi", stream=True).read()


def test_closing_a_stream_stops_the_gateway(server: MockServer, client: Client) -> None:
    server.play(Play([chunk({"content": "x"})], content_type=SSE, hang=True))
    with client.chat("hi", stream=True) as answer:
        assert next(answer) == "x"
    assert wait_until(server.left) < 1
    assert list(answer) == []
    assert answer.text == "x"


def test_another_thread_can_close_a_stream_that_waits(server: MockServer, client: Client) -> None:
    server.play(Play([chunk({"content": "x"})], content_type=SSE, hang=True))
    answer, pieces = client.chat("hi", stream=True), []
    reader = threading.Thread(target=lambda: pieces.extend(answer))
    reader.start()
    while answer.text != "x":
        time.sleep(0.01)
    answer.close()
    wait_until(server.left)
    reader.join(10)
    assert not reader.is_alive()
    assert pieces == ["x"]


def test_a_stream_that_was_never_read_is_closed_too(server: MockServer, client: Client) -> None:
    server.play(Play([chunk({"content": "x"})], content_type=SSE, hang=True))
    with client.chat("hi", stream=True):
        pass
    wait_until(server.left)


def interrupt_soon() -> None:
    main = threading.main_thread().ident
    assert main is not None
    time.sleep(0.15)
    signal.pthread_kill(main, signal.SIGINT)


@pytest.mark.skipif(os.name == "nt", reason="signals of this kind are POSIX")
@pytest.mark.parametrize("streamed", [True, False])
def test_an_interrupt_closes_the_connection(
    server: MockServer, client: Client, streamed: bool
) -> None:
    kind = SSE if streamed else "application/json"
    server.play(Play([chunk({"content": "so far"})], content_type=kind, hang=True))
    threading.Thread(target=interrupt_soon).start()
    streams = []

    def ask() -> None:
        if streamed:
            streams.append(client.chat("hi", stream=True))
            list(streams[0])
        else:
            client.chat("hi")

    with pytest.raises(KeyboardInterrupt) as caught:
        ask()
    assert wait_until(server.left) < 1
    assert [answer.text for answer in streams] == ["so far"] * streamed
    frames_shown = [str(entry.path) for entry in caught.traceback]
    assert not any("httpx2" in path or "httpcore2" in path for path in frames_shown)
    assert caught.value.__suppress_context__
    server.play(chat("still works"))
    assert client.chat("hi").text == "still works"


def test_threads_share_a_client(server: MockServer, client: Client) -> None:
    server.play(*[chat("x")] * 40)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(client.chat, ["hi"] * 40))
    assert [reply.text for reply in replies] == ["x"] * 40


def test_tags_go_with_every_call(server: MockServer) -> None:
    server.play(chat(), chat(), chat())
    with Client(server.base_url, KEY, tags={"notebook": "Größe.ipynb"}) as client:
        tagged = client.with_tags(cell="3")
        assert client.with_tags(self="x").tags["self"] == "x"
        tagged.chat("hi")
        tagged.close()
        client.chat("hi")
        with pytest.raises(errors.BadInput):
            client.with_tags(cell=3)  # type: ignore[arg-type]
    tags = [seen.headers["x-nexhina-tags"] for seen in server.seen]
    assert tags == [
        "notebook=Gr%C3%B6%C3%9Fe.ipynb&cell=3",
        "notebook=Gr%C3%B6%C3%9Fe.ipynb",
    ]


def test_no_key_no_header(server: MockServer) -> None:
    server.play(chat())
    settings = Settings(base_url=server.base_url, api_key=Secret(" "))
    with Client(settings=settings) as client:
        assert repr(client) == f"<Client {server.base_url}, key not set>"
        client.chat("hi")
    assert "authorization" not in server.seen[0].headers


def test_environment(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", server.root)
    monkeypatch.setenv("NEXHINA_API_KEY", "sk-env")
    server.play(chat())
    with Client() as client:
        assert client.base_url == server.base_url
        assert client.settings.model == "local/chat"
        client.chat("hi")
    assert server.seen[0].headers["authorization"] == "Bearer sk-env"


def test_a_gateway_that_restarts_on_another_port(server: MockServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(errors.GatewayNotRunning, match="gateway start"):
        Client(settings=settings)
    gone = discovery.Running("http://127.0.0.1:9/v1", os.getpid(), Secret("sk-old"))
    with discovery.holding(tmp_path):
        discovery.announce(tmp_path, gone)
        client = Client(settings=settings, max_retries=0)
    with client, discovery.holding(tmp_path):
        now = discovery.Running(server.base_url, os.getpid(), Secret("sk-new"))
        discovery.announce(tmp_path, now)
        server.play(chat("found"))
        assert client.chat("hi").text == "found"
    assert server.seen[0].headers["authorization"] == "Bearer sk-new"


def test_after_closing(client: Client) -> None:
    client.close()
    with pytest.raises(errors.ConnectionFailed, match="closed"):
        client.chat("hi")


def test_the_key_is_nowhere_to_be_seen(server: MockServer) -> None:
    told = f"Incorrect API key provided: {KEY}"
    broken = f'data: {{"error": {{"message": "{told}"}}}}\n\n'.encode()
    server.play(
        error(401, "invalid_api_key", told),
        error(400, None, told),
        Play(told.encode(), status=500),
        Play(told.encode()),
        Play([broken], content_type=SSE),
        Play(reset=True),
        Play(status=307, headers={"Location": f"http://other/?key={KEY}"}),
    )
    with Client(server.base_url, KEY, max_retries=0) as client:
        shown = [repr(client), str(client), repr(vars(client)), repr(client._session.target)]
        for place in range(7):
            with pytest.raises(errors.NexhinaError) as caught:
                client.chat("hi", stream=True).read() if place == 4 else client.chat("hi")
            shown += [str(caught.value), repr(vars(caught.value))]
            shown += traceback.format_exception(caught.value)
            shown += [
                f"{name} = {value!r}"  # as a verbose traceback would show it
                for entry in caught.traceback
                for name, value in entry.frame.f_locals.items()
                if "nexhina_nb/client" in str(entry.path)
                if place not in (3, 4)  # what comes with status 200 is the caller's own business
            ]
    assert len(server.seen) == 7
    assert len(shown) > 60
    assert [text for text in shown if KEY in text] == []


def test_nothing_is_left_open(server: MockServer) -> None:
    server.play(stream("x"), chat())
    client = Client(server.base_url, KEY)
    client.chat("hi", stream=True).read()
    client.chat("hi")
    client.close()
    del client
    gc.collect()  # a socket left open would be a ResourceWarning, which is an error here


def test_done_is_enough(server: MockServer, client: Client) -> None:
    server.play(Play([chunk({"content": "x"}, "stop"), DONE], content_type=SSE, hang=True))
    assert client.chat("hi", stream=True).read().text == "x"
    wait_until(server.left)
