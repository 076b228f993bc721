"""Tools: chosen by their words, filled from the text, several at once, and answered from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexhina_nb.pricing import tokens
from tests.engines.chat.asking import run, say

S, N, I = ({"type": kind} for kind in ("string", "number", "integer"))  # noqa: E741


def tool(name: str, about: str, required: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    needed = list(fields) if required is None else required
    schema = {"type": "object", "properties": fields, "required": needed}
    return {
        "type": "function",
        "function": {"name": name, "description": about, "parameters": schema},
    }


UNIT = {"type": "string", "enum": ["celsius", "fahrenheit"]}
PLACE = {"type": "string", "description": "City and country, e.g. Bogotá, Colombia"}
WEATHER = tool(
    "get_weather", "Get the current weather in a location", ["location"], location=PLACE, unit=UNIT
)
TIME = tool("get_time", "Get the current time in a city", city=S)
ADD = tool("add", "Add two numbers", a=N, b=N)
CALCULATOR = tool("calculator", "Evaluate a math expression", expression=S)
EMAIL = tool("send_email", "Send an email", to=S, subject=S, body=S)
SEARCH = tool("search_web", "Search the web", query=S)
STOCK = tool("get_stock_price", "Get the current stock price", symbol=S)
TRANSLATE = tool("translate", "Translate text", text=S, target_language=S)
ORDER = tool("get_order_status", "Look up the status of an order", order_id=S)
TIMER = tool("set_timer", "Set a timer", minutes=I)
CONVERT = tool("convert_currency", "Convert money", amount=N, from_currency=S, to_currency=S)
ALL = [WEATHER, TIME, ADD, CALCULATOR, EMAIL, SEARCH, STOCK, TRANSLATE, ORDER, TIMER]


def calls(task: str, tools: list[dict[str, Any]] = ALL, **options: Any) -> list[Any]:
    choices, _ = run(task, tools=tools, **options)
    return [[name, json.loads(arguments)] for _, name, arguments in choices[0].calls]


@pytest.mark.parametrize(
    ("task", "made"),
    [
        ("What's the weather in Paris?", ["get_weather", {"location": "Paris"}]),
        ("what's the weather in paris today?", ["get_weather", {"location": "Paris"}]),
        ("Is it raining in New York?", ["get_weather", {"location": "New York"}]),
        (
            "weather in Tokyo in fahrenheit please",
            ["get_weather", {"location": "Tokyo", "unit": "fahrenheit"}],
        ),
        ("Weather in Austin, TX", ["get_weather", {"location": "Austin, TX"}]),
        ("What time is it in Tokyo?", ["get_time", {"city": "Tokyo"}]),
        ("Add 2 and 3", ["add", {"a": 2, "b": 3}]),
        ("Evaluate 2+2*3", ["calculator", {"expression": "2+2*3"}]),
        (
            "Send an email to bob@example.com with subject 'Hi' and body 'See you'",
            ["send_email", {"to": "bob@example.com", "subject": "Hi", "body": "See you"}],
        ),
        (
            "Search the web for cheap flights to Rome",
            ["search_web", {"query": "cheap flights to Rome"}],
        ),
        ("What is the stock price of AAPL?", ["get_stock_price", {"symbol": "AAPL"}]),
        (
            "Translate 'good night' to French",
            ["translate", {"text": "good night", "target_language": "French"}],
        ),
        ("What is the status of order A-1234?", ["get_order_status", {"order_id": "A-1234"}]),
        ("Set a timer for 10 minutes", ["set_timer", {"minutes": 10}]),
    ],
)
def test_one_call(task: str, made: list[Any]) -> None:
    assert calls(task) == [made]


def test_several_calls() -> None:
    both = [["get_weather", {"location": "Paris"}], ["get_weather", {"location": "London"}]]
    assert calls("What is the weather like in Paris and London?") == both
    assert calls("Weather in Paris, London and Berlin")[2] == [
        "get_weather",
        {"location": "Berlin"},
    ]
    mixed = [["get_weather", {"location": "Paris"}], ["get_time", {"city": "Tokyo"}]]
    assert calls("What's the weather in Paris and what time is it in Tokyo?") == mixed


def test_one_at_a_time_when_parallel_calls_are_off() -> None:
    task = "What is the weather in Paris and London?"
    assert calls(task, parallel_tool_calls=False) == [["get_weather", {"location": "Paris"}]]
    after = _answered(task, "22 degrees")
    choices, _ = run(messages=after, tools=[WEATHER], parallel_tool_calls=False)
    assert json.loads(choices[0].calls[0][2]) == {"location": "London"}


@pytest.mark.parametrize(
    "task", ["Hello!", "Who are you?", "What is the capital of France?", "Sort: c, a, b", "thanks"]
)
def test_no_call_where_no_tool_fits(task: str) -> None:
    assert calls(task) == []
    assert say(task, tools=ALL)


def test_what_is_missing_is_asked_for() -> None:
    assert calls("What is the weather?", [WEATHER]) == []
    assert say("What is the weather?", tools=[WEATHER]).endswith("I need to know: location.")


def test_tool_choice() -> None:
    assert calls("Weather in Paris", tool_choice="none") == []
    assert len(calls("Hi there", tool_choice="required")) == 1
    named = {"type": "function", "function": {"name": "get_time"}}
    assert calls("Weather in Paris", tool_choice=named) == [["get_time", {"city": "Paris"}]]


def test_how_a_call_streams_ends_and_counts() -> None:
    choices, counts = run("What's the weather in Paris?", tools=[WEATHER])
    identity, name, arguments = choices[0].calls[0]
    assert identity.startswith("call_")
    assert choices[0].finishes == ["tool_calls"]
    assert choices[0].text == ""
    assert counts.completion == tokens.count(name) + tokens.count(arguments)
    again, _ = run("What's the weather in Paris?", tools=[WEATHER])
    assert again[0].calls == choices[0].calls
    other, _ = run("What's the weather in Paris?", tools=[WEATHER], seed=2)
    assert other[0].calls[0][0] != identity


@pytest.mark.parametrize("limit", range(12))
def test_calls_keep_to_the_limit(limit: int) -> None:
    choices, counts = run("Weather in Paris", tools=[WEATHER], max_tokens=limit)
    whole, total = run("Weather in Paris", tools=[WEATHER])
    assert counts.completion == min(limit, total.completion)
    ends = "length" if limit < total.completion else "tool_calls"
    assert choices[0].finishes == [ends]
    if choices[0].calls:
        assert whole[0].calls[0][2].startswith(choices[0].calls[0][2])


def test_legacy_functions() -> None:
    choices, _ = run("Weather in Paris", functions=[WEATHER["function"]])
    assert choices[0].finishes == ["function_call"]
    assert len(choices[0].calls) == 1
    assert run("Weather in Paris", functions=[WEATHER["function"]], function_call="none")[0][0].text


def _answered(task: str, result: str) -> list[dict[str, Any]]:
    function = {"name": "get_weather", "arguments": '{"location": "Paris"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    return [
        {"role": "user", "content": task},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": result},
    ]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('{"temperature": 22, "condition": "sunny"}', "temperature 22, condition sunny."),
        ("It is sunny", "It is sunny."),
        ("22", "The get weather result is 22."),
        ('{"error": "no such city"}', "The get weather call failed: no such city."),
        ("", "The get weather result is empty."),
        ('[{"day": "Mon"}, {"day": "Tue"}]', "day Mon; day Tue."),
    ],
)
def test_results_become_a_sentence(result: str, said: str) -> None:
    body = _answered("What's the weather in Paris?", result)
    assert say(messages=body, tools=[WEATHER]).endswith(said)


def test_results_fill_a_schema() -> None:
    schema = {"type": "object", "properties": {"temperature": N}, "required": ["temperature"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = _answered("What's the weather in Paris?", '{"temperature": 22}')
    made = json.loads(say(messages=body, tools=[WEATHER], response_format=wanted))
    assert made == {"temperature": 22}
