"""The verb respond and what it gives back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from nexhina_nb import errors
from nexhina_nb.client import ChatReply, Client, RespondReply, core
from nexhina_nb.client.exchange import Flow, Request, Sleep
from nexhina_nb.settings import Settings
from nexhina_nb.wire import ChatCompletionResponse
from tests.client.flows import answer, drive, session
from tests.client.mock_server import MockServer, as_json, chat_body, error

USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


def message(text: str, **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    plain = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    return plain | {"content": [part]} | more


def function_call(name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": "c1", "name": name, "arguments": arguments}


def body(*output: Any, **more: Any) -> dict[str, Any]:
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": None,
        "incomplete_details": None, "instructions": None, "model": "gpt-4o", "output": list(output),
        "parallel_tool_calls": True, "temperature": 1, "top_p": 1, "tool_choice": "auto",
        "tools": [], "metadata": {}, "usage": USAGE, "store": True,
    }  # fmt: skip
    return whole | more


def reply(*output: Any, flow: Flow[Any] | None = None, **more: Any) -> RespondReply:
    made, _ = drive(flow or core.respond(session(), "hi"), answer(body(*output, **more)))
    assert isinstance(made, RespondReply)
    return made


def asked(flow: Flow[Any]) -> dict[str, Any]:
    _, steps = drive(flow, answer(body(message("x"))))
    return sent(steps)


def sent(steps: Sequence[Request | Sleep]) -> dict[str, Any]:
    (request,) = steps
    assert isinstance(request, Request)
    assert (request.method, request.path) == ("POST", "/responses")
    made: dict[str, Any] = json.loads(request.body or b"")
    return made


def test_a_plain_question() -> None:
    settings = Settings(model="m", lang="fr")
    assert asked(core.respond(session(), "hi")) == {
        "model": "local/chat",
        "input": [{"role": "user", "content": "hi"}],
    }
    assert asked(core.respond(session(settings=settings), "hi", instructions="Be kind.")) == {
        "model": "m",
        "input": [{"role": "user", "content": "hi"}],
        "instructions": "Be kind.\n\nAnswer in French.",
    }


def test_every_argument() -> None:
    class Answer(BaseModel):
        n: int

    def tool(x: int) -> int:
        """Tool."""
        return x

    made = asked(
        core.respond(
            session(),
            "hi",
            model="m",
            schema=Answer,
            images="https://x/y",
            max_tokens=99,
            temperature=0.0,
            previous="resp_0",
            store=True,
            background=True,
            reasoning="low",
            tools=[tool, {"type": "web_search"}],
            truncation="auto",
            tool_choice={"type": "function", "function": {"name": "tool"}},
        )
    )
    assert made["input"][0]["content"] == [
        {"type": "input_text", "text": "hi"},
        {"type": "input_image", "image_url": "https://x/y", "detail": "auto"},
    ]
    assert made["text"]["format"]["type"] == "json_schema"
    assert made["text"]["format"]["schema"]["required"] == ["n"]
    assert made["text"]["format"]["name"] == "Answer"
    assert made["tools"][0]["name"] == "tool"
    assert made["tools"][0]["description"] == "Tool."
    assert made["tools"][1] == {"type": "web_search"}
    assert made["tool_choice"] == {"type": "function", "name": "tool"}
    plain = ("max_output_tokens", "temperature", "previous_response_id", "store", "background")
    assert [made[name] for name in plain] == [99, 0.0, "resp_0", True, True]
    assert (made["reasoning"], made["truncation"]) == ({"effort": "low"}, "auto")


def test_json_and_one_tool() -> None:
    made = asked(core.respond(session(), "hi", json=True, tools={"type": "mcp", "name": "x"}))
    assert made["text"] == {"format": {"type": "json_object"}}
    assert made["tools"] == [{"type": "mcp", "name": "x"}]


def test_messages_of_chats_are_taken() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    talk = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "t"},
                                     {"type": "image_url", "image_url": "https://x"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "5"},
        {"role": "assistant", "content": [{"type": "text", "text": "so 5"}]},
        ChatReply(ChatCompletionResponse.read(chat_body("fine"))),
        {"type": "item_reference", "id": "i"},
        {"role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
        "and now?",
    ]  # fmt: skip
    assert asked(core.respond(session(), talk))["input"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [
            {"type": "input_text", "text": "t"},
            {"type": "input_image", "image_url": "https://x", "detail": "auto"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "5"},
        {"role": "assistant", "content": [
            {"type": "output_text", "text": "so 5", "annotations": []}]},
        {"role": "assistant", "content": "fine"},
        {"type": "item_reference", "id": "i"},
        {"role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
        {"role": "user", "content": "and now?"},
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["", " ", [], 5, b"x", [5], [{}]])
def test_no_input(value: Any) -> None:
    with pytest.raises(errors.BadInput):
        next(core.respond(session(), value))


def test_other_bad_input() -> None:
    with pytest.raises(errors.BadInput, match="user message"):
        next(core.respond(session(), [{"role": "system", "content": "x"}], images="https://x"))
    with pytest.raises(errors.BadInput, match="max_output_tokens"):
        next(core.respond(session(), "hi", max_tokens=1))
    chat = ChatReply(ChatCompletionResponse.read(chat_body()))
    with pytest.raises(errors.BadInput, match="previous is a ChatReply"):
        next(core.respond(session(), "hi", previous=chat))  # type: ignore[arg-type]
    with pytest.raises(errors.BadInput, match="streams"):
        next(core.respond(session(), "hi", resume=1))
    with pytest.raises(errors.BadInput, match="did you mean"):
        next(core.respond(session(), "hi", instruction="x"))


def test_the_reply() -> None:
    thought = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "hm"}]}
    made = reply(thought, message("Hello"), message(", you"))
    assert (made.text, str(made), made.reasoning) == ("Hello, you", "Hello, you", "hm")
    assert (made.id, made.status, made.model, made.done) == ("resp_1", "completed", "gpt-4o", True)
    assert (made.finish_reason, made.truncated, made.tool_calls) == ("stop", False, [])
    assert made.usage is not None
    assert made.usage.total_tokens == 7
    assert made.cost.source == "catalogue"
    assert made.parsed is None
    assert made.items == [message("Hello"), message(", you")]
    data, more = made._repr_mimebundle_()
    assert data == {"text/markdown": "Hello, you", "text/plain": "Hello, you"}
    assert more["nexhina"]["status"] == "completed"
    assert repr(made) == "<RespondReply 'Hello, you', gpt-4o, completed>"


def test_tool_calls_look_like_those_of_a_chat() -> None:
    made = reply(function_call("weather", '{"city": "Oslo"}'))
    (call,) = made.tool_calls
    assert call.function is not None
    assert (call.id, call.function.name) == ("c1", "weather")
    assert made.finish_reason == "tool_calls"
    assert "weather(" in made._repr_mimebundle_()[0]["text/markdown"]
    assert "1 tool calls" in repr(made)


def test_how_it_ended() -> None:
    cut = reply(
        message("x"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
    )
    assert cut.truncated
    assert reply(status="cancelled").finish_reason == "cancelled"
    waiting = reply(status="queued", usage=None)
    assert (waiting.finish_reason, waiting.done, waiting.usage) == (None, False, None)
    assert waiting._repr_mimebundle_()[0]["text/plain"] == "*The response is queued.*"
    refusal = {"type": "refusal", "refusal": "No."}
    assert reply(message("", content=[refusal])).text == "No."


def test_parsed() -> None:
    class Answer(BaseModel):
        n: int

    flow = core.respond(session(), "hi", schema=Answer)
    assert reply(message('{"n": 4}'), flow=flow).parsed == Answer(n=4)
    flow = core.respond(session(), "hi", json=True)
    with pytest.raises(errors.Upstream, match="does not fit"):
        _ = reply(message("no"), flow=flow).parsed


def test_odd_answers_are_read() -> None:
    made = reply(function_call(), {"type": 5}, message("x", content="no list"), "junk", model=None)
    assert len(made.tool_calls) == 1
    assert made.text == ""
    for junk in ({"id": "x"}, {"output": []}, {"id": 5, "output": []}):
        with pytest.raises(errors.Upstream, match="no response"):
            drive(core.respond(session(), "hi"), answer(junk))
    failed = body(status="failed", error={"code": "server_error", "message": "fell over"})
    with pytest.raises(errors.APIError, match="fell over"):
        drive(core.respond(session(), "hi"), answer(failed))


def test_going_on_by_id_or_with_all_of_it() -> None:
    kept = reply(message("Hello"))
    made = asked(core.respond(session(), "and?", previous=kept))
    assert (made["previous_response_id"], len(made["input"])) == ("resp_1", 1)
    secret = {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "e"}
    lost = {"type": "reasoning", "id": "r", "summary": []}
    plain = reply(secret, lost, message("Hello"), store=False)
    made = asked(core.respond(session(), "and?", previous=plain))
    assert "previous_response_id" not in made
    assert made["input"] == [
        {"role": "user", "content": "hi"}, secret, message("Hello"),
        {"role": "user", "content": "and?"},
    ]  # fmt: skip
    assert asked(core.respond(session(), [kept, "and?"]))["input"][0] == message("Hello")
    chained = reply(message("Hello"), store=False, previous_response_id="resp_0")
    made = asked(core.respond(session(), "and?", previous=chained))
    assert (made["previous_response_id"], len(made["input"])) == ("resp_0", 3)


def test_what_the_gateway_keeps(server: MockServer, client: Client) -> None:
    queued = as_json(body(status="queued"), **{"Retry-After": "0"})
    server.play(queued, queued, as_json(body(message("done"))), as_json(body(status="cancelled")))
    server.play(as_json({"id": "resp_1", "deleted": True}), as_json({"data": [{"id": "i"}, 5]}))
    started = client.response("resp_1")
    assert started.status == "queued"
    assert client.response(started, wait=True).text == "done"
    assert client.cancel_response(started).status == "cancelled"
    client.delete_response("resp_1")
    assert client.input_items("resp_1", limit=2, order="asc") == [{"id": "i"}]
    assert [f"{seen.method} {seen.path}" for seen in server.seen] == [
        *["GET /v1/responses/resp_1"] * 3,
        "POST /v1/responses/resp_1/cancel",
        "DELETE /v1/responses/resp_1",
        "GET /v1/responses/resp_1/input_items?limit=2&order=asc",
    ]


def test_waiting_has_an_end(server: MockServer, client: Client) -> None:
    server.play(*[as_json(body(status="queued"))] * 2)
    with pytest.raises(errors.TimedOut, match=r"still queued → .*client.response\('resp_1'"):
        client.response("resp_1", wait=0.01)
    with pytest.raises(errors.BadInput, match="no response"):
        client.response("")
    server.play(error(404, None), as_json({}))
    with pytest.raises(errors.NotFound):
        client.delete_response("resp_2")
    with pytest.raises(errors.Upstream, match="list of items"):
        client.input_items("resp_2")


def test_the_form_of_a_reply_goes_along() -> None:
    first = reply(status="queued", flow=core.respond(session(), "hi", json=True, background=True))
    done, _ = drive(core.response(session(), first), answer(body(message("[1]"))))
    assert isinstance(done, RespondReply)
    assert done.parsed == [1]
