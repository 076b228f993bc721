from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadInput
from nexhina_nb.magics.args import parse, split
from nexhina_nb.magics.options import Chat, Cost, Embed, Gateway, Models, Rerank


def args(line: str, *, is_cell: bool = True) -> object:
    return parse(line, is_cell=is_cell).args


def test_a_cell_without_a_verb_is_a_chat() -> None:
    assert args("") == Chat()
    assert args("-m gpt-4o") == Chat(model="gpt-4o")
    assert parse("", is_cell=False).verb.name == "help"


def test_every_kind_of_value() -> None:
    line = (
        "chat -m gpt-4o -o reply --dry-run --budget $0.05 -s 'Be brief.' --lang zh -t 0.5 "
        "--max-tokens 10 --seed=-3 --stop '\\n' --stop END --json --schema S --image a.png "
        "--image b --tool f -c talk --no-stream --raw --traceback --verbatim"
    )
    assert args(line) == Chat(
        model="gpt-4o", out="reply", dry_run=True, budget=Decimal("0.05"), system="Be brief.",
        lang="zh", temperature=0.5, max_tokens=10, seed=-3, stop=("\n", "END"), json=True,
        schema="S", image=("a.png", "b"), tool=("f",), conversation="talk", no_stream=True,
        raw=True, traceback=True, verbatim=True,
    )  # fmt: skip


def test_verbs_with_arguments() -> None:
    assert args("gateway start", is_cell=False) == Gateway(action="start")
    assert args("models gpt-4* -o m", is_cell=False) == Models(pattern="gpt-4*", out="m")
    assert args("cost --by=day", is_cell=False) == Cost(by="day")
    assert args("rerank -q 'two words' -n 3") == Rerank(query="two words", top_n=3)
    assert args("embed --from df --column 'my text'") == Embed(frame="df", column="my text")


def test_a_backslash_is_an_ordinary_character() -> None:
    assert split(r"--image C:\pictures\a.png") == ["--image", r"C:\pictures\a.png"]


def test_variables_are_inserted_into_values_only() -> None:
    def expand(text: str) -> str:
        return text.replace("{{x}}", "-o")

    assert parse("-s {{x}}", is_cell=True, expand=expand).args == Chat(system="-o")


def test_help_asks_for_nothing_else() -> None:
    assert parse("rerank --help", is_cell=True).args == Rerank(help=True)
    assert parse("gateway -h", is_cell=False).args == Gateway(help=True)


@pytest.mark.parametrize(
    ("line", "is_cell", "said"),
    [
        ("chta", True, "there is no verb 'chta' → did you mean chat?"),
        ("chat --temprature 1", True, "chat has no option --temprature → did you mean --temper"),
        ("chat -x", True, "chat has no option -x → "),
        ("models", True, "models takes one line → write %nexhina models"),
        ("chat", False, "chat takes a whole cell → write %%nexhina chat as the first line"),
        ("hello world", True, "there is no verb 'hello'"),
        ("chat hello", True, "the prompt goes below the first line"),
        ("-t warm", True, "--temperature cannot be 'warm' → it takes a number"),
        ("-t nan", True, "--temperature cannot be 'nan'"),
        ("--max-tokens 1.5", True, "--max-tokens cannot be '1.5' → it takes a whole number"),
        ("--budget -1", True, "--budget cannot be '-1' → it takes an amount in USD"),
        ("--budget inf", True, "--budget cannot be 'inf'"),
        ("-o 1a", True, "--out cannot be '1a' → it takes a name for a variable"),
        ("-o class", True, "--out cannot be 'class'"),
        ("-o", True, "--out needs a value → --out VAR: variable to put the result into"),
        ("-o --raw", True, "--out needs a value"),
        ("-o a -o b", True, "--out is given twice"),
        ("--raw=yes", True, "--raw takes no value"),
        ("rerank", True, "rerank needs --query → --query TEXT: "),
        ("gateway", False, "gateway needs the argument start|stop|status"),
        ("gateway stat", False, "cannot be 'stat' → did you mean start or status?"),
        ("gateway start now", False, "gateway has no use for 'now'"),
        (
            "cost --by user",
            False,
            "--by cannot be 'user' → choose from: model, cell, notebook, day, key, tag:NAME",
        ),
        ("-s What's", True, "a quotation mark is not closed"),
    ],
)
def test_what_cannot_be_read_is_said(line: str, is_cell: bool, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(line, is_cell=is_cell)
    assert said in str(caught.value)


@given(st.text(), st.booleans())
def test_any_line_is_read_or_refused(line: str, is_cell: bool) -> None:
    with suppress(BadInput):
        assert parse(line, is_cell=is_cell).verb.is_cell == is_cell


@given(st.lists(st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]))))
def test_quoted_words_come_back(words: list[str]) -> None:
    assert split(" ".join(f"'{word}'" for word in words)) == words
