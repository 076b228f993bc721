"""Answers that were once wrong and sure: each is right now, or says that it does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engines.chat.asking import say

STRING, NUMBER, WHOLE, TRUTH = (
    {"type": name} for name in ("string", "number", "integer", "boolean")
)
MAYBE = {"type": ["number", "null"]}
INVOICE = {"invoice_no": STRING, "total": NUMBER, "paid": TRUTH}
BOOK = {"title": STRING, "author": STRING, "price": MAYBE, "pages": WHOLE}


def fill(task: str, properties: dict[str, Any]) -> Any:
    """The object that the engine makes of a text."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    form = {"type": "json_schema", "json_schema": {"name": "made", "schema": schema}}
    return json.loads(say(task, response_format=form))


@pytest.mark.parametrize(
    ("task", "properties", "values"),
    [
        ("Invoice 2024-17, total 129.50 CHF, not yet paid.", INVOICE, ["2024-17", 129.5, False]),
        (
            "Invoice 2024-17 of 3 May 2024. Total: 129.50 CHF. Paid.",
            INVOICE,
            ["2024-17", 129.5, True],
        ),
        (
            "The book 'Dune' by Frank Herbert costs 12.90 and has 412 pages.",
            BOOK,
            ["Dune", "Frank Herbert", 12.9, 412],
        ),
        (
            "Extract: The book 'Dune' by Frank Herbert has 412 pages.",
            BOOK,
            ["Dune", "Frank Herbert", None, 412],
        ),
        (
            "Subtotal 100, tax 8.10, total 108.10",
            {"subtotal": NUMBER, "tax": NUMBER, "total": NUMBER},
            [100, 8.1, 108.1],
        ),
        (
            "Flat with 3 rooms, 75 m2, 1850 CHF per month.",
            {"rooms": WHOLE, "rent": MAYBE, "area": MAYBE},
            [3, 1850, 75],
        ),
        (
            "The meeting on 2024-05-03 at 10:30 lasts 45 minutes.",
            {"duration": NUMBER, "cost": MAYBE},
            [45, None],
        ),
        ("I have 3 apples and 4 pears. What is the total?", {"total": NUMBER}, [7]),
        ("What is 12 + 30?", {"total": NUMBER}, [42]),
    ],
)
def test_figures_of_a_schema_stand_in_the_text(
    task: str, properties: dict[str, Any], values: list[Any]
) -> None:
    assert list(fill(task, properties).values()) == values


@pytest.mark.parametrize(
    ("task", "end"),
    [
        ("Sum of 1 to 100?", "5050."),
        ("Add up 1 to 10", "55."),
        ("Sum of 3 and 4", "7."),
        ("total: 3, 4, 5", "12."),
        ("Add 15% to 80", "= 92"),
        ("80 plus 15 %", "= 92"),
        ("Subtract 10% from 50", "= 45"),
        ("5 feet 10 inches in cm", "= 177.8 cm"),
        ("A car uses 6 litres per 100 km. How many litres does it need for 250 km?", "= 15"),
        ("A car uses 6 litres per 100 km. How many km does it go on 30 litres?", "= 500"),
        (
            "There are 24 pupils in the class. A third of them wear glasses. "
            "How many wear glasses?",
            "= 8",
        ),
        ("There are 24 pupils. A third of them wear glasses. How many do not?", "= 16"),
        ("Lisa is 3 years older than Max. Max is 9. How old is Lisa?", "= 12"),
        ("Lisa is 3 years older than Max. Lisa is 9. How old is Max?", "= 6"),
    ],
)
def test_relations_are_worked_out(task: str, end: str) -> None:
    assert say(task).endswith(end)


def test_a_total_that_is_told_is_not_added_up() -> None:
    assert "146.5" not in say("Total 129.50 CHF, invoice 17")


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("Close the door!", "command"),
        ("Please be quiet.", "command"),
        ("The door is closed.", "statement"),
        ("Is it closed?", "question"),
    ],
)
def test_kinds_of_sentences(sentence: str, label: str) -> None:
    order = "Classify the sentence as question, statement or command:"
    assert say(f"{order} {sentence}") == label


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Is this review positive or negative? The battery died after two days.", "negative"),
        (
            "Classify this ticket as billing, login, shipping or crash: "
            "The app closes when I open a photo.",
            "crash",
        ),
        ("Repeat this 3 times: tick tock", "tick tock tick tock tick tock"),
        ("Give me JSON with keys a and b set to 1 and 2", '{"a": 1, "b": 2}'),
        ("The squares of 3 to 6 please", "9, 16, 25, 36"),
    ],
)
def test_answers(task: str, answer: str) -> None:
    assert say(task) == answer


@pytest.mark.parametrize(
    "task",
    [
        "Is this review positive or negative? It arrived on Tuesday.",
        "Explain this code: x = [i**2 for i in range(5)]",
        "No",
        "How many rows have more than 150?\ncity,pop\nA,100\nB,200",
    ],
)
def test_what_is_not_known_is_said(task: str) -> None:
    assert say(task).startswith("I do not know")


def test_a_table_of_squares() -> None:
    assert say("Make a table of the squares of 1 to 5.").endswith("| 4 | 16 |\n| 5 | 25 |")


CSV = "city,pop\nA,100\nB,200\nC,300"


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        ("How many rows have pop above 150?", "2 of the 3 rows."),
        ("How many rows are there?", "The table has 3 rows."),
        ("What is the average pop of the rows with pop above 150?", "The average of pop is 250."),
        (
            "Show as a Markdown table sorted by pop descending.",
            "| city | pop |\n| --- | --- |\n| C | 300 |\n| B | 200 |\n| A | 100 |",
        ),
    ],
)
def test_conditions_and_order_of_a_table(order: str, answer: str) -> None:
    assert say(f"{order}\n{CSV}") == answer
