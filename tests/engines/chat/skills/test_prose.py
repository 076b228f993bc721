"""Rows and objects out of prose, and the honest answer where there are none."""

from __future__ import annotations

import json

import pytest

from tests.engines.chat.asking import say

PEOPLE = "Ada is 36 and lives in London. Bob is 41 and lives in Paris."


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without its rule."""
    lines = [line for line in text.splitlines() if "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("task", "table"),
    [
        (
            "Make a markdown table with columns name and age for Ada 36, Bob 41",
            [["name", "age"], ["Ada", "36"], ["Bob", "41"]],
        ),
        (
            "Make a table with columns name, age: Ada, 36; Bob, 41",
            [["name", "age"], ["Ada", "36"], ["Bob", "41"]],
        ),
        (
            "Make a table with columns fruit and price for apple 2, pear 3 and fig 4",
            [["fruit", "price"], ["apple", "2"], ["pear", "3"], ["fig", "4"]],
        ),
        (
            "Make a table with columns fruit and price: apples cost 2 francs, pears cost 3 francs",
            [["fruit", "price"], ["apples", "2 francs"], ["pears", "3 francs"]],
        ),
        (
            "Make a table with columns country and capital: France Paris, Italy Rome",
            [["country", "capital"], ["France", "Paris"], ["Italy", "Rome"]],
        ),
        (
            f"Turn this into a table: {PEOPLE}",
            [["name", "age", "city"], ["Ada", "36", "London"], ["Bob", "41", "Paris"]],
        ),
        (
            "Put this in a table: Ada lives in London. She is 36. Bob is 41. He lives in Paris.",
            [["name", "age", "city"], ["Ada", "36", "London"], ["Bob", "41", "Paris"]],
        ),
        (
            f"Create a table with columns name and city from: {PEOPLE}",
            [["name", "city"], ["Ada", "London"], ["Bob", "Paris"]],
        ),
        ("Make a table: a: 1, b: 2", [["Key", "Value"], ["a", "1"], ["b", "2"]]),
        (
            "Make a table with columns number and text:\n- It is wrong and late\n- It is gone",
            [["number", "text"], ["1", "It is wrong and late"], ["2", "It is gone"]],
        ),
        ("Make a table of these: pear, fig, plum", [["Item"], ["pear"], ["fig"], ["plum"]]),
    ],
)
def test_tables(task: str, table: list[list[str]]) -> None:
    assert rows(say(task)) == table


@pytest.mark.parametrize(
    "task",
    [
        "Turn this into a table: The weather was lovely and we walked home. Nobody was sad.",
        "Make a table from this text: It rained all day and we stayed home reading old books.",
        "Put the following in a table: Why not? Because nobody came.",
    ],
)
def test_prose_without_columns_is_no_table(task: str) -> None:
    assert say(task).startswith("I cannot see columns in this text.")


@pytest.mark.parametrize(
    ("task", "value"),
    [
        ("Give me a JSON object with name Ada and age 36", {"name": "Ada", "age": 36}),
        (
            'Return JSON with name "Ada Lovelace", age 36 and city London',
            {"name": "Ada Lovelace", "age": 36, "city": "London"},
        ),
        ("A JSON object with colour red and size 4", {"colour": "red", "size": 4}),
        ("JSON object with name Ada and active true", {"name": "Ada", "active": True}),
        (
            "Give me a JSON object with the keys name and age for Ada, 36",
            {"name": "Ada", "age": 36},
        ),
        ("Extract name and age as JSON: Ada is 36 years old.", {"name": "Ada", "age": 36}),
        (
            f"Convert to JSON: {PEOPLE}",
            [
                {"name": "Ada", "age": 36, "city": "London"},
                {"name": "Bob", "age": 41, "city": "Paris"},
            ],
        ),
        ("Make a JSON array of: apple, pear, fig", ["apple", "pear", "fig"]),
    ],
)
def test_json(task: str, value: object) -> None:
    assert json.loads(say(task)) == value
