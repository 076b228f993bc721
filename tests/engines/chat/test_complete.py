"""The protocol: pieces, limits, stops, choices, seeds, counts; and that no input breaks it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.engines import ENGINES
from nexhina_nb.engines.chat import complete
from nexhina_nb.pricing import tokens
from tests.engines.chat.asking import messages, run, say

TASKS = (
    "Who are you?",
    "Who are you? Answer in Chinese.",
    "Count from 1 to 40",
    "Say exactly: naïve 😀 café 👩‍👩‍👧 末",
    "What is 2+2?",
)
ANY_TEXT = st.text(max_size=60)
TALK = st.lists(ANY_TEXT, min_size=1, max_size=4)


def test_it_is_the_engine_of_the_table() -> None:
    assert ENGINES["local/chat"].load() is complete


@pytest.mark.parametrize("task", TASKS)
def test_pieces_are_tokens_and_count_as_such(task: str) -> None:
    choices, counts = run(task)
    said = choices[0]
    assert said.finishes == ["stop"]
    assert counts.completion == tokens.count(said.text)
    assert counts.prompt == tokens.count_messages(messages(task), "local/chat")
    assert all("\ufffd" not in piece for piece in said.pieces)
    assert all(tokens.count(piece) >= 1 for piece in said.pieces)


@given(task=st.sampled_from(TASKS), limit=st.integers(1, 60), old=st.booleans())
@settings(max_examples=80)
def test_max_tokens_is_exact(task: str, limit: int, old: bool) -> None:
    whole = say(task)
    choices, counts = run(task, **{"max_tokens" if old else "max_completion_tokens": limit})
    length = tokens.count(whole)
    assert counts.completion == min(limit, length)
    assert choices[0].finishes == ["length" if limit < length else "stop"]
    assert whole.startswith(choices[0].text)


def test_no_tokens_at_all() -> None:
    choices, counts = run("Who are you?", max_tokens=0)
    assert (choices[0].text, choices[0].finishes, counts.completion) == ("", ["length"], 0)


@given(task=st.sampled_from(TASKS), data=st.data())
@settings(max_examples=80)
def test_stops_never_appear(task: str, data: st.DataObject) -> None:
    whole = say(task)
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = whole[start : start + data.draw(st.integers(1, 6))]
    choices, _ = run(task, stop=[stop, "never said"])
    assert stop not in choices[0].text
    assert choices[0].text == whole[: whole.index(stop)]
    assert choices[0].finishes == ["stop"]


def test_stop_after_the_limit_is_length() -> None:
    choices, _ = run("Count from 1 to 40", stop="39", max_tokens=5)
    assert choices[0].finishes == ["length"]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_choices_each_end_once_and_vary_in_wording(n: int) -> None:
    choices, counts = run("Who are you?", n=n)
    assert sorted(choices) == list(range(n))
    assert all(said.finishes == ["stop"] for said in choices.values())
    assert counts.completion == sum(tokens.count(said.text) for said in choices.values())
    assert len({said.text for said in choices.values()}) == min(n, 3)


def test_choices_are_the_same_at_temperature_zero() -> None:
    choices, _ = run("Who are you?", n=3, temperature=0)
    assert len({said.text for said in choices.values()}) == 1


@given(talk=TALK, seed=st.none() | st.integers(0, 2**40))
@settings(max_examples=40)
def test_same_input_same_output(talk: list[str], seed: int | None) -> None:
    body = [{"role": "user", "content": text} for text in talk]
    assert list(map(repr, run(messages=body, seed=seed))) == list(
        map(repr, run(messages=body, seed=seed))
    )


def test_seeds_choose_wordings() -> None:
    said = {say("Who are you?", seed=seed) for seed in range(12)}
    assert len(said) == 3
    assert len({say("Who are you?", seed=seed, temperature=0) for seed in range(12)}) == 1


ROLES = st.sampled_from(["user", "assistant", "system", "developer"])
MARKS = r"""what is sort : , . ? the sum of 3 ) ( ** / % | --- ``` context: question: in json table
columns convert 10 km to miles days between 2024-02-30 and Ada's "quoted' first 5 words replace
a with b reverse count classify positive or negative translate French name is my 你好 吗 😀 é
² ½ ٣ -1 99999999999999999999 tall older than x = 2x + 1"""
WORDS = st.sampled_from([*MARKS.split(), "\n", "\n\n", "\u0301", "\u2028", "\x0b"])
MADE_TEXT = st.lists(WORDS, max_size=25).map(" ".join) | ANY_TEXT


@given(
    talk=st.lists(st.tuples(ROLES, MADE_TEXT), min_size=1, max_size=5),
    stop=st.none() | st.lists(st.text(max_size=4), max_size=4),
    limit=st.none() | st.integers(0, 30),
    n=st.integers(1, 3),
)
@settings(max_examples=200)
def test_nothing_breaks_it(
    talk: list[tuple[str, str]], stop: list[str] | None, limit: int | None, n: int
) -> None:
    body = [{"role": role, "content": text} for role, text in talk]
    choices, counts = run(messages=body, stop=stop, max_tokens=limit, n=n)
    assert all(len(said.finishes) == 1 for said in choices.values())
    assert counts.completion <= n * (limit if limit is not None else 10**6)
    for said in choices.values():
        assert not any(one and one in said.text for one in stop or ())


@pytest.mark.parametrize(
    "task",
    [
        "(" * 20_000,
        "1+" * 20_000,
        "a, " * 30_000,
        "Context: " * 5_000 + "?",
        "|a" * 20_000,
        "\n" * 50_000,
        "what is " * 10_000,
        "'" * 30_000,
        "x" * 100_000,
        "Summarize: " + "The sun is a star. " * 4_000,
        "1" * 50_000,
        "{" * 20_000,
        "my name is " * 5_000,
        "Ada Bob " * 10_000,
        "2024-01-01 " * 8_000,
    ],
    ids=lambda task: task[:12],
)
def test_long_inputs_stay_quick(task: str) -> None:
    say("Hello")
    start = time.perf_counter()
    say(task, max_tokens=10)
    assert time.perf_counter() - start < 2


def test_parts_that_nobody_can_read_are_owned_up_to() -> None:
    film = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
    paper = {"type": "file", "file": {"file_id": "file-1"}}
    text = {"type": "text", "text": "What is 2+2?"}
    said = say(messages=[{"role": "user", "content": [text, film, paper]}])
    assert said == "I could not read the video, file you sent. 2 + 2 = 4"
    alone = say(messages=[{"role": "user", "content": [film]}])
    assert alone == "I could not read the video you sent."


def test_a_spoken_turn_known_by_its_id_only_breaks_nothing() -> None:
    spoken = {"role": "assistant", "audio": {"id": "audio_1"}}
    before = {"role": "user", "content": "My name is Ada."}
    after = {"role": "user", "content": "What is my name?"}
    assert say(messages=[before, spoken, after]) == "Your name is Ada."


@given(task=st.sampled_from(TASKS), limit=st.integers(0, 90))
@settings(max_examples=60)
def test_thinking_and_answer_share_the_limit(task: str, limit: int) -> None:
    whole, total = run(task, reasoning_effort="medium")
    choices, counts = run(task, reasoning_effort="medium", max_completion_tokens=limit)
    assert total.completion == total.reasoning + tokens.count(whole[0].text)
    assert counts.completion == min(limit, total.completion)
    assert counts.reasoning == min(limit, total.reasoning)
    assert choices[0].finishes == ["length" if limit < total.completion else "stop"]
    assert whole[0].thought.startswith(choices[0].thought)


def test_what_thinking_tells_is_what_was_done() -> None:
    def thought(*turns: str, **options: object) -> str:
        return run(*turns, reasoning_effort="high", **options)[0][0].thought

    assert "skill 'arithmetic' has an answer" in thought("What is 2+2?")
    assert "bare value is “4”" in thought("What is 2+2?")
    assert "No skill has an answer" in thought("Tell me about Rome")
    assert "brevity number" in thought("What is 2+2? Only the number.")
    assert "2 earlier messages" in thought("Hi", "Hello", "What is 2+2?")
    assert run("What is 2+2?")[0][0].thought == ""
    assert run("What is 2+2?", reasoning_effort="none")[0][0].thought == ""


@pytest.mark.parametrize(
    "task",
    ["Once upon a time", "The capital of France is", "I would like to", "Dear Ada, I went to the"],
)
def test_a_text_that_breaks_off_is_gone_on_with(task: str) -> None:
    said = say(task)
    assert said.startswith("(Babble, drawn by chance from the words of Python's manual:) ")
    assert said == say(task) == say(f"Continue this text: '{task}'")
    assert len({say(task, seed=seed) for seed in range(4)}) > 1


@pytest.mark.parametrize(
    "task", ["What is the capital of", "Tell me about Rome", "I love Rome.", "Rome", "I like it"]
)
def test_other_texts_are_not_babbled_at(task: str) -> None:
    assert "Babble" not in say(task)
