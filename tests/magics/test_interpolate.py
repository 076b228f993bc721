from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadInput
from nexhina_nb.magics.interpolate import interpolate
from nexhina_nb.magics.names import Names

NAMES = Names(
    {
        "name": "Ada",
        "café": "Flore",
        "user": SimpleNamespace(name="Bo", tags=["x", "y"]),
        "prices": {"tea": 3, "rows": [{"sum": 7}]},
        "_hidden": 1,
    },
    {"inner": "local", "shared": "near"},
)


def test_names_attributes_and_indexes() -> None:
    text = (
        "{{name}} {{ name }} {{user.name}} {{user.tags[-1]}} {{prices['tea']}} "
        '{{prices["rows"][0]["sum"]}} {{café}} {{{name}}} {{inner}}'
    )
    assert interpolate(text, NAMES) == "Ada Ada Bo y 3 7 Flore {Ada} local"


def test_local_scope_goes_first() -> None:
    assert interpolate("{{a}}", Names({"a": "user"}, {"a": "local"})) == "local"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1}}',
        "f'{x}' and $HOME and !ls and {name}",
        r"\frac{{1}}{2}",
        "{{ a + b }} {{ f(x) }} {{}} {{ }} {{a b}} {{a.}} {{a[b]}} {{a['b]}} {{% if %}}",
        "%matplotlib inline\n?help",
    ],
)
def test_everything_else_is_left_alone(text: str) -> None:
    assert interpolate(text, NAMES) == text


@given(st.text().filter(lambda text: "{{" not in text))
def test_a_text_without_double_braces_does_not_change(text: str) -> None:
    assert interpolate(text, NAMES) == text


@given(st.text(st.characters(exclude_characters="{}")), st.text())
def test_values_are_not_read_again(text: str, value: str) -> None:
    assert interpolate(f"{text}{{{{v}}}}{text}", Names({"v": value})) == f"{text}{value}{text}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{namex}}", "there is no variable 'namex' → did you mean name? (--verbatim"),
        ("{{zzz}}", "→ variables: "),
        ("{{user.namex}}", "there is no .namex → did you mean name?"),
        ("{{prices['coffee']}}", "there is no ['coffee'] → keys: tea, rows"),
        ("{{user.tags[5]}}", "there is no [5] → it is a list"),
        ("{{name['a']}}", "there is no ['a'] → it is a str"),
    ],
)
def test_what_does_not_exist_is_an_error(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        interpolate(text, NAMES)
    assert said in str(caught.value)
    assert "_hidden" not in str(caught.value)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_frame_becomes_a_table(kind: type) -> None:
    frame = kind({"a": [1, 2], "b|": ["x|y", "z\nw"]})
    assert interpolate("See:\n{{df}}", Names({"df": frame})) == (
        "See:\n| a | b\\| |\n| --- | --- |\n| 1 | x\\|y |\n| 2 | z w |"
    )


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_long_frame_says_that_it_is_cut(kind: type) -> None:
    table = interpolate("{{df}}", Names({"df": kind({"a": range(1000)})}))
    assert table.endswith("| 29 |\n\n(the first 30 of 1,000 rows)")


def test_an_index_that_says_something_is_kept() -> None:
    frame = pd.DataFrame({"town": ["Oslo", "Oslo", "Rome"], "n": [1, 2, 3]})
    grouped = frame.groupby("town").sum()
    assert "| Oslo | 3 |" in interpolate("{{g}}", Names({"g": grouped}))
    clash = frame.set_index(frame["n"].rename("town"))
    assert "| town (index) | town | n |" in interpolate("{{c}}", Names({"c": clash}))
