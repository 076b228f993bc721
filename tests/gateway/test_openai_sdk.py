"""The official OpenAI SDK, unchanged, works against the gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import numpy as np
import pytest

from tests.conftest import RunningGateway

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)


@pytest.fixture(scope="module")
def sdk(shared_gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=shared_gateway.base_url, api_key=shared_gateway.key, max_retries=0
    ) as client:
        yield client


QUESTION = [{"role": "user", "content": "What is 12 * 12?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "name of the city"}},
            "required": ["city"],
        },
    },
}


def test_chat(sdk: openai.OpenAI) -> None:
    reply = sdk.chat.completions.create(model="local/chat", messages=QUESTION)
    assert "144" in reply.choices[0].message.content
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "local/chat"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0


def test_a_stream_says_the_same(sdk: openai.OpenAI) -> None:
    plain = sdk.chat.completions.create(model="local/chat", messages=QUESTION)
    chunks = list(
        sdk.chat.completions.create(
            model="local/chat",
            messages=QUESTION,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == plain.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert len({c.id for c in chunks}) == 1


def test_a_stream_has_usage_only_when_asked(sdk: openai.OpenAI) -> None:
    chunks = list(sdk.chat.completions.create(model="local/chat", messages=QUESTION, stream=True))
    assert all(c.choices for c in chunks)
    assert all(c.usage is None for c in chunks)


def test_truncation(sdk: openai.OpenAI) -> None:
    reply = sdk.chat.completions.create(
        model="local/chat",
        messages=[{"role": "user", "content": "What can you do?"}],
        max_tokens=3,
    )
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 3


def test_tools(sdk: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    reply = sdk.chat.completions.create(model="local/chat", messages=messages, tools=[WEATHER])
    (call,) = reply.choices[0].message.tool_calls
    assert reply.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    answer = sdk.chat.completions.create(
        model="local/chat",
        messages=[
            *messages,
            reply.choices[0].message,
            {"role": "tool", "tool_call_id": call.id, "content": '{"sky": "clear", "celsius": 21}'},
        ],
        tools=[WEATHER],
    )
    assert "21" in answer.choices[0].message.content


def test_streamed_tools(sdk: openai.OpenAI) -> None:
    chunks = list(
        sdk.chat.completions.create(
            model="local/chat",
            messages=[{"role": "user", "content": "What is the weather in Paris?"}],
            tools=[WEATHER],
            stream=True,
        )
    )
    pieces = [t for c in chunks for t in (c.choices[0].delta.tool_calls or [])]
    assert pieces[0].function.name == "get_weather"
    assert {p.index for p in pieces} == {0}
    assert json.loads("".join(p.function.arguments for p in pieces)) == {"city": "Paris"}


def test_json_mode(sdk: openai.OpenAI) -> None:
    reply = sdk.chat.completions.create(
        model="local/chat",
        messages=[{"role": "user", "content": "Give name and age as JSON: Ada is 36 years old."}],
        response_format={"type": "json_object"},
    )
    assert isinstance(json.loads(reply.choices[0].message.content), dict)


def test_json_schema(sdk: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    reply = sdk.chat.completions.create(
        model="local/chat",
        messages=[{"role": "user", "content": "Ada is 36 years old and lives in London."}],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "person", "schema": schema, "strict": True},
        },
    )
    assert json.loads(reply.choices[0].message.content) == {"name": "Ada", "age": 36}


def test_embeddings_float_and_base64_agree(sdk: openai.OpenAI) -> None:
    texts = ["a cat sat on the mat", "数据科学", "x"]
    floats = sdk.embeddings.create(model="local/embed", input=texts, encoding_format="float")
    packed = sdk.embeddings.create(model="local/embed", input=texts)  # the SDK asks for base64
    assert [row.index for row in floats.data] == [0, 1, 2]
    a = np.array([row.embedding for row in floats.data], dtype=np.float32)
    b = np.array([row.embedding for row in packed.data], dtype=np.float32)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(np.linalg.norm(a, axis=1), 1, atol=1e-5)
    assert floats.usage.prompt_tokens == packed.usage.prompt_tokens > 0


def test_embeddings_raw_base64_is_little_endian_float32(sdk: openai.OpenAI) -> None:
    raw = sdk.embeddings.with_raw_response.create(
        model="local/embed", input="one", encoding_format="base64", dimensions=8
    )
    packed = json.loads(raw.content)["data"][0]["embedding"]
    assert np.frombuffer(base64.b64decode(packed), "<f4").shape == (8,)


def test_embeddings_of_token_ids(sdk: openai.OpenAI) -> None:
    from nexhina_nb.pricing.tokens import encode

    text = "the quick brown fox"
    by_text = sdk.embeddings.create(model="local/embed", input=text, encoding_format="float")
    by_ids = sdk.embeddings.create(model="local/embed", input=encode(text), encoding_format="float")
    assert by_text.data[0].embedding == by_ids.data[0].embedding


def test_models(sdk: openai.OpenAI) -> None:
    found = {model.id: model for model in sdk.models.list()}
    assert {"local/chat", "local/embed", "local/rerank"} <= found.keys()
    one = sdk.models.retrieve("local/chat")
    assert one.id == "local/chat"
    assert "teaching" in one.description.lower()


def test_errors_have_the_sdks_types(sdk: openai.OpenAI, shared_gateway: RunningGateway) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        sdk.chat.completions.create(model="gpt-nope", messages=QUESTION)
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as wrong:
        sdk.chat.completions.create(model="local/chat", messages=QUESTION, temperature=9)
    assert wrong.value.param == "temperature"
    stranger = openai.OpenAI(base_url=shared_gateway.base_url, api_key="sk-wrong", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"
