"""The Responses API with the official SDK, over the built-in engine that only chats."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.responses import find_response
from tests.conftest import RunningGateway
from tests.gateway.response_order import check_order

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)

MODEL = "local/chat"
QUESTION = "What is 12 * 12?"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "name of the city"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": PARAMETERS,
    "strict": True,
}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def sdk(shared_gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=shared_gateway.base_url, api_key=shared_gateway.key, max_retries=0
    ) as client:
        yield client


def test_an_answer(sdk: openai.OpenAI) -> None:
    reply = sdk.responses.create(
        model=MODEL,
        input=QUESTION,
        instructions="Be brief.",
        metadata={"a": "b"},
        temperature=0,
        text={"format": {"type": "text"}, "verbosity": "low"},
    )
    assert "144" in reply.output_text
    assert (reply.object, reply.status, reply.model) == ("response", "completed", MODEL)
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens > 0
    assert (reply.instructions, reply.metadata) == ("Be brief.", {"a": "b"})
    assert (reply.temperature, reply.text.verbosity, reply.store) == (0, "low", True)


def test_a_stream_says_the_same(sdk: openai.OpenAI) -> None:
    plain = sdk.responses.create(model=MODEL, input=QUESTION)
    with sdk.responses.stream(model=MODEL, input=QUESTION) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert final.output_text == plain.output_text
    assert final.usage == plain.usage
    events = [
        event.to_dict() for event in sdk.responses.create(model=MODEL, input=QUESTION, stream=True)
    ]
    assert check_order(events)["output"][0]["content"][0]["text"] == plain.output_text


def test_the_bill_is_told_before_the_end(shared_gateway: RunningGateway) -> None:
    key = shared_gateway.new_key()
    text = post(shared_gateway, {"stream": True}, key=key).text
    *_, told, last = text.strip().split("\n\n")
    assert told.startswith(": nexhina-quota ")
    assert last.startswith("event: response.completed\n")
    reply = post(shared_gateway, {}, key=key)
    assert int(reply.headers["x-nexhina-quota"]) == int(told.rpartition(" ")[2])


def test_tools(sdk: openai.OpenAI) -> None:
    with sdk.responses.stream(
        model=MODEL, input="What is the weather in Paris?", tools=[WEATHER]
    ) as stream:
        first = stream.get_final_response()
    (call,) = first.output
    assert (call.type, call.name, call.parsed_arguments) == (
        "function_call",
        "get_weather",
        {"city": "Paris"},
    )
    sky = {"type": "function_call_output", "call_id": call.call_id}
    sky["output"] = '{"sky": "clear", "celsius": 21}'
    after = sdk.responses.create(
        model=MODEL, input=[sky], tools=[WEATHER], previous_response_id=first.id
    )
    assert "21" in after.output_text
    asked = {"role": "user", "content": "What is the weather in Paris?"}
    again = sdk.responses.create(
        model=MODEL, input=[asked, call.to_dict(warnings=False), sky], tools=[WEATHER], store=False
    )
    assert again.output_text == after.output_text


def test_a_form_for_the_text(sdk: openai.OpenAI) -> None:
    said = "Ada is 36 years old and lives in London."
    reply = sdk.responses.parse(model=MODEL, input=said, text_format=Person)
    assert reply.output_parsed == Person(name="Ada", age=36)


def test_probabilities(sdk: openai.OpenAI) -> None:
    reply = sdk.responses.create(
        model=MODEL, input=QUESTION, top_logprobs=2, include=["message.output_text.logprobs"]
    )
    (part,) = reply.output[0].content
    assert "".join(token.token for token in part.logprobs) == part.text
    assert all(len(token.top_logprobs) <= 2 for token in part.logprobs)


def test_an_answer_that_is_cut_off(sdk: openai.OpenAI) -> None:
    reply = sdk.responses.create(model=MODEL, input="What can you do?", max_output_tokens=16)
    assert (reply.status, reply.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert reply.usage.output_tokens == 16
    assert reply.output[0].status == "incomplete"


def test_a_conversation_goes_on(sdk: openai.OpenAI) -> None:
    first = sdk.responses.create(model=MODEL, input="My name is Ada.", instructions="Be kind.")
    second = sdk.responses.create(
        model=MODEL, input="I live in London.", previous_response_id=first.id
    )
    third = sdk.responses.create(
        model=MODEL, input="What did I say first?", previous_response_id=second.id
    )
    assert third.previous_response_id == second.id
    assert third.instructions is None
    assert second.usage.input_tokens > first.usage.input_tokens - 4
    assert third.usage.input_tokens > second.usage.input_tokens
    assert "Ada" in third.output_text
    assert sdk.responses.retrieve(third.id) == third


def test_an_item_can_be_referred_to(sdk: openai.OpenAI) -> None:
    first = sdk.responses.create(model=MODEL, input=QUESTION)
    (asked,) = sdk.responses.input_items.list(first.id).data
    references = [{"type": "item_reference", "id": id} for id in (asked.id, first.output[0].id)]
    question = {"role": "user", "content": "What did I ask?"}
    referred = sdk.responses.create(model=MODEL, input=[*references, question])
    whole = sdk.responses.create(model=MODEL, input=[question], previous_response_id=first.id)
    assert referred.output_text == whole.output_text
    assert referred.usage == whole.usage


def test_what_is_kept(sdk: openai.OpenAI, shared_gateway: RunningGateway) -> None:
    reply = sdk.responses.create(model=MODEL, input=QUESTION)
    streamed = list(sdk.responses.create(model=MODEL, input=QUESTION, stream=True))[-1].response
    assert sdk.responses.retrieve(reply.id) == reply
    assert sdk.responses.retrieve(streamed.id) == streamed
    forgotten = sdk.responses.create(model=MODEL, input=QUESTION, store=False)
    assert forgotten.store is False
    other = openai.OpenAI(base_url=shared_gateway.base_url, api_key=shared_gateway.new_key())
    for client, id in ((sdk, forgotten.id), (sdk, "resp_none"), (other, reply.id)):
        for verb in (
            client.responses.retrieve,
            client.responses.delete,
            client.responses.cancel,
            client.responses.input_items.list,
        ):
            with pytest.raises(openai.NotFoundError) as caught:
                verb(id)
            assert caught.value.code == "not_found"
    with pytest.raises(openai.NotFoundError) as caught:
        other.responses.create(model=MODEL, input="more", previous_response_id=reply.id)
    assert caught.value.code == "previous_response_not_found"
    other.close()
    sdk.responses.delete(reply.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(reply.id)


def test_deleting_says_so(shared_gateway: RunningGateway) -> None:
    id = post(shared_gateway, {}).json()["id"]
    gone = send(shared_gateway, "DELETE", f"/responses/{id}")
    assert gone.json() == {"id": id, "object": "response", "deleted": True}


def test_kept_for_so_many_days(
    make_gateway: Callable[..., AbstractContextManager[RunningGateway]],
) -> None:
    with make_gateway(keep_days=1e-9) as gateway:
        id = post(gateway, {}).json()["id"]
        with gateway.store.writing() as connection:
            kept = find_response(connection, 1, id, expired=0)
            assert kept is not None
            connection.exec_driver_sql("UPDATE responses SET created_at = created_at - 9")
        assert send(gateway, "GET", f"/responses/{id}").status_code == 404
        post(gateway, {})
        with gateway.store.reading() as connection:
            assert find_response(connection, 1, id, expired=0) is None


def test_pages_of_items(sdk: openai.OpenAI) -> None:
    said = [{"role": "user", "content": str(number)} for number in range(5)]
    reply = sdk.responses.create(model=MODEL, input=said)
    first = sdk.responses.input_items.list(reply.id, limit=2)
    assert [item.content[0].text for item in first.data] == ["4", "3"]
    assert first.has_more
    assert [item.content[0].text for item in first] == ["4", "3", "2", "1", "0"]
    oldest = sdk.responses.input_items.list(reply.id, order="asc", limit=5)
    assert [item.content[0].text for item in oldest.data] == ["0", "1", "2", "3", "4"]
    assert not oldest.has_more
    for query in ("limit=0", "limit=101", "limit=x", "order=up", "after=msg_9"):
        with pytest.raises(openai.BadRequestError) as caught:
            sdk.get(f"/responses/{reply.id}/input_items?{query}", cast_to=object)
        assert caught.value.param == query.partition("=")[0]


def test_tokens_are_counted_for_nothing(sdk: openai.OpenAI) -> None:
    count = sdk.responses.input_tokens.count
    one = count(model=MODEL, input=QUESTION)
    assert one.object == "response.input_tokens"
    reply = sdk.responses.create(model=MODEL, input=QUESTION)
    assert one.input_tokens == reply.usage.input_tokens
    assert count(model=MODEL, input=QUESTION, tools=[WEATHER]).input_tokens > one.input_tokens + 8
    later = count(model=MODEL, input=QUESTION, previous_response_id=reply.id)
    assert later.input_tokens > 2 * one.input_tokens


def test_a_conversation_is_made_shorter(sdk: openai.OpenAI) -> None:
    said = [
        {"role": "user", "content": "My name is Ada. I build engines in London."},
        {"role": "assistant", "content": "Nice to meet you, Ada."},
        {"role": "user", "content": QUESTION},
    ]
    short = sdk.responses.compact(model=MODEL, input=said)
    assert (short.object, short.output[0].type) == ("response.compaction", "compaction")
    assert short.usage.total_tokens > 0
    items = [item.to_dict(warnings=False) for item in short.output]
    assert items[-1]["content"] == [{"type": "input_text", "text": QUESTION}]
    assert "144" in sdk.responses.create(model=MODEL, input=items).output_text
    first = sdk.responses.create(model=MODEL, input=said)
    later = sdk.responses.compact(model=MODEL, previous_response_id=first.id)
    assert later.output[0].type == "compaction"


def test_async(shared_gateway: RunningGateway) -> None:
    async def converse() -> None:
        async with openai.AsyncOpenAI(
            base_url=shared_gateway.base_url, api_key=shared_gateway.key, max_retries=0
        ) as client:
            reply = await client.responses.create(model=MODEL, input=QUESTION)
            async with client.responses.stream(model=MODEL, input=QUESTION) as stream:
                final = await stream.get_final_response()
            assert final.output_text == reply.output_text
            assert await client.responses.retrieve(reply.id) == reply
            parsed = await client.responses.parse(
                model=MODEL, input="Ada is 36 years old.", text_format=Person
            )
            assert parsed.output_parsed == Person(name="Ada", age=36)
            items = [item async for item in client.responses.input_items.list(reply.id)]
            assert len(items) == 1
            await client.responses.delete(reply.id)

    asyncio.run(converse())


def send(
    gateway: RunningGateway, method: str, path: str, *, key: str = "", **more: Any
) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key or gateway.key}"}
    return httpx2.request(method, gateway.base_url + path, headers=headers, timeout=30, **more)


def post(
    gateway: RunningGateway, body: object, path: str = "/responses", *, key: str = ""
) -> httpx2.Response:
    if isinstance(body, dict):
        body = {"model": MODEL, "input": QUESTION} | body
        body = {name: value for name, value in body.items() if value != "left out"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(gateway, "POST", path, key=key, content=content)


BAD = [
    ("/responses", b"{", 400, "invalid_json", None),
    ("/responses", {"model": "left out"}, 400, "missing_required_parameter", "model"),
    ("/responses", {"input": "left out"}, 400, "missing_required_parameter", "input"),
    ("/responses", {"input": 7}, 400, "invalid_type", "input"),
    ("/responses", {"input": [{"role": "user"}]}, 400, "missing_required_parameter",
     "input.0.content"),
    ("/responses", {"temperature": 3}, 400, "invalid_value", "temperature"),
    ("/responses", {"max_output_tokens": 15}, 400, "invalid_value", "max_output_tokens"),
    ("/responses", {"text": {"format": {"type": "json_schema"}}}, 400,
     "missing_required_parameter", "text.format.name"),
    ("/responses", {"tools": [{"type": "web_search"}]}, 400, "invalid_value", "tools.0"),
    ("/responses", {"previous_response_id": "resp_1", "conversation": "c"}, 400, "invalid_value",
     "previous_response_id"),
    ("/responses", {"previous_response_id": "resp_1"}, 404, "previous_response_not_found",
     "previous_response_id"),
    ("/responses", {"background": True, "store": False}, 400, "invalid_value", "background"),
    ("/responses", {"background": True, "previous_response_id": "resp_1"}, 404,
     "previous_response_not_found", "previous_response_id"),
    ("/responses", {"background": True, "model": "none"}, 404, "model_not_found", "model"),
    ("/responses", {"model": "none"}, 404, "model_not_found", "model"),
    ("/responses/compact", {"input": "left out"}, 400, "missing_required_parameter", "input"),
    ("/responses/compact", {"input": []}, 400, "invalid_value", "input"),
    ("/responses/compact", {"previous_response_id": "resp_1"}, 404,
     "previous_response_not_found", "previous_response_id"),
    ("/responses/input_tokens", {"input": "left out"}, 400, "missing_required_parameter", "input"),
    ("/responses/input_tokens", {"model": "none"}, 404, "model_not_found", "model"),
    ("/responses/input_tokens", {"previous_response_id": "resp_1"}, 404,
     "previous_response_not_found", "previous_response_id"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "code", "param"), BAD)
def test_bad_input_costs_nothing(
    shared_gateway: RunningGateway, path: str, body: object, status: int, code: str, param: str
) -> None:
    key = shared_gateway.new_key(quota=1_000_000)
    reply = post(shared_gateway, body, path, key=key)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (status, code, param), reply.text
    assert error["type"] == "invalid_request_error"
    usage = send(shared_gateway, "GET", "/../api/usage/token/", key=key).json()["data"]
    assert usage["total_used"] == 0
    with shared_gateway.store.reading() as connection:
        newest = connection.exec_driver_sql("SELECT max(id) FROM tokens").scalar_one()
        rows = newest_of_token(connection, newest)
    is_named = isinstance(body, dict) and body.get("model") != "left out"
    assert [row["type"] for row in rows] == ([5] if is_named else [])


def test_keys_and_methods(shared_gateway: RunningGateway) -> None:
    paths = ("/responses/r", "/responses/r/input_items")
    for method, path in (("POST", "/responses"), *(("GET", path) for path in paths)):
        assert send(shared_gateway, method, path, key="sk-none").status_code == 401
    assert send(shared_gateway, "GET", "/responses").status_code == 405
    assert send(shared_gateway, "PUT", "/responses/r").status_code == 405
    poor = shared_gateway.new_key(quota=0)
    for more in ({}, {"background": True}):
        assert post(shared_gateway, more, key=poor).json()["error"]["code"] == (
            "insufficient_user_quota"
        )
