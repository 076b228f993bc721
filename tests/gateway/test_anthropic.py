"""The official Anthropic SDK, unchanged, works against the built-in engine."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.conftest import RunningGateway

anthropic = pytest.importorskip(
    "anthropic", reason="the official SDK is the judge: install the test extra"
)

MODEL = "local/chat"
QUESTION = [{"role": "user", "content": "What is 12 * 12?"}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "name of the city"}},
        "required": ["city"],
    },
}
ASK_WEATHER = [{"role": "user", "content": "What is the weather in Paris?"}]


def connect(gateway: RunningGateway, key: str | None = None) -> anthropic.Anthropic:
    root = gateway.base_url.removesuffix("/v1")
    return anthropic.Anthropic(base_url=root, api_key=key or gateway.key, max_retries=0)


@pytest.fixture(scope="module")
def sdk(shared_gateway: RunningGateway) -> Iterator[anthropic.Anthropic]:
    with connect(shared_gateway) as client:
        yield client


def test_a_message(sdk: anthropic.Anthropic) -> None:
    reply = sdk.messages.create(model=MODEL, max_tokens=100, messages=QUESTION)
    assert (reply.type, reply.role, reply.model) == ("message", "assistant", MODEL)
    (block,) = reply.content
    assert "144" in block.text
    assert (reply.stop_reason, reply.stop_sequence) == ("end_turn", None)
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert reply.id.startswith("msg_")


def test_a_stream_says_the_same(sdk: anthropic.Anthropic) -> None:
    plain = sdk.messages.create(model=MODEL, max_tokens=100, messages=QUESTION)
    with sdk.messages.stream(model=MODEL, max_tokens=100, messages=QUESTION) as stream:
        pieces = list(stream.text_stream)
        whole = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == plain.content[0].text == whole.content[0].text
    assert whole.usage.input_tokens == plain.usage.input_tokens
    assert whole.usage.output_tokens == plain.usage.output_tokens
    assert whole.stop_reason == plain.stop_reason


def test_the_order_of_events(sdk: anthropic.Anthropic) -> None:
    with sdk.messages.create(model=MODEL, max_tokens=100, messages=QUESTION, stream=True) as stream:
        events = list(stream)
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert events[0].message.content == []
    assert events[-2].usage.output_tokens > 0


@pytest.mark.parametrize(
    "system", ["Answer in capitals.", [{"type": "text", "text": "Answer in capitals."}]]
)
def test_a_system_text_or_its_blocks(sdk: anthropic.Anthropic, system: Any) -> None:
    reply = sdk.messages.create(
        model=MODEL,
        max_tokens=50,
        system=system,
        messages=[{"role": "user", "content": "Repeat exactly: hello"}],
    )
    bare = sdk.messages.create(
        model=MODEL,
        max_tokens=50,
        messages=[{"role": "user", "content": "Repeat exactly: hello"}],
    )
    assert reply.usage.input_tokens > bare.usage.input_tokens
    assert reply.content[0].text.isupper()


def test_a_stop_sequence_is_named(sdk: anthropic.Anthropic) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Repeat exactly: one two three"}],
        "stop_sequences": ["three", "two"],
    }
    reply = sdk.messages.create(**asked)
    assert (reply.stop_reason, reply.stop_sequence) == ("stop_sequence", "two")
    assert "two" not in reply.content[0].text
    with sdk.messages.stream(**asked) as stream:
        whole = stream.get_final_message()
    assert (whole.stop_reason, whole.stop_sequence) == ("stop_sequence", "two")


def test_an_answer_that_gets_too_long(sdk: anthropic.Anthropic) -> None:
    reply = sdk.messages.create(model=MODEL, max_tokens=2, messages=QUESTION)
    assert (reply.stop_reason, reply.usage.output_tokens) == ("max_tokens", 2)


def test_a_tool_call_and_its_result(sdk: anthropic.Anthropic) -> None:
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 200, "tools": [WEATHER]}
    reply = sdk.messages.create(**asked, messages=ASK_WEATHER)
    assert reply.stop_reason == "tool_use"
    call = reply.content[-1]
    assert (call.type, call.name, call.input) == ("tool_use", "get_weather", {"city": "Paris"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees, sunny"}
    turns = [
        *ASK_WEATHER,
        {"role": "assistant", "content": reply.content},
        {"role": "user", "content": [result]},
    ]
    after = sdk.messages.create(**asked, messages=turns)
    assert after.stop_reason == "end_turn"
    assert "18" in after.content[0].text


def test_a_result_with_an_error_and_mixed_content(sdk: anthropic.Anthropic) -> None:
    content = [{"type": "text", "text": "the station is down"}, picture()]
    result = {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": content}
    call = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Paris"}}
    reply = sdk.messages.create(
        model=MODEL,
        max_tokens=200,
        tools=[WEATHER],
        messages=[
            *ASK_WEATHER,
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": "So?"}]},
        ],
    )
    assert reply.type == "message"


def test_streamed_tool_calls(sdk: anthropic.Anthropic) -> None:
    with sdk.messages.stream(
        model=MODEL, max_tokens=200, tools=[WEATHER], messages=ASK_WEATHER
    ) as stream:
        events = list(stream)
        whole = stream.get_final_message()
    pieces = [event.partial_json for event in events if event.type == "input_json"]
    assert "".join(pieces) == '{"city": "Paris"}'
    assert whole.content[-1].input == {"city": "Paris"}
    assert whole.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("choice", "calls"),
    [
        ({"type": "auto"}, True),
        ({"type": "any", "disable_parallel_tool_use": True}, True),
        ({"type": "tool", "name": "get_weather"}, True),
        ({"type": "none"}, False),
    ],
)
def test_the_choice_of_tools(sdk: anthropic.Anthropic, choice: Any, calls: bool) -> None:
    reply = sdk.messages.create(
        model=MODEL, max_tokens=100, tools=[WEATHER], tool_choice=choice, messages=ASK_WEATHER
    )
    assert (reply.stop_reason == "tool_use") is calls
    assert any(block.type == "tool_use" for block in reply.content) is calls


def picture() -> dict[str, Any]:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data},
    }


def test_a_picture_is_looked_at(sdk: anthropic.Anthropic) -> None:
    content = [picture(), {"type": "text", "text": "Describe this picture."}]
    reply = sdk.messages.create(
        model=MODEL, max_tokens=200, messages=[{"role": "user", "content": content}]
    )
    assert "red" in reply.content[0].text.lower()


@pytest.mark.parametrize("is_stream", [False, True])
def test_thoughts_come_in_a_block_of_their_own(sdk: anthropic.Anthropic, is_stream: bool) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 4_000,
        "messages": QUESTION,
        "thinking": {"type": "enabled", "budget_tokens": 3_000},
    }
    if is_stream:
        with sdk.messages.stream(**asked) as stream:
            reply = stream.get_final_message()
    else:
        reply = sdk.messages.create(**asked)
    assert [block.type for block in reply.content] == ["thinking", "text"]
    assert reply.content[0].thinking
    unasked = sdk.messages.create(**asked | {"thinking": {"type": "disabled"}})
    assert [block.type for block in unasked.content] == ["text"]


def test_an_object_of_a_schema(sdk: anthropic.Anthropic) -> None:
    schema = {
        "type": "object",
        "properties": {"result": {"type": "integer"}},
        "required": ["result"],
        "additionalProperties": False,
    }
    reply = sdk.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=QUESTION,
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert reply.content[0].text.replace(" ", "") == '{"result":144}'


def test_tokens_are_counted_as_they_are_billed(
    sdk: anthropic.Anthropic, shared_gateway: RunningGateway
) -> None:
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK_WEATHER, "tools": [WEATHER]}
    counted = sdk.messages.count_tokens(**asked, system="Be kind.")
    reply = sdk.messages.create(**asked, system="Be kind.", max_tokens=50)
    assert counted.input_tokens == reply.usage.input_tokens


def test_what_coding_tools_send_besides(sdk: anthropic.Anthropic) -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    reply = sdk.beta.messages.create(
        model=MODEL,
        max_tokens=100,
        betas=["context-management-2025-06-27"],
        system=[{"type": "text", "text": "You are a tool.", **mark}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "What is 12 * 12?", **mark}]}
        ],
        tools=[
            {**WEATHER, **mark},  # type: ignore[list-item]
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        ],
        metadata={"user_id": "u" * 100},
        context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
        extra_body={"something_new": {"a": [1]}},
    )
    assert reply.type == "message"


def test_blocks_of_no_known_shape_do_no_harm(sdk: anthropic.Anthropic) -> None:
    odd: Any = [
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": ["x", 3]},
        {"type": "document", "source": {"type": "content", "content": [{"type": "document"}]}},
        {"type": "text", "text": "What is 12 * 12?"},
    ]
    reply = sdk.messages.create(
        model=MODEL, max_tokens=50, messages=[{"role": "user", "content": odd}]
    )
    assert "144" in reply.content[0].text


def test_async(shared_gateway: RunningGateway) -> None:
    async def ask() -> tuple[str, str]:
        root = shared_gateway.base_url.removesuffix("/v1")
        async with anthropic.AsyncAnthropic(base_url=root, api_key=shared_gateway.key) as client:
            plain = await client.messages.create(model=MODEL, max_tokens=50, messages=QUESTION)
            async with client.messages.stream(
                model=MODEL, max_tokens=50, messages=QUESTION
            ) as stream:
                return plain.content[0].text, await stream.get_final_text()

    plain, streamed = asyncio.run(ask())
    assert plain == streamed


@pytest.mark.parametrize("carrier", ["x-api-key", "authorization"])
@pytest.mark.parametrize("path", ["messages", "messages/count_tokens"])
def test_both_carriers_of_a_key(shared_gateway: RunningGateway, carrier: str, path: str) -> None:
    key = shared_gateway.key if carrier == "x-api-key" else f"Bearer {shared_gateway.key}"
    body = {"model": MODEL, "max_tokens": 5, "messages": QUESTION}
    reply = httpx2.post(f"{shared_gateway.base_url}/{path}", headers={carrier: key}, json=body)
    assert reply.status_code == 200, reply.text


def test_other_routes_take_no_bare_key(shared_gateway: RunningGateway) -> None:
    reply = httpx2.post(
        f"{shared_gateway.base_url}/chat/completions",
        headers={"x-api-key": shared_gateway.key},
        json={"model": MODEL, "messages": QUESTION},
    )
    assert reply.status_code == 401


def test_errors_are_typed(shared_gateway: RunningGateway, sdk: anthropic.Anthropic) -> None:
    def ask(client: anthropic.Anthropic, **fields: Any) -> None:
        body: dict[str, Any] = {"model": MODEL, "max_tokens": 5, "messages": QUESTION}
        client.messages.create(**body | fields)

    poor = connect(shared_gateway, shared_gateway.new_key(quota=0))
    limited = connect(shared_gateway, shared_gateway.new_key(models=("local/embed",)))
    for client, fields, error, kind in (
        (connect(shared_gateway, "sk-wrong"), {}, anthropic.AuthenticationError, "authentication"),
        (poor, {}, anthropic.PermissionDeniedError, "permission"),
        (limited, {}, anthropic.PermissionDeniedError, "permission"),
        (sdk, {"model": "nope"}, anthropic.NotFoundError, "not_found"),
        (sdk, {"max_tokens": -1}, anthropic.BadRequestError, "invalid_request"),
        (sdk, {"model": "local/embed"}, anthropic.BadRequestError, "invalid_request"),
    ):
        with pytest.raises(error) as caught:
            ask(client, **fields)
        body = caught.value.body
        assert body["type"] == "error"
        assert body["error"]["type"] == f"{kind}_error"
        assert body["error"]["message"]
        assert body["request_id"] == caught.value.response.headers["x-oneapi-request-id"]


@pytest.fixture(scope="module")
def fresh_key(shared_gateway: RunningGateway) -> str:
    return shared_gateway.new_key()


def spent(gateway: RunningGateway, key: str) -> int:
    root = gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {key}"}
    data = httpx2.get(f"{root}/api/usage/token", headers=headers).json()["data"]
    return int(data["total_used"])


BASE = {"model": MODEL, "max_tokens": 5, "messages": QUESTION}
BAD = [
    (b"{", 400, "not valid JSON"),
    (b"[]", 400, "must be a JSON object"),
    ({"max_tokens": None}, 400, "max_tokens"),
    ({"max_tokens": "5"}, 400, "max_tokens"),
    ({"max_tokens": 2**40}, 400, "max_tokens"),
    ({"model": None}, 400, "model"),
    ({"messages": []}, 400, "messages"),
    ({"messages": "hi"}, 400, "messages"),
    ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages.0.role"),
    ({"messages": [{"role": "user"}]}, 400, "messages.0.content"),
    ({"messages": [{"role": "user", "content": 3}]}, 400, "messages.0.content"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, 400, "content.0.text"),
    ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, "content.0.source"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]},
        400,
        "source.url",
    ),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}],
                }
            ]
        },
        400,
        "send the content",
    ),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "document", "source": {"type": "content", "content": [{}]}}
                    ],
                }
            ]
        },
        400,
        "source.content.0.type",
    ),
    ({"temperature": 1.5}, 400, "temperature"),
    ({"top_p": -1}, 400, "top_p"),
    ({"stop_sequences": "x"}, 400, "stop_sequences"),
    ({"stop_sequences": ["a"] * 5}, 400, "at most 4"),
    ({"tools": [{"name": "x"}]}, 400, "tools.0.input_schema"),
    ({"tools": [{**WEATHER, "name": "n" * 100}]}, 400, "at most 64"),
    ({"tools": [WEATHER] * 129}, 400, "at most 128"),
    ({"tools": [WEATHER], "tool_choice": {"type": "tool"}}, 400, "tool_choice.name"),
    ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}}, 400, "no tool 'x'"),
    ({"tools": [WEATHER], "tool_choice": {"type": "maybe"}}, 400, "tool_choice.type"),
    ({"tools": [{**WEATHER, "name": "a.b"}]}, 400, "letters, digits"),
    ({"tools": [{**WEATHER, "strict": "yes"}]}, 400, "tools.0.strict"),
    ({"output_config": {"effort": 3}}, 400, "output_config.effort"),
    ({"output_config": {"format": {"type": "json_schema"}}}, 400, "output_config.format.schema"),
    ({"output_config": {"format": {"type": "verse"}}}, 400, "the form 'verse'"),
    ({"thinking": {"type": "sometimes"}}, 400, "thinking.type"),
    ({"system": 3}, 400, "system"),
]


@pytest.mark.parametrize(("change", "status", "told"), BAD)
def test_bad_input(
    shared_gateway: RunningGateway, fresh_key: str, change: Any, status: int, told: str
) -> None:
    is_raw = isinstance(change, bytes)
    body = {k: v for k, v in {**BASE, **({} if is_raw else change)}.items() if v is not None}
    reply = httpx2.post(
        f"{shared_gateway.base_url}/messages",
        headers={"x-api-key": fresh_key, "content-type": "application/json"},
        **{"content": change} if is_raw else {"json": body},
    )
    error = reply.json()
    assert (reply.status_code, error["type"]) == (status, "error"), reply.text
    assert error["error"]["type"] == "invalid_request_error"
    assert told in error["error"]["message"]
    assert spent(shared_gateway, fresh_key) == 0


def test_bad_input_to_the_count(shared_gateway: RunningGateway) -> None:
    for body, status, told in (
        ({"model": MODEL}, 400, "messages"),
        ({"model": "nope", "messages": QUESTION}, 404, "nope"),
    ):
        reply = httpx2.post(
            f"{shared_gateway.base_url}/messages/count_tokens",
            headers={"x-api-key": shared_gateway.key},
            json=body,
        )
        assert (reply.status_code, reply.json()["type"]) == (status, "error")
        assert told in reply.json()["error"]["message"]


def test_other_refusals_have_the_form_too(shared_gateway: RunningGateway) -> None:
    url, headers = f"{shared_gateway.base_url}/messages", {"x-api-key": shared_gateway.key}
    wrong = httpx2.get(url, headers=headers)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json()["error"]["type"] == "invalid_request_error"
    text = httpx2.post(url, headers=headers | {"content-type": "text/plain"}, content=b"hi")
    assert (text.status_code, text.json()["type"]) == (415, "error")
    batch = httpx2.post(f"{url}/batches", headers=headers, json={})
    assert (batch.status_code, batch.json()["error"]["type"]) == (501, "api_error")
    unknown = httpx2.get(f"{url}/nothing", headers=headers)
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "not_found_error")


def test_a_body_that_is_too_large(make_gateway: Any) -> None:
    with make_gateway(max_body_mb=1) as gateway, connect(gateway) as client:
        turns = [{"role": "user", "content": "x" * (2 << 20)}]
        with pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.create(model=MODEL, max_tokens=5, messages=turns)
    assert caught.value.status_code == 413
    assert caught.value.body["error"]["type"] == "request_too_large"


def test_the_list_of_models(sdk: anthropic.Anthropic, shared_gateway: RunningGateway) -> None:
    found = list(sdk.models.list())
    assert MODEL in [model.id for model in found]
    one = sdk.models.retrieve(MODEL)
    assert (one.type, one.display_name, one.max_input_tokens) == ("model", MODEL, 32_768)
    with pytest.raises(anthropic.NotFoundError):
        sdk.models.retrieve("nope")
    nothing = connect(shared_gateway, shared_gateway.new_key(models=("gone",)))
    empty = nothing.models.list()
    assert (list(empty), empty.first_id, empty.last_id) == ([], None, None)
