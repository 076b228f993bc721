"""A chat with the real gateway: stream, stop, count, fail, clear; by code and by the front end."""

from __future__ import annotations

import _thread
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nexhina_nb import discovery
from nexhina_nb.client import Client
from nexhina_nb.client.sync import ChatStream
from nexhina_nb.discovery import Running
from nexhina_nb.errors import BadInput, ConnectionFailed, GatewayNotRunning, ModelNotFound, Stopped
from nexhina_nb.origin import Origin
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.secret import Secret
from nexhina_nb.widgets.call import Call
from nexhina_nb.widgets.chat import Chat
from nexhina_nb.widgets.turns import Turn
from tests.client.mock_server import DONE, SSE, MockServer, Play, chunk, stream, wait_until
from tests.conftest import RunningGateway
from tests.widgets.conftest import Watched, until

OpenChat = Callable[..., Watched]

STORY = (
    "Summarise: The sea is wide. Ships sail on it. The wind blows hard. Sailors sing songs. "
    "The harbour is far. Gulls cry above the masts. Night falls slowly on the water."
)


def hanging(*pieces: str) -> Play:
    return Play([chunk({"content": piece}) for piece in pieces], content_type=SSE, hang=True)


def test_an_answer_streams_and_is_counted(make_gateway: Any, open_chat: OpenChat) -> None:
    with make_gateway(pace=0.03) as gateway:
        chat = open_chat(gateway.base_url, gateway.new_key(), system="Be brief.")
        reply = chat.ask(STORY)
        (row,) = chat._client.logs()
    states = [change["state"] for sent in chat.sent for change in sent["turns"]]
    assert states[0] == "coming"
    assert states[-1] == "done"
    assert 2 < len(states) < len(reply.text)
    assert chat.last["text"] == reply.text == chat.reply.text
    assert chat.cost.quota == reply.cost.quota == row["quota"] > 0
    bill = f"{format_usd(chat.cost.usd)} · {reply.usage.total_tokens} tokens"
    assert chat.last["bill"] == chat._total == bill
    assert chat.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": STORY},
        {"role": "assistant", "content": reply.text},
    ]


def test_only_what_changed_is_sent(make_gateway: Any, open_chat: OpenChat) -> None:
    with make_gateway(pace=0.03) as gateway:
        chat = open_chat(gateway.base_url, gateway.new_key())
        chat.ask("What is 2 + 2?")
        before = len(chat.sent)
        chat.ask(STORY)
    later = chat.sent[before:]
    assert all([change["number"] for change in sent["turns"]] == [1] for sent in later)
    growing = [sent for sent in later if sent["turns"][0]["state"] == "coming"][1:]
    assert growing
    assert all(set(sent["turns"][0]) == {"number", "html", "state"} for sent in growing)


def test_stop_keeps_what_came_and_the_gateway_stops(make_gateway: Any, open_chat: OpenChat) -> None:
    with make_gateway(pace=0.1) as gateway:
        chat = open_chat(gateway.base_url, gateway.new_key())
        chat.wish("send", text=STORY)
        until(lambda: chat._turns and chat.last["html"])
        chat.wish("stop")
        stopped = chat.last
        assert (stopped["state"], stopped["note"]) == ("stopped", "stopped")
        assert stopped["text"]
        assert chat.reply.text == stopped["text"]
        assert chat.reply.finish_reason is None
        until(lambda: chat.last["bill"])
        (row,) = chat._client.logs()
        whole = open_chat(gateway.base_url, gateway.new_key()).ask(STORY)
    assert row["completion_tokens"] < whole.usage.completion_tokens
    assert whole.text.startswith(stopped["text"])
    assert chat.cost.quota == chat.reply.cost.quota == row["quota"]
    assert chat.messages[-1] == {"role": "assistant", "content": stopped["text"]}


def test_stop_breaks_a_connection_that_is_silent(server: MockServer, open_chat: OpenChat) -> None:
    server.play(hanging("one ", "two "))
    chat = open_chat(server.base_url, "sk-x")
    chat.wish("send", text="Hi")
    until(lambda: chat._turns and "two" in chat.last["html"])
    chat.stop()
    assert wait_until(server.left) < 5
    assert chat.last["text"] == "one two "


def test_stop_before_an_answer_leaves_no_trace_in_the_conversation(
    server: MockServer, open_chat: OpenChat
) -> None:
    server.play(Play([], content_type=SSE, hang=True))
    chat = open_chat(server.base_url, "sk-x")
    chat.wish("send", text="Hi")
    until(lambda: server.seen)
    chat.stop()
    assert chat.wait("stopped")["text"] == ""
    assert chat.messages == []


def test_a_stop_while_the_question_travels_is_not_forgotten(server: MockServer) -> None:
    server.play(Play([], content_type=SSE, hang=True))
    may_travel, shown = threading.Event(), []
    with Client(server.base_url, "sk-x", max_retries=0) as client:

        def ask() -> tuple[Client, ChatStream]:
            may_travel.wait()
            return client, client.chat("Hi", stream=True)

        call = Call(Turn(0, "m", "Hi"), ask, shown.append, threading.RLock())
        call.start()
        call.stop()
        may_travel.set()
        assert wait_until(server.left) < 5
    assert [turn["state"] for turn in shown][:1] == ["stopped"]
    assert call.turn.state == "stopped"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_display_that_fails_does_not_keep_anybody_waiting(server: MockServer) -> None:
    server.play(stream("hello"))

    def show(change: dict[str, Any]) -> None:
        raise OSError("the front end is gone")

    with Client(server.base_url, "sk-x", max_retries=0) as client:
        ask = lambda: (client, client.chat("Hi", stream=True))  # noqa: E731
        call = Call(Turn(0, "m", "Hi"), ask, show, threading.RLock())
        call.start()
        call.wait()
    assert (call.turn.state, call.turn.answer) == ("done", "hello")


def test_an_interrupt_stops_the_answer_and_keeps_what_came(
    server: MockServer, open_chat: OpenChat
) -> None:
    server.play(hanging("one "))
    chat = open_chat(server.base_url, "sk-x")

    def interrupt() -> None:
        until(lambda: chat._turns and chat.last["html"])
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()
    with pytest.raises(Stopped) as stopped:
        chat.ask("Hi")
    assert stopped.value.partial.text == chat.last["text"] == "one "
    assert chat.last["state"] == "stopped"
    assert wait_until(server.left) < 5


def test_a_wish_to_send_twice_is_refused_politely(server: MockServer, open_chat: OpenChat) -> None:
    server.play(hanging("one "))
    chat = open_chat(server.base_url, "sk-x")
    chat.wish("send", text="Hi")
    chat.wish("send", text="And?")
    assert chat._notice == "an answer is still coming → wait for it, or stop it"
    with pytest.raises(BadInput, match="still coming"):
        chat.ask("And?")
    assert len(chat._turns) == 1
    chat.stop()


@pytest.mark.parametrize("text", ["", "  \n", None, 7, {"a": 1}])
def test_nothing_is_no_question(open_chat: OpenChat, text: Any) -> None:
    chat = open_chat()
    chat.wish("send", text=text)
    assert (chat._turns, chat._notice) == ([], "the question is empty → write what to ask")


def test_threads_that_ask_at_once_take_turns(
    shared_gateway: RunningGateway, open_chat: OpenChat
) -> None:
    chat = open_chat(shared_gateway.base_url, shared_gateway.new_key())
    outcomes: list[str] = []

    def ask(number: int) -> None:
        try:
            outcomes.append(chat.ask(f"What is {number} + 1?").text)
        except BadInput:
            outcomes.append("refused")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = [outcome for outcome in outcomes if outcome != "refused"]
    assert len(outcomes) == 8
    assert answered
    assert [turn["number"] for turn in chat._turns] == list(range(len(answered)))
    assert chat.cost.quota == sum(row["quota"] for row in chat._client.logs())


def test_an_error_is_a_line_with_a_hint_and_the_next_question_goes_on(
    shared_gateway: RunningGateway, open_chat: OpenChat
) -> None:
    chat = open_chat(shared_gateway.base_url, shared_gateway.new_key(), model="local/chta")
    with pytest.raises(ModelNotFound):
        chat.ask("Hi")
    failed = chat.last
    assert failed["state"] == "failed"
    assert "local/chta" in failed["error"]
    assert "%nexhina models" in failed["hint"]
    assert "\n" not in failed["error"] + failed["hint"]
    assert chat.messages == []
    chat.wish("model", model="local/chat")
    assert chat.ask("What is 2 + 3?").text.endswith("5")
    assert [message["role"] for message in chat.messages] == ["user", "assistant"]


def test_a_broken_stream_keeps_what_came(server: MockServer, open_chat: OpenChat) -> None:
    server.play(Play([chunk({"content": "half"})], content_type=SSE))
    chat = open_chat(server.base_url, "sk-x")
    chat.wish("send", text="Hi")
    assert chat.wait("failed")["text"] == "half"
    assert "before its end" in chat.last["error"]
    assert chat.reply.text == "half"


def test_a_cut_answer_says_so(server: MockServer, open_chat: OpenChat) -> None:
    server.play(Play([chunk({"content": "a"}), chunk({}, "length"), DONE], content_type=SSE))
    chat = open_chat(server.base_url, "sk-x")
    chat.ask("Hi")
    assert chat.last["note"].startswith("truncated: ")
    assert "max_tokens" in chat.last["note"]


def test_options_go_with_every_question(server: MockServer, open_chat: OpenChat) -> None:
    server.play(stream("one"), stream("two"))
    chat = open_chat(
        server.base_url, "sk-x", model="m", lang="fr", temperature=0.5, max_tokens=9, system="S"
    )
    chat.ask("first")
    chat.ask("second")
    body = server.seen[-1].json
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("m", 0.5, 9)
    assert body["messages"] == [
        {"role": "system", "content": "S\n\nAnswer in French."},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "one"},
        {"role": "user", "content": "second"},
    ]


def test_clear_forgets_the_conversation_but_not_the_cost(
    shared_gateway: RunningGateway, open_chat: OpenChat
) -> None:
    chat = open_chat(shared_gateway.base_url, shared_gateway.new_key())
    chat.ask("What is 2 + 2?")
    spent, total = chat.cost, chat._total
    chat.wish("clear")
    assert chat.sent[-1] == {"turns": [], "whole": True}
    assert (chat.messages, chat.get_state()["_turns"]) == ([], [])
    assert (chat.cost, chat._total) == (spent, total)
    chat.ask("What is 3 + 3?")
    assert [turn["number"] for turn in chat._turns] == [1]
    assert chat.cost.quota > spent.quota


def test_clear_stops_what_comes(server: MockServer, open_chat: OpenChat) -> None:
    server.play(hanging("one "))
    chat = open_chat(server.base_url, "sk-x")
    chat.wish("send", text="Hi")
    until(lambda: chat._turns and chat.last["html"])
    chat.clear()
    assert wait_until(server.left) < 5
    assert chat._turns == []


def test_a_view_that_opens_gets_all_turns_and_the_models(
    shared_gateway: RunningGateway, open_chat: OpenChat
) -> None:
    chat = open_chat(shared_gateway.base_url, shared_gateway.new_key())
    chat.ask("What is 2 + 2?")
    chat.wish("hello")
    assert chat.sent[-1] == {"turns": chat._turns, "whole": True}
    until(lambda: chat._models)
    assert chat._models == ["local/chat"]  # not the models that embed or rerank


def test_without_a_gateway_it_says_what_to_do_and_finds_one_later(
    gateway: RunningGateway, open_chat: OpenChat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    chat = open_chat()
    chat.wish("hello")
    with pytest.raises(GatewayNotRunning):
        chat.ask("What is 2 + 2?")
    assert "%nexhina gateway start" in chat.last["hint"]
    monkeypatch.setenv("NEXHINA_BASE_URL", gateway.base_url)
    monkeypatch.setenv("NEXHINA_API_KEY", gateway.new_key())
    assert chat.ask("What is 2 + 2?").text.endswith("4")
    chat.wish("models")
    until(lambda: chat._models)


def test_a_gateway_that_is_gone_is_one_line(open_chat: OpenChat) -> None:
    chat = open_chat("http://127.0.0.1:9/v1", "sk-x")
    with pytest.raises(ConnectionFailed):
        chat.ask("Hi")
    assert "127.0.0.1:9" in chat.last["error"]


@pytest.mark.parametrize("fails", [False, True])
def test_the_key_is_nowhere(server: MockServer, open_chat: OpenChat, fails: bool) -> None:
    key = "sk-very-secret-key"
    bad = Play(json.dumps({"error": {"message": f"bad key {key}"}}).encode(), status=401)
    server.play(bad if fails else stream("hello"))
    chat = open_chat(server.base_url, key)
    chat.wish("send", text="Hi")
    chat.wait("failed" if fails else "done")
    seen = [chat.get_state(), chat.sent, chat._repr_mimebundle_(), repr(chat), chat.messages]
    assert "very-secret" not in json.dumps(seen)
    assert "very-secret" not in repr(chat._client)


def test_what_a_model_writes_does_nothing(server: MockServer, open_chat: OpenChat) -> None:
    server.play(stream("<script>x()</script> [a](javascript:x()) ![b](http://c.example/d)"))
    chat = open_chat(server.base_url, "sk-x")
    chat.ask("<img src=x onerror=x()>")
    html = chat.last["html"]
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_it_shows_itself_without_a_front_end(
    shared_gateway: RunningGateway, open_chat: OpenChat
) -> None:
    chat = open_chat(shared_gateway.base_url, shared_gateway.new_key())
    empty, _ = chat._repr_mimebundle_()
    assert empty["text/plain"] == "<Chat local/chat, 0 turns, $0.00>"
    reply = chat.ask("What is 2 + 2?")
    data, _ = chat._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert f"You: What is 2 + 2?\n\n{reply.text}" in data["text/plain"]
    assert f"**You:** What is 2 + 2?\n\n{reply.text}" in data["text/markdown"]
    assert repr(chat).startswith("<Chat local/chat, 1 turn, $0.0")


def test_only_the_gateway_of_this_machine_learns_the_cell(
    gateway: RunningGateway,
    server: MockServer,
    open_chat: OpenChat,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    chat = open_chat()
    chat._origin = Origin(notebook="lesson.ipynb", cell="c7")
    home, key = tmp_path / "home", Secret(gateway.new_key())
    with discovery.holding(home):
        discovery.announce(home, Running(gateway.base_url, os.getpid(), key))
        chat.ask("Hi")
    (row,) = chat._connected().logs()
    assert json.loads(row["other"])["tags"] == {"notebook": "lesson.ipynb", "cell": "c7"}
    server.play(stream("hello"))
    elsewhere = open_chat(server.base_url, "sk-x")
    elsewhere._origin = chat._origin
    elsewhere.ask("Hi")
    assert "lesson" not in str(server.seen[-1].headers)


@pytest.mark.parametrize(("height", "css"), [(300, "300px"), ("30em", "30em"), ("60vh", "60vh")])
def test_heights(open_chat: OpenChat, height: Any, css: str) -> None:
    assert open_chat(height=height)._height == css


@pytest.mark.parametrize("height", [0, -3, "tall", "1px; color: red", None])
def test_what_is_no_height(height: Any) -> None:
    with pytest.raises(BadInput, match="no height"):
        Chat(height=height)
