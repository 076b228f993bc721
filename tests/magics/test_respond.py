"""``%%nexhina respond``, and what chat has learnt with it: thinking, and streams that go on."""

from __future__ import annotations

from typing import Any

import pytest

from nexhina_nb.client import RespondReply
from nexhina_nb.errors import BadInput, StreamBroken
from tests.client.mock_server import SSE, MockServer, Play, as_json, chunk, events, stream
from tests.client.test_respond_stream import script
from tests.client.test_responding import body, message
from tests.magics.conftest import Notebook


def test_a_reply_is_shown_and_gone_on_from(served: Notebook) -> None:
    cell = served.run("%%nexhina respond -o first\nWhat is 2 + 3?")
    assert cell.error is None
    assert cell.data == {"text/markdown": "2 + 3 = 5", "text/plain": "2 + 3 = 5"}
    assert cell.facts["status"] == "completed"
    assert cell.facts["cost"]["source"] == "gateway"
    first = served.names["first"]
    assert isinstance(first, RespondReply)
    assert served.magics.state.costs == [first.cost]
    served.run("%%nexhina respond --previous first -o second\nWhat is 5 * 4?")
    assert served.names["second"].raw.previous_response_id == first.id
    cell = served.run(f"%%nexhina respond --previous {first.id} -o third\nWhat is 9 - 1?")
    assert cell.error is None
    assert served.names["third"].raw.previous_response_id == first.id


def test_the_thinking_is_folded_up_above_the_answer(served: Notebook) -> None:
    for verb in ("chat", "respond"):
        cell = served.run(f"%%nexhina {verb} --reasoning high -o r\nWhat is 7 * 8?")
        reply = served.names["r"]
        assert reply.reasoning
        above = f"<details><summary>Thinking</summary>\n\n{reply.reasoning}\n\n</details>"
        assert cell.data["text/markdown"] == f"{above}\n\n7 * 8 = 56"
        assert cell.data["text/plain"] == "7 * 8 = 56"
    assert "text/markdown" not in served.run("%%nexhina --raw --reasoning low\n7 * 8").data


def test_every_option_is_sent(online: Notebook, server: MockServer) -> None:
    def look(place: str) -> str:
        return place

    server.play(as_json(body(message("{}"))))
    online.names.update(form={"type": "object"}, look=look)
    cell = online.run(
        "%%nexhina respond --no-stream -m m -s Brief. --lang zh -t 0.2 --max-tokens 20 "
        "--schema form --tool look --image https://x.example/a.png --reasoning low --previous "
        "resp_7\nHi {{form}}"
    )
    assert cell.error is None
    sent = server.seen[-1].json
    assert server.seen[-1].path == "/v1/responses"
    assert (sent["model"], sent["temperature"], sent["max_output_tokens"]) == ("m", 0.2, 20)
    assert sent["instructions"].startswith("Brief.")
    assert "Chinese" in sent["instructions"]
    assert sent["text"]["format"]["type"] == "json_schema"
    assert sent["tools"][0]["name"] == "look"
    assert sent["reasoning"] == {"effort": "low"}
    assert sent["previous_response_id"] == "resp_7"
    text, picture = sent["input"][0]["content"]
    assert text["text"] == "Hi {'type': 'object'}"
    assert picture["image_url"] == "https://x.example/a.png"
    assert "stream" not in sent
    assert cell.data["text/markdown"] == "```json\n{}\n```"


def test_only_what_was_given_is_sent(online: Notebook, server: MockServer) -> None:
    server.play(events(*script("Hi")))
    online.run("%%nexhina respond\nHello")
    asked = [{"role": "user", "content": "Hello"}]
    assert server.seen[-1].json == {"model": "local/chat", "input": asked, "stream": True}


def test_a_broken_stream_keeps_what_came(online: Notebook, server: MockServer) -> None:
    rows = script("half ", "of it", store=False)[:3]
    server.play(events(*rows, cut=True))
    cell = online.run("%%nexhina respond -o r\nHi")
    assert isinstance(cell.error, StreamBroken)
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["half ", "[broken off]"]
    reply = online.names["r"]
    assert isinstance(reply, RespondReply)
    assert (reply.text, reply.finish_reason) == ("half ", "cancelled")


def test_a_truncated_answer_says_so(online: Notebook, server: MockServer) -> None:
    details = {"reason": "max_output_tokens"}
    cut = body(message("cut"), status="incomplete", incomplete_details=details)
    server.play(as_json(cut))
    cell = online.run("%%nexhina respond --no-stream\nHi")
    assert cell.outputs[1]["data"]["text/plain"].startswith("[truncated: ")


@pytest.mark.parametrize("verb", ["chat", "respond"])
def test_a_stream_goes_on_where_it_broke_off(
    online: Notebook, server: MockServer, verb: str
) -> None:
    if verb == "chat":
        broken = Play([chunk({"content": "one "})], content_type=SSE, cut=True)
        server.play(broken, stream("one ", "two"))
    else:
        whole = script("one ", "two", store=False)
        server.play(events(*whole[:3], cut=True), events(*whole))
    cell = online.run(f"%%nexhina {verb} --resume 1 -o r\nHi")
    assert cell.error is None
    assert cell.data["text/plain"] == "one two"
    assert cell.facts["resumed"] == online.names["r"].resumed == 1
    assert len(server.seen) == 2


def test_the_price_counts_the_turns_before(online: Notebook, server: MockServer) -> None:
    server.play(events(*script("Hi")))
    online.run("%%nexhina respond -o first\nHello")
    alone = "%%nexhina respond --dry-run -m gpt-4o --max-tokens 5 -o e\nHello"
    online.run(alone)
    single = online.names["e"]
    online.run(alone.replace("-o", "--previous first -o"))
    after = online.names["e"]
    usage = online.names["first"].usage
    assert after.input_tokens == single.input_tokens + usage.input_tokens + usage.output_tokens
    assert after.quota[0] > single.quota[0]
    assert "a floor" in str(online.run(alone.replace("-o", "--previous resp_7 -o")).value)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("respond", "the input is empty → write what to ask below the first line"),
        ("respond --previous nix\nHi", "there is no variable 'nix'"),
        ("respond --previous word\nHi", "word is no reply of respond but a str"),
        ("respond --reasoning hugely\nHi", "--reasoning cannot be 'hugely' → choose from: none"),
        ("respond --resume 1 --no-stream\nHi", "--resume is for streams"),
        ("respond --tool nix\nHi", "there is no variable 'nix'"),
        ("respond --image nix.png\nHi", "picture nix.png cannot be read"),
        ("respond -c talk\nHi", "respond has no option -c"),
        ("respond -t 5\nHi", "'temperature' must be"),
        ("respond --budget 0.00001 -m gpt-4o\nHi", "the budget is $0.00001 → nothing was sent"),
        # Of an earlier turn that is known by its id alone, as much as the model takes.
        ("respond --budget 0.1 -m gpt-4o --previous resp_7\nHi", "the budget is $0.1 → nothing"),
        ("respond --budget 9 -m o3-x --previous resp_7\nHi", "no price is known for o3-x"),
        ("chat --resume -1\nHi", "resume is -1"),
    ],
)
def test_what_cannot_be_used_is_said_on_one_line(
    online: Notebook, server: MockServer, code: str, said: str
) -> None:
    online.names["word"] = "x"
    cell = online.run(f"%%nexhina {code}")
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []


def test_only_replies_are_offered_to_go_on_from(served: Notebook) -> None:
    served.run("%%nexhina respond -o first\nWhat is 2 + 3?")
    served.names["other"] = "x"
    offered: Any = served.magics.completer._offers(["respond", "--previous"], "", is_cell=True)
    assert list(offered) == ["first"]
