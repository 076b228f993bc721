"""A stream put together is the answer that was cut into it, whatever the quirks of the server."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.wire import (
    ChatAccumulator,
    ChatCompletionChunk,
    ChatCompletionResponse,
    ChunkChoice,
    ChunkDelta,
)
from tests.wire.samples import JSON, TEXT

HEAD = {"id": "chatcmpl-1", "created": 1, "model": "m"}


def chunk(delta: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """One chunk of one choice; keyword arguments are fields of the choice."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": None} | fields
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice]}


def usage_chunk(usage: object) -> dict[str, Any]:
    return {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage}


def joined(*chunks: dict[str, Any]) -> dict[str, Any]:
    accumulator = ChatAccumulator()
    for each in chunks:
        accumulator.add(each)
    return accumulator.response().dump()


def message(*deltas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = joined(*map(chunk, deltas))["choices"][0]["message"]
    return found


def call(id_: str | None = None, name: str | None = None, arguments: str = "", **more: Any) -> Any:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return more | ({"id": id_} if id_ else {}) | {"function": function}


def calls(*deltas: list[Any]) -> list[tuple[str, str, str]]:
    """(id, name, arguments) of the calls that the deltas make up."""
    made = message(*({"tool_calls": delta} for delta in deltas))["tool_calls"]
    return [
        (each.get("id", ""), each["function"].get("name", ""), each["function"]["arguments"])
        for each in made
    ]


# -- any answer, cut into any pieces ---------------------------------------------------------------

LOGPROB = st.fixed_dictionaries(
    {"token": TEXT, "logprob": st.floats(-9, 0), "top_logprobs": st.just([])}
)
CALL = st.fixed_dictionaries(
    {
        "id": TEXT.filter(bool),
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": TEXT.filter(bool), "arguments": TEXT}),
    }
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": TEXT | st.none()},
    optional={
        "reasoning_content": TEXT,
        "refusal": TEXT | st.none(),
        "tool_calls": st.lists(CALL, min_size=1, max_size=3),
        "annotations": st.lists(st.dictionaries(TEXT, JSON, max_size=2), min_size=1, max_size=2),
    },
)
CHOICE = st.fixed_dictionaries(
    {"message": MESSAGE, "finish_reason": st.sampled_from(["stop", "length", "tool_calls"])},
    optional={
        "logprobs": st.none()
        | st.fixed_dictionaries({"content": st.lists(LOGPROB, min_size=1, max_size=3)})
    },
)
USAGE = st.integers(0, 99).map(
    lambda n: {"prompt_tokens": n, "completion_tokens": n, "total_tokens": 2 * n}
)


def text_pieces(text: str | None, size: int) -> list[str | None]:
    """The first piece is there even if it is empty, and None stays None."""
    return [text] if not text else [text[i : i + size] for i in range(0, len(text), size)]


def deltas_of(message: dict[str, Any], size: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"role": "assistant"}]
    for name in ("reasoning_content", "content", "refusal"):
        if name in message:
            found += [{name: piece} for piece in text_pieces(message[name], size)]
    found += [{"annotations": [each]} for each in message.get("annotations", ())]
    heads, tails = [], []
    for index, each in enumerate(message.get("tool_calls", ())):
        function = each["function"]
        first = each | {"index": index, "function": {"name": function["name"], "arguments": ""}}
        heads.append({"tool_calls": [first]})
        tails.append(
            [
                {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
                for piece in text_pieces(function["arguments"], size)
            ]
        )
    interleaved = itertools.chain.from_iterable(itertools.zip_longest(*tails))
    return found + heads + [delta for delta in interleaved if delta]


def chunks_of(choice: dict[str, Any], index: int, size: int) -> list[dict[str, Any]]:
    found = [chunk(delta, index=index) for delta in deltas_of(choice["message"], size)]
    logprobs = choice.get("logprobs")
    for row in (logprobs or {}).get("content", ()):
        found.append(chunk({}, index=index, logprobs={"content": [row]}))
    if "logprobs" in choice and logprobs is None:
        found[0]["choices"][0]["logprobs"] = None
    return [*found, chunk({}, index=index, finish_reason=choice["finish_reason"])]


@given(st.lists(CHOICE, min_size=1, max_size=3), USAGE, st.integers(1, 7), st.randoms())
def test_an_answer_survives_being_streamed(
    choices: list[dict[str, Any]], usage: dict[str, int], size: int, dice: Any
) -> None:
    answer = {
        **HEAD,
        "object": "chat.completion",
        "choices": [{"index": index, **choice} for index, choice in enumerate(choices)],
        "usage": usage,
    }
    lanes = [chunks_of(choice, index, size) for index, choice in enumerate(choices)]
    accumulator = ChatAccumulator()
    while any(lanes):  # choices interleave in any order
        lane = dice.choice([lane for lane in lanes if lane])
        each = lane.pop(0)
        accumulator.add(ChatCompletionChunk.model_validate(each) if dice.random() < 0.5 else each)
    accumulator.add(usage_chunk(usage))
    assert accumulator.finished
    assert accumulator.text == (choices[0]["message"]["content"] or "")
    response = accumulator.response()
    assert isinstance(response, ChatCompletionResponse)
    assert response == ChatCompletionResponse.model_validate(answer)
    assert response.dump() == answer


def odd(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object that may have these fields, each of them junk every now and then."""
    return st.fixed_dictionaries({}, optional={name: ODD | value for name, value in fields.items()})


ODD = st.sampled_from([None, "", "x", -1, True, 0.5, [], [None], {}, {"x": 1}])
ODD_CALL = odd(index=ODD, id=ODD, function=odd(name=ODD, arguments=ODD), custom=odd(input=ODD))
ODD_DELTA = odd(
    role=ODD, content=ODD, audio=odd(data=ODD), tool_calls=st.lists(ODD_CALL, max_size=3)
)
ODD_CHOICE = odd(index=ODD, delta=ODD_DELTA, finish_reason=ODD, logprobs=odd(content=ODD))
ODD_USAGE = odd(total_tokens=ODD, prompt_tokens=ODD)
ODD_CHUNK = odd(id=ODD, choices=st.lists(ODD_CHOICE, max_size=2), usage=ODD_USAGE)


@given(st.lists(ODD_CHUNK, max_size=4))
def test_no_chunk_makes_it_fail(chunks: list[Any]) -> None:
    accumulator = ChatAccumulator()
    for each in chunks:
        accumulator.add(each)
    accumulator.response().to_json()
    assert isinstance(accumulator.text, str)
    assert accumulator.finished in (True, False)


# -- single facts ----------------------------------------------------------------------------------


def test_nothing_yet() -> None:
    accumulator = ChatAccumulator()
    assert (accumulator.text, accumulator.finished) == ("", False)
    assert accumulator.response().choices == []


def test_what_came_so_far() -> None:
    accumulator = ChatAccumulator()
    accumulator.add(chunk({"role": "assistant", "content": ""}))
    accumulator.add(chunk({"content": "Half an ans"}))
    assert (accumulator.text, accumulator.finished) == ("Half an ans", False)
    response = accumulator.response()
    assert response.choices[0].finish_reason is None
    assert response.usage is None
    accumulator.add(chunk({"content": "wer"}, finish_reason="stop"))
    assert (accumulator.text, accumulator.finished) == ("Half an answer", True)


def test_chunk_objects_are_taken_too() -> None:
    delta = ChunkDelta(content="hi")
    accumulator = ChatAccumulator()
    accumulator.add(
        ChatCompletionChunk(
            id="c", created=1, model="m", choices=[ChunkChoice(index=0, delta=delta)]
        )
    )
    assert accumulator.text == "hi"


def test_an_empty_head_is_filled_later() -> None:
    azure = {"id": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": [1]}
    whole = joined(azure, chunk({"content": "x"}) | {"obfuscation": "abc"})
    assert (whole["id"], whole["model"], whole["created"]) == ("chatcmpl-1", "m", 1)
    assert whole["prompt_filter_results"] == [1]
    assert "obfuscation" not in whole


def test_role_is_assistant_if_nobody_says_so() -> None:
    assert message({"content": "x"})["role"] == "assistant"
    assert message({"role": "", "content": "x"})["role"] == "assistant"


@pytest.mark.parametrize(
    ("usages", "total"),
    [
        ([5, None], 5),
        ([5, 9], 9),
        ([None, 5, 0], 5),
        ([0], 0),
        ([0, 0], 0),
    ],
)
def test_the_last_usage_that_counts_is_kept(usages: list[int | None], total: int) -> None:
    whole = joined(*(usage_chunk(None if n is None else {"total_tokens": n}) for n in usages))
    assert whole["usage"]["total_tokens"] == total


def test_usage_in_the_finish_chunk_and_in_other_words() -> None:
    last = chunk({}, finish_reason="stop") | {"usage": {"input_tokens": 3, "output_tokens": 1}}
    assert joined(last, usage_chunk({"input_tokens": 0}))["usage"]["input_tokens"] == 3


def test_tool_calls_are_merged_by_index() -> None:
    assert calls(
        [call("a", "f", index=0), call("b", "g", index=1)],
        [call(arguments="{1", index=1), call(arguments="{0", index=0)],
        [call(arguments="}", index=0)],
        [call(arguments="}", index=1)],
    ) == [("a", "f", "{0}"), ("b", "g", "{1}")]


def test_tool_calls_are_in_the_order_of_their_index() -> None:
    assert calls([call("b", "g", index=1)], [call("a", "f", index=0)]) == [
        ("a", "f", ""),
        ("b", "g", ""),
    ]


def test_ids_and_names_in_every_delta() -> None:
    assert calls(
        [call("a", "f", "{", index=0)],
        [call("other", "f", "}", index=0)],
        [call("a", "f", index=0)],
    ) == [("a", "f", "{}")]


def test_calls_without_index_are_numbered_by_first_sight() -> None:
    assert calls([call("a", "f", "{")], [call("b", "g", "[")], [call("a", "f", "}")]) == [
        ("a", "f", "{}"),
        ("b", "g", "["),
    ]
    assert calls([call("a", "f", "{")], [call(arguments="}")]) == [("a", "f", "{}")]
    assert calls([call(None, "f", "1")], [call(None, "g", "2")], [call(None, "g", "3")]) == [
        ("", "f", "1"),
        ("", "g", "23"),
    ]
    assert calls([call(None, "f", "1"), call(None, "f", "2")]) == [("", "f", "1"), ("", "f", "2")]


def test_calls_with_and_without_index_do_not_collide() -> None:
    assert calls([call("a", "f", index=3)], [call("b", "g")]) == [("a", "f", ""), ("b", "g", "")]


def test_custom_calls_and_extras() -> None:
    delta = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "c", "input": "x"}, "e": 1}
    more = {"index": 0, "custom": {"input": "y"}}
    assert message({"tool_calls": [delta]}, {"tool_calls": [more]})["tool_calls"] == [
        {"id": "a", "type": "custom", "custom": {"name": "c", "input": "xy"}, "e": 1}
    ]


def test_the_other_texts() -> None:
    assert message(
        {"reasoning_content": "Let ", "function_call": {"name": "f", "arguments": "{"}},
        {"reasoning_content": "me.", "function_call": {"arguments": "}"}},
        {"refusal": "N", "audio": {"id": "a", "data": "x", "transcript": "N"}},
        {"refusal": "o", "audio": {"data": "y", "transcript": "o", "expires_at": 7}},
    ) == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Let me.",
        "refusal": "No",
        "function_call": {"name": "f", "arguments": "{}"},
        "audio": {"id": "a", "data": "xy", "transcript": "No", "expires_at": 7},
    }


def test_extras_of_a_choice() -> None:
    whole = joined(chunk({}, stop_reason=None), chunk({}, finish_reason="stop", stop_reason="END"))
    assert whole["choices"][0]["stop_reason"] == "END"
    assert whole["choices"][0]["finish_reason"] == "stop"
