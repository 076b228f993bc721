"""Chat with the built-in engine, as the official SDK sees it: every option of the request."""

from __future__ import annotations

import base64
import functools
import importlib.util
import io
import json
import threading
from collections.abc import Callable, Iterator
from enum import StrEnum
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Optional, Union

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image
from pydantic import BaseModel

from nexhina_nb.engines import sound
from nexhina_nb.gateway.upstreams import local_chat
from nexhina_nb.pricing import tokens
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


def ask(sdk: openai.OpenAI, task: str | list[Any], **options: Any) -> Any:
    messages = [{"role": "user", "content": task}] if isinstance(task, str) else task
    return sdk.chat.completions.create(model="local/chat", messages=messages, **options)


def stream(sdk: openai.OpenAI, task: str | list[Any], **options: Any) -> list[Any]:
    return list(ask(sdk, task, stream=True, **options))


def function(name: str, about: str, strict: bool | None = None, **fields: Any) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    made = {"name": name, "description": about, "parameters": parameters}
    return made if strict is None else made | {"strict": strict}


def _user(task: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": task}]


CITY = {"type": "string", "description": "name of the city"}
UNIT = {"type": ["string", "null"], "enum": ["celsius", "fahrenheit", None]}
WEATHER = function("get_weather", "The weather in a city", city=CITY)
TIME = function("get_time", "The time in a city", city=CITY)
STRICT = function("get_weather", "The weather in a city", strict=True, city=CITY, unit=UNIT)
TOOLS = [{"type": "function", "function": row} for row in (WEATHER, TIME)]
COUNT = "Count from 1 to 12"
COUNTED = ", ".join(map(str, range(1, 13)))
TWO = "What is the weather in Paris and in London?"


def names(reply: Any) -> list[str]:
    return [call.function.name for call in reply.choices[0].message.tool_calls or ()]


# Text


def test_several_choices_interleave_and_end_once_each(sdk: openai.OpenAI) -> None:
    chunks = stream(sdk, "Who are you?", n=3)
    told: dict[int, str] = {}
    ends: list[tuple[int, str]] = []
    for chunk in chunks:
        for choice in chunk.choices:
            told[choice.index] = told.get(choice.index, "") + (choice.delta.content or "")
            ends += [(choice.index, choice.finish_reason)] if choice.finish_reason else []
    whole = ask(sdk, "Who are you?", n=3)
    assert told == {row.index: row.message.content for row in whole.choices}
    assert sorted(ends) == [(0, "stop"), (1, "stop"), (2, "stop")]
    order = [c.choices[0].index for c in chunks if c.choices and c.choices[0].delta.content]
    assert order != sorted(order)
    assert len(set(told.values())) == 3


@pytest.mark.parametrize(
    ("task", "stop", "said"),
    [
        (COUNT, "5", "1, 2, 3, 4, "),
        (COUNT, ["9", "7", "8", "zz"], "1, 2, 3, 4, 5, 6, "),
        ("Say exactly: hello wonderful world", "nderf", "hello wo"),
        ("Say exactly: naïve 😀 café", "😀", "naïve "),
        ("Say exactly: naïve 😀 café", "é", "naïve 😀 caf"),
        ("Say exactly: 你好世界", "世", "你好"),
    ],
)
def test_stops(sdk: openai.OpenAI, task: str, stop: Any, said: str) -> None:
    reply = ask(sdk, task, stop=stop)
    assert reply.choices[0].message.content == said
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.completion_tokens == tokens.count(said)
    joined = "".join(c.choices[0].delta.content or "" for c in stream(sdk, task, stop=stop))
    assert joined == said


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_limits(sdk: openai.OpenAI, field: str) -> None:
    reply = ask(sdk, COUNT, **{field: 5})
    assert (reply.choices[0].finish_reason, reply.usage.completion_tokens) == ("length", 5)
    assert COUNTED.startswith(reply.choices[0].message.content)
    both = ask(sdk, COUNT, max_tokens=50, max_completion_tokens=2)
    assert both.usage.completion_tokens == 2, "the newer field wins"


def test_logprobs_cover_the_text_exactly(sdk: openai.OpenAI) -> None:
    options = {"logprobs": True, "top_logprobs": 3}
    reply = ask(sdk, "Say exactly: naïve 😀 末", **options)
    rows = reply.choices[0].logprobs.content
    assert b"".join(bytes(row.bytes) for row in rows).decode() == reply.choices[0].message.content
    assert len(rows) == reply.usage.completion_tokens
    assert all(row.logprob <= 0 and len(row.top_logprobs) == 3 for row in rows)
    for row in rows:
        best = [other.logprob for other in row.top_logprobs]
        assert best == sorted(best, reverse=True)
    for chunk in stream(sdk, "Say exactly: hello world", **options):
        if chunk.choices[0].delta.content:
            pieces = chunk.choices[0].logprobs.content
            assert "".join(row.token for row in pieces) == chunk.choices[0].delta.content


def test_seeds_repeat(sdk: openai.OpenAI) -> None:
    said = {n: ask(sdk, "Who are you?", seed=n).choices[0].message.content for n in range(6)}
    again = {n: ask(sdk, "Who are you?", seed=n).choices[0].message.content for n in range(6)}
    assert said == again
    assert len(set(said.values())) > 1


def test_usage_of_a_stream(sdk: openai.OpenAI) -> None:
    chunks = stream(sdk, COUNT, stream_options={"include_usage": True})
    assert all("usage" in c.model_fields_set and c.usage is None for c in chunks[:-1])
    last = chunks[-1].usage
    assert chunks[-1].choices == []
    assert last.completion_tokens == tokens.count(COUNTED)
    assert last.prompt_tokens == tokens.count_messages(
        [{"role": "user", "content": COUNT}], "local/chat"
    )
    assert last.total_tokens == last.prompt_tokens + last.completion_tokens


def test_the_beginning_of_an_answer_is_gone_on_with(sdk: openai.OpenAI) -> None:
    def after(begun: str, task: str = "What is 12 * 12?", **options: Any) -> str:
        told = {"role": "assistant", "content": begun, "prefix": True}
        reply = ask(sdk, [{"role": "user", "content": task}, told], **options)
        said: str = reply.choices[0].message.content
        return said

    assert after("12 * 12") == " = 144"
    assert after("The answer is") == " 144"
    assert after("The answer is: ") == "144"
    told = after(
        "{", "Give name and age as JSON: Ada is 36", response_format={"type": "json_object"}
    )
    assert json.loads("{" + told) == {"name": "Ada", "age": 36}


def test_a_text_that_breaks_off_is_gone_on_with_and_labelled(sdk: openai.OpenAI) -> None:
    said = ask(sdk, "Once upon a time").choices[0].message.content
    assert said.startswith("(Babble, drawn by chance")
    assert said == ask(sdk, "Once upon a time").choices[0].message.content
    body = {"model": "local/chat", "messages": [], "prefix": "Once upon a time"}
    bare = sdk.post("/chat/completions", body=body, cast_to=openai.types.chat.ChatCompletion)
    assert bare.choices[0].message.content.startswith("(Babble")
    assert bare.usage.prompt_tokens > 3


# Thinking


@pytest.mark.parametrize(
    "options",
    [
        {"reasoning_effort": "medium"},
        {"extra_body": {"enable_thinking": True}},
        {"extra_body": {"thinking": {"type": "enabled", "budget_tokens": 1024}}},
        {"extra_body": {"reasoning": {"effort": "medium"}}},
    ],
)
def test_thinking_comes_first_and_is_counted(sdk: openai.OpenAI, options: dict[str, Any]) -> None:
    reply = ask(sdk, "What is 12 * 12?", **options)
    message, usage = reply.choices[0].message, reply.usage
    assert "arithmetic" in message.reasoning_content
    assert "144" in message.content
    thought = tokens.count(message.reasoning_content)
    assert usage.completion_tokens_details.reasoning_tokens == thought
    assert usage.completion_tokens == thought + tokens.count(message.content)
    deltas = [c.choices[0].delta for c in stream(sdk, "What is 12 * 12?", **options)]
    kinds = ["r" if getattr(d, "reasoning_content", None) else "c" for d in deltas[1:-1]]
    assert kinds == sorted(kinds, reverse=True)
    assert "".join(getattr(d, "reasoning_content", "") for d in deltas) == message.reasoning_content


def test_more_effort_tells_more(sdk: openai.OpenAI) -> None:
    told = {
        effort: ask(sdk, TWO, tools=TOOLS, reasoning_effort=effort)
        for effort in ("none", "low", "medium", "high")
    }
    lengths = [row.usage.completion_tokens_details.reasoning_tokens for row in told.values()]
    assert lengths == sorted(set(lengths))
    assert lengths[0] == 0
    assert not hasattr(told["none"].choices[0].message, "reasoning_content")
    assert "get_weather" in told["high"].choices[0].message.reasoning_content
    assert all(names(row) == ["get_weather"] * 2 for row in told.values())


def test_the_limit_cuts_thinking_too(sdk: openai.OpenAI) -> None:
    reply = ask(sdk, COUNT, reasoning_effort="high", max_completion_tokens=4)
    assert reply.choices[0].finish_reason == "length"
    assert reply.choices[0].message.content == ""
    assert reply.usage.completion_tokens == 4
    assert reply.usage.completion_tokens_details.reasoning_tokens == 4


# JSON


class Colour(StrEnum):
    red = "red"
    blue = "blue"


class Item(BaseModel):
    name: str
    price: float
    colour: Colour


class Step(BaseModel):
    explanation: str
    output: str


class Order(BaseModel):
    id: str
    items: list[Item]
    note: Optional[str]  # noqa: UP045 - the SDK sees the union either way
    paid: bool
    kind: Literal["sale", "return"]
    tags: list[str]


class Tree(BaseModel):
    value: int
    children: list[Tree]


class Maths(BaseModel):
    steps: list[Step]
    final_answer: str


class Either(BaseModel):
    shape: Union[Item, Step]  # noqa: UP007


CASES = [
    ("Order A17: a red apple for 3.50 and a blue pen for 2. It is paid.", Order),
    ("A tree with the root 1", Tree),
    ("Solve 8x + 7 = -23", Maths),
    ("The apple costs 3 and is red", Either),
    ("Hi", Order),
    ("", Maths),
]


@pytest.mark.parametrize(("task", "form"), CASES)
def test_the_sdk_parses_its_models(sdk: openai.OpenAI, task: str, form: type[BaseModel]) -> None:
    messages = [{"role": "user", "content": task}]
    reply = sdk.chat.completions.parse(model="local/chat", messages=messages, response_format=form)
    assert isinstance(reply.choices[0].message.parsed, form)
    with sdk.chat.completions.stream(
        model="local/chat", messages=messages, response_format=form
    ) as events:
        for _ in events:
            pass
    final = events.get_final_completion()
    assert final.choices[0].message.parsed == reply.choices[0].message.parsed


def test_schemas_are_filled_from_the_task(sdk: openai.OpenAI) -> None:
    reply = sdk.chat.completions.parse(
        model="local/chat",
        messages=[{"role": "user", "content": CASES[0][0]}],
        response_format=Order,
    )
    parsed = reply.choices[0].message.parsed
    assert (parsed.id, parsed.paid) == ("A17", True)
    assert (
        ask(sdk, COUNT, response_format={"type": "json_object"}).choices[0].message.content[0]
        == "{"
    )


# Tools


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", ["get_weather", "get_weather"]),
        ("none", []),
        ("required", ["get_weather", "get_weather"]),
        ({"type": "function", "function": {"name": "get_time"}}, ["get_time", "get_time"]),
    ],
)
def test_tool_choices(sdk: openai.OpenAI, choice: Any, called: list[str]) -> None:
    reply = ask(sdk, TWO, tools=TOOLS, tool_choice=choice)
    assert names(reply) == called
    assert reply.choices[0].finish_reason == ("tool_calls" if called else "stop")
    assert (reply.choices[0].message.content is None) == bool(called)


def test_required_calls_something_whatever_is_said(sdk: openai.OpenAI) -> None:
    assert len(names(ask(sdk, "Hello", tools=TOOLS, tool_choice="required"))) == 1


@pytest.mark.parametrize(("mode", "called"), [("required", ["get_time"]), ("auto", [])])
def test_allowed_tools(sdk: openai.OpenAI, mode: str, called: list[str]) -> None:
    allowed = {"mode": mode, "tools": [{"type": "function", "function": {"name": "get_time"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    assert names(ask(sdk, "Is it raining?", tools=TOOLS, tool_choice=choice)) == called


@pytest.mark.parametrize(
    "options",
    [
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "other"}}},
        {"tool_choice": "required"},
        {"functions": [WEATHER], "function_call": {"name": "other"}},
        {"tools": TOOLS, "tool_choice": {"type": "allowed_tools"}},
        {
            "tools": TOOLS,
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"function": {"name": "other"}}]},
            },
        },
    ],
)
def test_what_is_not_on_offer_cannot_be_asked_for(sdk: openai.OpenAI, options: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(sdk, TWO, **options)
    assert refused.value.param.startswith(("tool_choice", "function_call"))
    with pytest.raises(openai.BadRequestError):
        stream(sdk, TWO, **options)


def test_without_parallel_calls_there_is_one_at_a_time(sdk: openai.OpenAI) -> None:
    talk: list[Any] = [{"role": "user", "content": TWO}]
    cities = []
    for _ in range(2):
        reply = ask(sdk, talk, tools=TOOLS, parallel_tool_calls=False)
        (call,) = reply.choices[0].message.tool_calls
        cities.append(json.loads(call.function.arguments)["city"])
        result = {"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 21}'}
        talk += [reply.choices[0].message, result]
    assert cities == ["Paris", "London"]
    last = ask(sdk, talk, tools=TOOLS, parallel_tool_calls=False).choices[0]
    assert "21" in last.message.content


def test_streamed_calls_are_joined_by_index(sdk: openai.OpenAI) -> None:
    made: dict[int, dict[str, str]] = {}
    for chunk in stream(sdk, TWO, tools=TOOLS):
        for piece in chunk.choices[0].delta.tool_calls or ():
            call = made.setdefault(piece.index, {"arguments": ""})
            if "id" not in call:
                call |= {"id": piece.id, "name": piece.function.name}
                assert (piece.type, piece.function.arguments) == ("function", "")
            else:
                assert (piece.id, piece.function.name) == (None, None)
            call["arguments"] += piece.function.arguments
    assert [json.loads(call["arguments"]) for _, call in sorted(made.items())] == [
        {"city": "Paris"},
        {"city": "London"},
    ]
    assert len({call["id"] for call in made.values()}) == 2
    whole = ask(sdk, TWO, tools=TOOLS).choices[0].message.tool_calls
    assert [call.id for call in whole] == [call["id"] for _, call in sorted(made.items())]


@pytest.mark.parametrize("task", [TWO, "Weather in Rome in fahrenheit", "Hello", ""])
def test_strict_arguments_are_valid(sdk: openai.OpenAI, task: str) -> None:
    tools = [{"type": "function", "function": STRICT}]
    reply = ask(sdk, task, tools=tools, tool_choice="required")
    for call in reply.choices[0].message.tool_calls:
        jsonschema.validate(json.loads(call.function.arguments), STRICT["parameters"])


def test_the_sdk_parses_arguments(sdk: openai.OpenAI) -> None:
    reply = sdk.chat.completions.parse(
        model="local/chat",
        messages=[{"role": "user", "content": "The item: a blue pen for 3.5"}],
        tools=[openai.pydantic_function_tool(Item)],
        tool_choice="required",
    )
    (call,) = reply.choices[0].message.tool_calls
    assert (call.function.parsed_arguments.price, call.function.parsed_arguments.colour) == (
        3.5,
        "blue",
    )


# Functions, as they were before tools


def test_a_function_call_has_its_old_form(sdk: openai.OpenAI) -> None:
    talk: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    reply = ask(sdk, talk, functions=[WEATHER])
    message = reply.choices[0].message
    assert reply.choices[0].finish_reason == "function_call"
    assert (message.content, message.tool_calls) == (None, None)
    assert message.function_call.name == "get_weather"
    assert json.loads(message.function_call.arguments) == {"city": "Paris"}
    deltas = [c.choices[0].delta for c in stream(sdk, talk, functions=[WEATHER])]
    pieces = [delta.function_call for delta in deltas if delta.function_call]
    assert [piece.name for piece in pieces] == ["get_weather", *[None] * (len(pieces) - 1)]
    assert "".join(piece.arguments for piece in pieces) == message.function_call.arguments
    assert not any(delta.tool_calls for delta in deltas)
    told = {"role": "function", "name": "get_weather", "content": '{"celsius": 21}'}
    after = ask(sdk, [*talk, message, told], functions=[WEATHER]).choices[0]
    assert (after.finish_reason, "21" in after.message.content) == ("stop", True)


def test_a_named_function_is_called(sdk: openai.OpenAI) -> None:
    options: Any = {"functions": [WEATHER, TIME], "function_call": {"name": "get_time"}}
    reply = ask(sdk, "Weather in Paris", **options)
    assert reply.choices[0].message.function_call.name == "get_time"
    reply = ask(sdk, "Weather in Paris", functions=[WEATHER], function_call="none")
    assert reply.choices[0].message.function_call is None


# Pictures


def test_a_picture_is_looked_at(sdk: openai.OpenAI) -> None:
    reply = ask(sdk, looking("How large is it?", data_uri(SQUARE)))
    assert reply.choices[0].message.content == "It is 40 pixels wide and 40 pixels high."
    assert reply.usage.prompt_tokens_details.image_tokens == 520


def test_a_link_is_followed_where_that_is_allowed(
    make_gateway: Callable[..., Any], picture_site: str
) -> None:
    with (
        make_gateway(allow_private_urls=True) as running,
        openai.OpenAI(base_url=running.base_url, api_key=running.key, max_retries=0) as client,
    ):
        messages = looking("Which colour is it?", picture_site)
        said = ask(client, messages).choices[0].message.content
        assert "commonest colour is red" in said
        chunks = stream(client, messages)
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == said


def test_a_private_link_is_refused(sdk: openai.OpenAI, picture_site: str) -> None:
    for make in (ask, stream):
        with pytest.raises(openai.BadRequestError) as refused:
            make(sdk, looking("What is this?", picture_site))
        assert refused.value.code == "invalid_image_url"
        assert refused.value.param == "messages.0.content.1.image_url"


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "data:image/png;base64,?", "x"])
def test_a_broken_picture_is_refused(sdk: openai.OpenAI, url: str) -> None:
    for make in (ask, stream):
        with pytest.raises(openai.BadRequestError) as refused:
            make(sdk, looking("What is this?", url))
        assert refused.value.code == "invalid_image_url"
        assert refused.value.param == "messages.0.content.1.image_url"


# Spoken answers


SPOKEN: Any = {"modalities": ["text", "audio"]}
needs_voice = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("av", "espeakng_loader"))),
    reason="needs the extra 'local'",
)


@needs_voice
@pytest.mark.parametrize("form", ["wav", "mp3", "flac", "opus", "aac", "pcm16"])
def test_an_answer_is_spoken(sdk: openai.OpenAI, tmp_path: Path, form: str) -> None:
    reply = ask(sdk, "What is 2 + 3?", audio={"voice": "alloy", "format": form}, **SPOKEN)
    message, usage = reply.choices[0].message, reply.usage
    assert message.content is None
    assert message.audio.transcript == "2 + 3 = 5"
    assert message.audio.id
    assert message.audio.expires_at > reply.created
    data = base64.b64decode(message.audio.data, validate=True)
    file = tmp_path / "answer"
    file.write_bytes(data)
    seconds = len(data) / 48_000 if form == "pcm16" else sound.duration(file)
    assert 0.5 < seconds < 10
    details = usage.completion_tokens_details
    assert details.text_tokens == tokens.count("2 + 3 = 5")
    assert details.audio_tokens > 0
    assert usage.completion_tokens == details.text_tokens + details.audio_tokens


@needs_voice
def test_a_spoken_answer_streams(sdk: openai.OpenAI) -> None:
    options = {"audio": {"voice": "echo", "format": "pcm16"}, "n": 2, **SPOKEN}
    chunks = stream(sdk, "What is 2 + 3?", stream_options={"include_usage": True}, **options)
    whole = ask(sdk, "What is 2 + 3?", **options)
    for choice in whole.choices:
        deltas = [
            c.choices[0].delta for c in chunks if c.choices and c.choices[0].index == choice.index
        ]
        spoken = [delta.to_dict().get("audio") for delta in deltas]
        pieces = [piece for piece in spoken if piece]
        assert list(pieces[0]) == ["id"]
        assert list(pieces[-1]) == ["expires_at"]
        assert "".join(piece.get("transcript", "") for piece in pieces) == (
            choice.message.audio.transcript
        )
        assert "".join(piece.get("data", "") for piece in pieces) == choice.message.audio.data
        assert b"".join(base64.b64decode(piece.get("data", "")) for piece in pieces) == (
            base64.b64decode(choice.message.audio.data)
        )
        assert not any(delta.content for delta in deltas)
    assert chunks[-1].usage == whole.usage


@needs_voice
def test_the_limit_covers_text_and_sound(sdk: openai.OpenAI) -> None:
    audio = {"voice": "alloy", "format": "pcm16"}
    reply = ask(sdk, "Who are you?", audio=audio, max_completion_tokens=60, **SPOKEN)
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens <= 60
    text = tokens.count(reply.choices[0].message.audio.transcript)
    seconds = len(base64.b64decode(reply.choices[0].message.audio.data)) / 48_000
    assert seconds == (60 - text) * 60 // 1000


@needs_voice
@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"audio": {"voice": "nobody", "format": "mp3"}}, "audio.voice"),
        ({"audio": {"voice": "alloy", "format": "mp3"}, "stream": True}, "audio.format"),
    ],
)
def test_what_cannot_be_spoken_is_refused(sdk: openai.OpenAI, options: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(sdk, "Hi", **options, **SPOKEN)
    assert refused.value.param == param


@needs_voice
def test_calls_are_not_spoken(sdk: openai.OpenAI) -> None:
    audio = {"voice": "alloy", "format": "wav"}
    reply = ask(sdk, TWO, tools=TOOLS, audio=audio, **SPOKEN)
    assert names(reply) == ["get_weather", "get_weather"]
    assert reply.choices[0].message.audio is None


# Everything at once


OPTIONS = st.fixed_dictionaries(
    {"messages": st.sampled_from(["Who are you?", TWO, COUNT, "Once upon a time", ""]).map(_user)},
    optional={
        "n": st.integers(1, 3),
        "max_completion_tokens": st.integers(1, 120),
        "reasoning_effort": st.sampled_from(["none", "low", "high"]),
        "stop": st.sampled_from(["e", ["a", "zz"], "2"]),
        "seed": st.integers(0, 9),
        "functions": st.just([WEATHER]),
        "response_format": st.just({"type": "json_object"}),
        "tools": st.just(TOOLS),
        "parallel_tool_calls": st.booleans(),
    },
)


@given(options=OPTIONS)
@settings(max_examples=60)
def test_whole_answers_and_streams_agree_and_count_right(options: dict[str, Any]) -> None:
    body = {"model": "local/chat", **options}
    whole = local_chat.complete(body, "x")
    asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
    assert list(local_chat.chunks(asked, "x"))[-1]["usage"] == whole["usage"]
    counted = sum(_counted(row["message"]) for row in whole["choices"])
    used = whole["usage"]["completion_tokens"]
    limit = body.get("max_completion_tokens")
    assert used == counted or (limit and counted <= used <= limit * body.get("n", 1))


def _counted(message: dict[str, Any]) -> int:
    called = [call["function"] for call in message.get("tool_calls") or ()]
    called += [message["function_call"]] if message.get("function_call") else []
    texts = [message.get("content"), message.get("reasoning_content")]
    texts += [call[key] for call in called for key in ("name", "arguments")]
    return sum(tokens.count(text) for text in texts if text)


# Helpers for pictures


def png(size: tuple[int, int], colour: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", size, colour).save(held, "PNG")
    return held.getvalue()


SQUARE = png((40, 40), "red")


def data_uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def looking(task: str, url: str) -> list[Any]:
    picture = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [{"type": "text", "text": task}, picture]}]


@pytest.fixture
def picture_site(tmp_path: Path) -> Iterator[str]:
    """A link to a red square on this machine."""
    (tmp_path / "square.png").write_bytes(SQUARE)
    pages = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/square.png"
        server.shutdown()
        thread.join()
