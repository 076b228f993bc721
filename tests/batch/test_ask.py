"""`nx.ask`: a prompt for each row; each gets its own answer, and no answer is paid for twice."""

from __future__ import annotations

import datetime as dt
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, field_validator
from sqlalchemy import select

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.cache import FILE_NAME
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.template import Template, literal
from nexhina_nb.client import Client
from nexhina_nb.client.texts import is_missing
from nexhina_nb.store.tables import logs
from nexhina_nb.tabular.answers import Ask
from tests.batch.upstream import Faults, Upstream, error, interrupt, said, serve
from tests.conftest import RunningGateway

PROMPT = "Label: {text}"
KINDS: list[Callable[[dict[str, Any]], Any]] = [pd.DataFrame, pl.DataFrame, pa.table]


class Label(BaseModel):
    """What a row is to be labelled with."""

    sentiment: Literal["positive", "negative", "neutral"]
    stars: int


def prompts(upstream: Upstream) -> list[str]:
    """What was asked, in order."""
    return [body["messages"][-1]["content"] for body in upstream.bodies if "messages" in body]


def column(frame: Any, name: str) -> list[Any]:
    """The values of a column of any kind of frame; what is missing is None."""
    return [None if is_missing(value) else value for value in Table.of(frame).values(name)]


def saying(*texts: str, **choice: Any) -> Faults:
    """Answers with these contents, the last one again and again."""
    rest = list(texts)

    def says(body: dict[str, Any]) -> dict[str, Any]:
        text = rest.pop(0) if len(rest) > 1 else rest[0]
        return {"message": {"content": text}, **choice}

    return Faults(says=says)


# The frame and the prompt.


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_has_its_answer(upstream: Upstream, client: Client, kind: Any) -> None:
    frame = kind({"text": ["a", None, "b", "a"], "n": [1, 2, 3, 4]})
    made = nx.ask(frame, PROMPT, client=client, model="m")
    assert type(made) is type(frame)
    assert column(made, "n") == [1, 2, 3, 4]
    right = {text: said(f"Label: {text}") for text in "ab"}
    assert column(made, "answer") == [right["a"], None, right["b"], right["a"]]
    why = column(made, "answer_error")
    assert why == [None, "missing: there is no 'text'", None, None]
    assert sorted(prompts(upstream)) == ["Label: a", "Label: b"]


def test_values_of_all_sorts_in_a_prompt(upstream: Upstream, client: Client) -> None:
    frame = pl.DataFrame(
        {
            "a b:c!r": ["x"],
            "n": [3],
            "f": [1.5],
            "day": [dt.date(2026, 3, 4)],
            "when": [dt.datetime(2026, 3, 4, 12, 30)],
            "yes": [True],
            "list": [["é", None]],
            "struct": [{"k": dt.date(2026, 1, 2)}],
        }
    )
    prompt = "{{{a b:c!r}}}|{n}|{f}|{day}|{when}|{yes}|{list}|{struct}|{n}|{{n}}|}"
    nx.ask(frame, prompt, client=client)
    assert prompts(upstream) == [
        '{x}|3|1.5|2026-03-04|2026-03-04 12:30:00|True|["é", null]|{"k": "2026-01-02"}|3|{n}|}'
    ]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A client for many examples, and a folder for their answers."""
    with serve() as upstream, Client(upstream.base_url, "sk-test") as client:
        yield client, tmp_path_factory.mktemp("answers")


@settings(max_examples=50)
@given(
    st.lists(st.none() | st.sampled_from(["a", "b", "", " \n", "é中\0\n"]) | st.text(), max_size=9)
)
def test_all_else_stays(shared: tuple[Client, Path], texts: list[Any]) -> None:
    client, folder = shared
    rows = range(len(texts))
    schema = {"text": pl.String, "n": pl.Int32, "nested": pl.List(pl.Int64)}
    polars = pl.DataFrame({"text": texts, "n": rows, "nested": [[row] for row in rows]}, schema)
    pandas = polars.to_pandas().set_index(pd.Index([7 for _ in rows], name="i"))
    right = [said(f"Label: {text}") if text and text.strip() else None for text in texts]
    for frame in (polars, pandas, polars.to_arrow(), polars.lazy()):
        made = nx.ask(frame, PROMPT, client=client, cache=folder, progress=False)
        again = nx.ask(frame, PROMPT, client=client, cache=folder, progress=False)
        if isinstance(made, pl.LazyFrame):
            made, again, frame = made.collect(), again.collect(), polars
        assert again.equals(made)
        kept = made[["text", "n", "nested"]] if isinstance(frame, pd.DataFrame) else None
        kept = made.select(["text", "n", "nested"]) if kept is None else kept
        assert kept.equals(frame)
        assert column(made, "answer") == right
        if None in right:
            why = column(made, "answer_error")
            assert [reason is None for reason in why] == [text is not None for text in right]


def test_columns_of_pandas_with_other_names(upstream: Upstream, client: Client) -> None:
    numbered = pd.DataFrame([["a", "b"]], columns=[0, "x"], index=["row"])
    made = nx.ask(numbered, "{0} {x}", client=client)
    assert list(made.columns) == [0, "x", "answer"]
    assert list(made.index) == ["row"]
    levels = pd.MultiIndex.from_tuples([("t", ""), ("u", "v")])
    nested = pd.DataFrame([["a", "b"]], columns=levels)
    made = nx.ask(nested, "{t}{('u', 'v')}!", client=client)
    assert list(made.columns) == [*levels, ("answer", "")]
    assert prompts(upstream) == ["a b", "ab!"]


def test_rows_that_cannot_be_asked_about(upstream: Upstream, client: Client) -> None:
    texts = pd.Series([None, float("nan"), pd.NaT, "", " \n", "\ud800", b"a", "good"], dtype=object)
    frame = pd.DataFrame({"text": texts, "n": [1.0, None, 1, 1, 1, 1, 1, 1]})
    why = list(nx.ask(frame, PROMPT, client=client)["answer_error"])
    assert why[:7] == [
        *["missing: there is no 'text'"] * 3,
        *["empty: there is nothing to ask about"] * 2,
        "not_a_text: half a character (a lone surrogate) is in it",
        "not_a_text: 'text' holds bytes",
    ]
    assert prompts(upstream) == ["Label: good"]
    both = nx.ask(frame[3:4], "{text}{n}", client=client)
    assert "answer_error" not in both.columns  # an empty text beside a number is something


@given(st.text(), st.lists(st.tuples(st.sampled_from("abc"), st.text()), min_size=1))
def test_a_template_says_what_stands_in_it(first: str, rest: list[tuple[str, str]]) -> None:
    values = {"a": "{b}", "b": "}} ", "c": "{{"}
    template = literal(first) + "".join(f"{{{name}}}{literal(text)}" for name, text in rest)
    made = Template.of(template)
    expected = first + "".join(values[name] + text for name, text in rest)
    assert made.filled([values[name] for name in made.names]) == expected


@pytest.mark.parametrize(
    ("prompt", "options", "words"),
    [
        ("Label it", {}, "names no column"),
        ("{{text}}", {}, "names no column"),
        ("{text} {", {}, "no column is named at '{' of the prompt → write {{"),
        ("{} {text}", {}, "no column is named at '{} {text}'"),
        ('{"a": {text}}', {}, "no column is named at"),
        ("{texts}", {}, "no column 'texts', which the prompt names → did you mean text? columns:"),
        (7, {}, "the prompt is an int"),
        (PROMPT, {"max_tokens": 0}, "max_tokens cannot be 0"),
        (PROMPT, {"temperature": 7}, "temperature"),
        (PROMPT, {"temperature": "hot"}, "temperature"),
        (PROMPT, {"system": 3}, "content"),
        (PROMPT, {"seed": "x"}, "seed"),
        (PROMPT, {"into": ""}, "into cannot be ''"),
        (PROMPT, {"into": "text"}, "'text', which is read, would be overwritten"),
        (PROMPT, {"schema": int}, "schema is a type"),
        (PROMPT, {"schema": 3}, "schema is an int"),
        (PROMPT, {"errors": "ignore"}, "errors cannot be"),
        (
            PROMPT,
            {"schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "has a column 'n', and the schema a field of that name",
        ),
        (
            PROMPT,
            {"schema": {"type": "object", "properties": {"text": {"type": "string"}}}},
            "'text', would be overwritten",
        ),
        (
            PROMPT,
            {"schema": {"type": "object", "properties": {"answer_error": {}}}},
            "the schema has a field 'answer_error'",
        ),
    ],
)
def test_what_cannot_be_used_is_said(
    upstream: Upstream, client: Client, prompt: Any, options: Any, words: str
) -> None:
    frame = pd.DataFrame({"text": ["a"], "n": ["b"]})
    with pytest.raises(errors.BadInput) as caught:
        nx.ask(frame, prompt, client=client, **options)
    assert words in str(caught.value)
    assert not upstream.requests


def test_what_is_sent(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a"]})
    options = {"temperature": 0.5, "max_tokens": 9, "seed": 3}
    nx.ask(frame, PROMPT, client=client, model="m", system="Be {brief}.", lang="fr", **options)
    assert upstream.bodies == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be {brief}.\n\nAnswer in French."},
                {"role": "user", "content": "Label: a"},
            ],
            **options,
        }
    ]


def test_the_language_of_the_settings(
    upstream: Upstream, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_LANG", "zh")
    monkeypatch.setenv("NEXHINA_BASE_URL", upstream.base_url)
    frame = pd.DataFrame({"text": ["a"]})
    nx.ask(frame, PROMPT)
    assert upstream.bodies[-1]["messages"][0]["content"] == "Answer in Chinese."
    nx.ask(frame, PROMPT, client=client)  # made before
    assert len(upstream.bodies[-1]["messages"]) == 1


# Answers that keep to a schema.


@pytest.mark.parametrize("kind", KINDS)
def test_fields_become_columns(upstream: Upstream, client: Client, kind: Any) -> None:
    upstream.faults = saying('{"sentiment": "positive", "stars": 5}')
    frame = kind({"text": ["a", "b"], "n": [1, 2]})
    made = nx.ask(frame, PROMPT, client=client, schema=Label)
    assert column(made, "sentiment") == ["positive"] * 2
    assert column(made, "stars") == [5, 5]
    form = upstream.bodies[0]["response_format"]["json_schema"]
    assert (form["name"], form["strict"]) == ("Label", True)
    assert set(form["schema"]["properties"]) == {"sentiment", "stars"}
    named = nx.ask(frame, PROMPT, client=client, schema=Label, into="ai")
    assert Table.of(named).names == ["text", "n", "ai_sentiment", "ai_stars"]
    assert upstream.requests == 2


def test_an_earlier_run_is_replaced_and_nothing_else(upstream: Upstream, client: Client) -> None:
    upstream.faults = saying('{"sentiment": "positive", "stars": 5}')
    for kind in KINDS:
        frame = kind({"text": ["a", None]})
        once = nx.ask(frame, PROMPT, client=client, schema=Label)
        again = nx.ask(once, PROMPT, client=client, schema=Label)
        names = ["text", "sentiment", "stars", "answer_error"]
        assert Table.of(again).names == names
        assert again.equals(once)
    frame = pd.DataFrame({"text": ["a"], "stars": [3]})
    with pytest.raises(errors.BadInput, match="has a column 'stars'"):
        nx.ask(frame, PROMPT, client=client, schema=Label)
    frame = pd.DataFrame({"text": ["a"], "sentiment": ["x"], "stars": ["three"]})
    with pytest.raises(errors.BadInput, match="has a column 'sentiment'"):
        nx.ask(frame, PROMPT, client=client, schema=Label)
    named = nx.ask(frame, PROMPT, client=client, schema=Label, into="ai")
    assert nx.ask(named, PROMPT, client=client, schema=Label, into="ai").equals(named)


class Full(BaseModel):
    """Fields of many types."""

    sentiment: str
    stars: int | None
    share: float
    is_new: bool | None
    day: dt.date
    moment: dt.datetime
    tags: list[str]
    label: Label


FULL = (
    '{"sentiment": "x", "stars": null, "share": 1, "is_new": true, "day": "2026-01-02",'
    ' "moment": "2026-01-02T03:04:05Z", "tags": ["a"],'
    ' "label": {"sentiment": "neutral", "stars": 1}}'
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("into", [None, "ai"])
def test_an_earlier_run_is_known_by_all_types(
    upstream: Upstream, client: Client, kind: Any, into: str | None
) -> None:
    upstream.faults = saying(FULL)
    once = nx.ask(kind({"text": ["a", None]}), PROMPT, client=client, schema=Full, into=into)
    again = nx.ask(once, PROMPT, client=client, schema=Full, into=into)
    assert Table.of(again).names == Table.of(once).names
    assert column(again, f"{into}_day" if into else "day") == [dt.date(2026, 1, 2), None]
    assert upstream.requests == 1


class Named(BaseModel):
    """A single field."""

    label: Literal["x", "y"]


@pytest.mark.parametrize("kind", [*KINDS, pl.LazyFrame])
def test_a_label_of_the_callers_is_not_overwritten(
    upstream: Upstream, client: Client, kind: Any
) -> None:
    upstream.faults = saying('{"label": "x"}')
    frame = kind({"text": ["a", "b"], "label": ["y", "x"]})
    with pytest.raises(errors.BadInput, match=r"has a column 'label'.*into="):
        collected(nx.ask(frame, PROMPT, client=client, schema=Named))
    assert not upstream.requests
    once = collected(nx.ask(frame, PROMPT, client=client, schema=Named, into="ai"))
    assert column(once, "label") == ["y", "x"]
    again = collected(nx.ask(once, PROMPT, client=client, schema=Named, into="ai"))
    assert column(again, "ai_label") == ["x", "x"]


@pytest.mark.parametrize("kind", KINDS)
def test_columns_that_no_answer_made_are_the_callers(
    upstream: Upstream, client: Client, kind: Any
) -> None:
    # Types fit, but no answer says "mine".
    frame = kind({"text": ["a"], "sentiment": ["mine"], "stars": [3]})
    with pytest.raises(errors.BadInput, match="has a column 'sentiment'"):
        nx.ask(frame, PROMPT, client=client, schema=Label)
    # The reasons are those of the plain answers.
    asked = nx.ask(kind({"text": ["a", None], "label": ["y", "x"]}), PROMPT, client=client)
    assert {"answer", "answer_error"} <= {*Table.of(asked).names}
    with pytest.raises(errors.BadInput, match=r"has a column 'label'"):
        nx.ask(asked, PROMPT, client=client, schema=Named)


def collected(frame: Any) -> Any:
    """What a lazy frame comes to; any other as it is."""
    return frame.collect() if isinstance(frame, pl.LazyFrame) else frame


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_field_is_asked_for_again_where_rows_failed(
    upstream: Upstream, client: Client, kind: Any
) -> None:
    upstream.faults = saying('{"label": "z"}', '{"label": "x"}')
    frame = kind({"text": ["a", "b"]})
    once = nx.ask(frame, PROMPT, client=client, schema=Named, max_concurrency=1)
    assert [why is None for why in column(once, "answer_error")] == [False, True]
    again = nx.ask(once, PROMPT, client=client, schema=Named)
    assert column(again, "label") == ["x", "x"]
    with pytest.raises(errors.BadInput, match="has a column 'label'"):
        nx.ask(again, PROMPT, client=client, schema=Named)


@pytest.mark.parametrize("present", [{"ai_stars": [3]}, {"ai_sentiment": ["x"], "ai_stars": ["3"]}])
def test_into_overwrites_no_column_of_the_callers(
    upstream: Upstream, client: Client, present: dict[str, Any]
) -> None:
    frame = pd.DataFrame({"text": ["a"], **present})
    with pytest.raises(errors.BadInput, match="has a column 'ai_s"):
        nx.ask(frame, PROMPT, client=client, schema=Label, into="ai")
    assert not upstream.requests


def test_a_column_of_the_prompt_is_not_overwritten(upstream: Upstream, client: Client) -> None:
    columns = pd.MultiIndex.from_tuples([("sentiment", ""), ("stars", "")])
    frame = pd.DataFrame([["a", 1]], columns=columns)
    with pytest.raises(errors.BadInput, match="'sentiment', would be overwritten"):
        nx.ask(frame, "Label: {sentiment}", client=client, schema=Label)
    assert not upstream.requests


def test_an_answer_that_does_not_fit_is_asked_for_again(upstream: Upstream, client: Client) -> None:
    upstream.faults = saying('{"sentiment": "so so", "stars": 5}')
    frame = pd.DataFrame({"text": ["a"]})
    made = nx.ask(frame, PROMPT, client=client, schema=Label)
    why = made["answer_error"][0]
    assert why.startswith("schema: sentiment: Input should be 'positive', 'negative' or 'neutral'")
    assert why.endswith('; the answer was {"sentiment": "so so", "stars": 5}')
    assert column(made, "stars") == [None]
    upstream.faults = saying('{"sentiment": "neutral", "stars": 5}')
    made = nx.ask(made, PROMPT, client=client, schema=Label)
    assert list(made.columns) == ["text", "sentiment", "stars"]
    assert upstream.requests == 2


def test_a_class_that_became_stricter(upstream: Upstream, client: Client) -> None:
    class Score(BaseModel):
        stars: int

    loose = Score

    class Score(BaseModel):  # type: ignore[no-redef]
        stars: int

        @field_validator("stars")
        @classmethod
        def _few(cls, value: int) -> int:
            if value > 5:
                raise ValueError("five at most")
            return value

    upstream.faults = saying('{"stars": 9}')
    frame = pd.DataFrame({"text": ["a"]})
    nx.ask(frame, PROMPT, client=client, schema=loose)
    made = nx.ask(frame, PROMPT, client=client, schema=Score)
    assert "five at most" in made["answer_error"][0]
    assert upstream.requests == 2


@pytest.mark.parametrize(
    ("choice", "words", "text"),
    [
        ({"message": {"content": "so f"}, "finish_reason": "length"}, "truncated: the", "so f"),
        (
            {"message": {"content": None}, "finish_reason": "content_filter"},
            "content_filter: the provider's filter stepped in",
            "",
        ),
        (
            {"message": {"content": None, "refusal": "I will not."}},
            "refused: I will not.",
            None,
        ),
        (
            {"message": {"content": None, "tool_calls": []}, "finish_reason": "tool_calls"},
            "no_text: the model called a tool",
            "",
        ),
        ({"message": {"content": ""}}, None, ""),
    ],
)
def test_answers_that_are_not_whole(
    upstream: Upstream, client: Client, choice: Any, words: str | None, text: str | None
) -> None:
    upstream.faults.says = lambda body: choice
    frame = pl.DataFrame({"text": ["a"]})
    for _ in range(2):
        made = nx.ask(frame, PROMPT, client=client)
        assert made["answer"].to_list() == [text]
        why = made["answer_error"][0] if "answer_error" in made.columns else None
        assert why is None if words is None else why.startswith(words)
    assert upstream.requests == 1
    typed = nx.ask(frame, PROMPT, client=client, schema=Label)
    assert typed["stars"].to_list() == [None]
    assert typed["answer_error"][0].startswith(words or "schema: ")


def test_a_refused_prompt_is_one_row(upstream: Upstream, client: Client) -> None:
    refused = 400, {}, error("content_filter", "it broke a rule")
    upstream.faults.answer = lambda body: refused if "bad" in str(body["messages"]) else None
    made = nx.ask(pl.DataFrame({"text": ["a", "bad", "b"]}), PROMPT, client=client)
    assert made["answer_error"].to_list() == [None, "content_filter: it broke a rule", None]
    assert made["answer"].null_count() == 1


def test_errors_are_raised_at_the_end_if_asked(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a", None]})
    with pytest.raises(errors.BatchFailed, match="1 of 2 rows failed") as caught:
        nx.ask(frame, PROMPT, client=client, errors="raise")
    assert column(caught.value.partial, "answer") == [said("Label: a"), None]


# Money: what is asked again, and what is not.


def test_what_makes_an_answer_another_one(upstream: Upstream, client: Client) -> None:
    upstream.faults = saying("7")
    frame = pd.DataFrame({"text": ["a"]})
    same: dict[str, Any] = {"client": client, "model": "m"}
    for count, options in enumerate(
        [
            {},
            {"system": "x"},
            {"lang": "fr"},
            {"temperature": 0.5},
            {"seed": 1},
            {"model": "n"},
            {"schema": {"type": "number"}},
        ],
        1,
    ):
        for _ in range(2):
            nx.ask(frame, PROMPT, **{**same, **options})
            assert upstream.requests == count
    nx.ask(frame, PROMPT, **same, max_tokens=5)
    nx.ask(frame.rename(columns={"text": "t"}), "Label: {t}", **same, into="label")
    assert upstream.requests == count
    nx.ask(frame, PROMPT, **same, cache=False)
    assert upstream.requests == count + 1


def test_more_tokens_are_asked_for_what_was_cut_off_only(
    upstream: Upstream, client: Client
) -> None:
    def says(body: dict[str, Any]) -> dict[str, Any]:
        is_long = body["messages"][-1]["content"].endswith("long")
        return {"finish_reason": "length"} if is_long and body["max_tokens"] < 20 else {}

    upstream.faults.says = says
    frame = pl.DataFrame({"text": ["short", "long"]})
    for limit, requests in [(10, 2), (10, 2), (15, 3), (20, 4), (30, 4), (10, 4)]:
        made = nx.ask(frame, PROMPT, client=client, max_tokens=limit)
        assert upstream.requests == requests
        assert ("answer_error" in made.columns) == (limit < 20 and requests < 4)


def test_bad_networks(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(busy=0.2, broken=0.05, dropped=0.05, junk=0.05, retry_after="0.01")
    frame = pd.DataFrame({"text": [f"t{row % 80}" for row in range(100)]})
    made = nx.ask(frame, PROMPT, client=client)
    assert list(made["answer"]) == [said(f"Label: {text}") for text in frame["text"]]
    assert "answer_error" not in made.columns
    assert set(upstream.answered.values()) == {1}
    assert len(upstream.answered) == 80


def test_an_interrupt_keeps_what_came(upstream: Upstream, client: Client) -> None:
    upstream.faults.latency = 0.01
    upstream.on_answer = lambda up: interrupt() if sum(up.answered.values()) == 30 else None
    frame = pd.DataFrame({"text": [f"t{row}" for row in range(400)]})
    with pytest.raises(errors.Stopped) as caught:
        nx.ask(frame, PROMPT, client=client, max_concurrency=4)
    partial = caught.value.partial
    known = partial["answer"].notna()
    assert 20 <= known.sum() < 400
    assert set(partial["answer_error"][~known]) == {"not_done: the batch was stopped before"}
    upstream.on_answer = lambda up: None
    read = dict(upstream.read)
    made = nx.ask(frame, PROMPT, client=client)
    assert list(made["answer"]) == [said(f"Label: {text}") for text in frame["text"]]
    assert all(upstream.sent[prompt] == 1 for prompt in read)


def test_two_at_once(upstream: Upstream, client: Client) -> None:
    frame = pl.DataFrame({"text": [f"t{row}" for row in range(50)]})
    made: list[Any] = []
    work = [
        threading.Thread(target=lambda: made.append(nx.ask(frame, PROMPT, client=client)))
        for _ in range(2)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert made[0].equals(made[1])


def test_the_answers_on_disk_need_no_gateway(gateway: RunningGateway, tmp_path: Any) -> None:
    frame = pd.DataFrame({"text": ["Say hello."]})
    path = tmp_path / FILE_NAME
    with Client(gateway.base_url, gateway.key) as client:
        made = nx.ask(frame, "{text}", client=client, cache=path)
    with Client(gateway.base_url, "sk-of-nobody") as client:
        pd.testing.assert_frame_equal(nx.ask(frame, "{text}", client=client, cache=path), made)


# The price before, lazy frames, other processes.


def test_the_estimate_is_what_is_billed(gateway: RunningGateway) -> None:
    letters = ["Dear all, {we} meet.", "谢谢", "I love it 😀", "no", "no", None]
    frame = pd.DataFrame({"text": letters, "n": range(6)})
    with Client(gateway.base_url, gateway.key) as client:
        options: dict[str, Any] = {"client": client, "system": "Be kind.", "max_tokens": 12}
        options["schema"] = {"type": "object", "properties": {"mood": {"type": "string"}}}
        prompt = "Read no. {n}: {text}\n{{JSON}}"
        before = nx.ask(frame, prompt, **options, dry_run=True)
        assert before == nx.estimate("ask", frame, prompt=prompt, **options)
        nx.ask(frame, prompt, **options)
    with gateway.store.reading() as connection:
        rows = connection.execute(select(logs).where(logs.c.type == 2)).all()
    assert len(rows) == 5
    assert before.input_tokens == sum(row.prompt_tokens for row in rows)
    assert before.output_tokens == (0, 60)
    assert before.quota is not None
    assert before.quota[0] <= sum(row.quota for row in rows) <= before.quota[1]


def test_a_budget_stops_before_it_is_spent(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": [f"t{row}" for row in range(10)]})
    options: dict[str, Any] = {"client": client, "model": "gpt-4o", "max_tokens": 100}
    least = nx.ask(frame, PROMPT, **options, dry_run=True).usd[0]
    with pytest.raises(errors.BudgetExceeded):
        nx.ask(frame, PROMPT, **options, budget=least / 2)
    assert not prompts(upstream)
    with pytest.raises(errors.BudgetExceeded) as caught:
        nx.ask(frame, PROMPT, **options, budget=Decimal("0.00104"), max_concurrency=1)
    # What each may cost is 0.001, what the upstream bills 0.000004.
    assert 0 < caught.value.partial["answer"].notna().sum() < 10


@pytest.mark.parametrize("schema", [None, Label])
def test_lazy_frames_ask_for_nothing_before_they_are_collected(
    upstream: Upstream, client: Client, schema: Any
) -> None:
    upstream.faults = saying('{"sentiment": "positive", "stars": 5}')
    frame = pl.DataFrame({"text": ["a", None, "c"], "n": [1, 2, 3]})
    lazy = nx.ask(frame.lazy(), PROMPT, client=client, schema=schema)
    schema_before = lazy.collect_schema()
    assert not upstream.requests
    made = lazy.filter(pl.col("n") < 3).collect()
    assert made.schema == schema_before
    assert prompts(upstream) == ["Label: a"]
    eager = nx.ask(frame, PROMPT, client=client, schema=schema)
    assert lazy.collect().equals(eager)


def test_a_plan_travels() -> None:
    plan = Ask(PROMPT, Label, "x", "sys", None, 0.5, 9, 3)
    assert plan.names == ("x_sentiment", "x_stars")
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    inputs = again.read(Table.of(pd.DataFrame({"text": ["a", "a"]})))
    assert (inputs.texts, inputs.place.tolist()) == (["Label: a"], [0, 0])
    assert again.sheet.read('{"sentiment": "neutral", "stars": 1}') == ["neutral", 1]


def test_the_built_in_model_answers_for_itself(shared_gateway: RunningGateway) -> None:
    frame = pl.DataFrame({"text": ["I love it!", "What a terrible thing."]})
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        made = nx.ask(frame, "Label the sentiment of: {text}", schema=Label, client=client)
    assert made["sentiment"].to_list() == ["positive", "negative"]


def test_odd_replies_are_tried_again(upstream: Upstream, client: Client) -> None:
    junk = [b'{"choices": []}', b'{"choices": [{"message": null}]}']
    upstream.faults.answer = lambda body: (200, {}, junk.pop()) if junk else None
    made = nx.ask(pd.DataFrame({"text": ["a"] * 3}), PROMPT, client=client, progress=False)
    assert list(made["answer"]) == [said("Label: a")] * 3
    assert upstream.requests == 3


def test_an_empty_frame(upstream: Upstream, client: Client) -> None:
    for kind in KINDS:
        frame = kind({"text": []})
        made = Table.of(nx.ask(frame, PROMPT, client=client, schema=Label))
        assert made.names == ["text", "sentiment", "stars"]
        assert len(made) == 0
    assert not upstream.requests


def test_many_rows_are_kept_apart(upstream: Upstream, client: Client) -> None:
    rows = np.random.default_rng(1).integers(0, 300, 2000)
    frame = pl.DataFrame({"text": [f"t{row}" for row in rows]})
    made = nx.ask(frame, PROMPT, client=client)
    assert made["answer"].to_list() == [said(f"Label: t{row}") for row in rows]
    assert upstream.requests == len(set(rows))


JOB = """
import sys, pandas as pd, nexhina_nb as nx
from nexhina_nb.client import Client
frame = pd.DataFrame({"text": [f"t{row}" for row in range(400)]})
made = nx.ask(frame, "Label: {text}", client=Client(sys.argv[1], "sk"), cache=sys.argv[2],
              max_concurrency=8)
print(len(made) - made["answer"].isna().sum())
"""


def test_a_killed_process_loses_only_what_was_under_way(upstream: Upstream, tmp_path: Path) -> None:
    upstream.faults.latency = 0.005
    command = [sys.executable, "-W", "ignore", "-c", JOB, upstream.base_url, str(tmp_path / "a.db")]
    for count in (40, 170, 300):
        job = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        upstream.on_answer = lambda up, job=job, count=count: (
            job.kill() if len(up.answered) == count else None
        )
        assert job.wait(60) == -signal.SIGKILL
    upstream.on_answer = lambda up: None
    assert subprocess.check_output(command, stderr=subprocess.DEVNULL).split()[-1] == b"400"
    # Three times, what was under way is asked for again; nothing else.
    assert len(upstream.sent) == 400
    assert sum(upstream.sent.values()) <= 400 + 3 * 8
