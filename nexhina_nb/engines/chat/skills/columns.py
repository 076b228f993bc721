"""Questions about a table's columns: totals, extremes, counts, and the cell where a row meets a
column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from nexhina_nb.engines.chat.grid import Grid
from nexhina_nb.engines.chat.numbers import find_numbers, show
from nexhina_nb.engines.chat.prompt import Answer

_AGGREGATE = re.compile(
    r"\b(sum|total|average|mean|median|max(?:imum)?|min(?:imum)?|highest|lowest|largest|smallest|"
    r"biggest|oldest|youngest|most|least|"
    r"cheapest|best|tallest|older|younger|cheaper|taller|dearest|most expensive)\b",
    re.I,
)


_UP = (
    "max",
    "maximum",
    "highest",
    "largest",
    "biggest",
    "oldest",
    "most",
    "best",
    "tallest",
    "older",
    "taller",
)


_DOWN = (
    "min",
    "minimum",
    "lowest",
    "smallest",
    "youngest",
    "least",
    "cheapest",
    "younger",
    "cheaper",
)


_IMPLIED = {
    "oldest": "age",
    "youngest": "age",
    "cheapest": "price",
    "tallest": "height",
    "older": "age",
    "younger": "age",
    "cheaper": "price",
    "taller": "height",
}


def number(cell: str) -> Fraction | None:
    found = find_numbers(cell.replace("$", "").replace("€", ""))
    return found[0] if len(found) == 1 else None


def column_in(table: Grid, order: str) -> int | None:
    """The column that an order names; the longest name wins."""
    low = f" {re.sub(r'[^a-z0-9_]+', ' ', order.lower())} "
    named = [
        at
        for at, name in enumerate(table.header)
        if name
        and re.search(
            rf" {re.escape(re.sub(r'[^a-z0-9_]+', ' ', name.lower()).strip())}(?:e?s)? ", low
        )
    ]
    return max(named, key=lambda at: len(table.header[at]), default=None)


def _numeric_column(table: Grid, order: str) -> int | None:
    numeric = [
        at
        for at in range(len(table.header))
        if all(number(row[at]) is not None for row in table.rows)
    ]
    named = column_in(table, order)
    if named in numeric:
        return named
    return numeric[0] if len(numeric) == 1 else None


def aggregate(table: Grid, order: str) -> Answer | None:
    match = _AGGREGATE.search(order)
    if match is None:
        return None
    name = match[1].lower()
    at = table.column(_IMPLIED[name]) if name in _IMPLIED else None
    at = at if at is not None else _numeric_column(table, order)
    if at is None:
        return None
    values = [(found, row) for row in table.rows if (found := number(row[at])) is not None]
    if not values:
        return None
    if name in (*_UP, *_DOWN):
        _, row = (max if name in _UP else min)(values, key=lambda pair: pair[0])
        label = row[0] if at else " ".join(row[1:2])
        asks_who = re.search(
            r"\b(?:who|which|what (?:city|country|item|product|person|name|row))\b", order, re.I
        )
        end = "highest" if name in _UP else "lowest"
        text = f"{label} has the {end} {table.header[at]}: {row[at]}."
        return Answer(text, label if asks_who else row[at])
    numbers = [found for found, _ in values]
    result = _MEASURES[name](numbers)
    return Answer(f"The {name} of {table.header[at]} is {show(result, 6)}.", show(result, 6))


def _median(numbers: list[Fraction]) -> Fraction:
    row = sorted(numbers)
    return (row[(len(row) - 1) // 2] + row[len(row) // 2]) / 2


def _mean(numbers: list[Fraction]) -> Fraction:
    return sum(numbers, Fraction(0)) / len(numbers)


_MEASURES: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "sum": lambda numbers: sum(numbers, Fraction(0)),
    "total": lambda numbers: sum(numbers, Fraction(0)),
    "average": _mean,
    "mean": _mean,
    "median": _median,
}


def count(table: Grid, order: str) -> Answer | None:
    match = re.search(
        r"\bhow many (rows?|columns?|entries|records|people|items)\b|\b(?:count|"
        r"number of) (?:the )?(rows?|columns?)\b",
        order,
        re.I,
    )
    if match is None:
        return None
    columns = (match[1] or match[2]).lower().startswith("col")
    many = len(table.header) if columns else len(table.rows)
    return Answer(f"The table has {many} {'columns' if columns else 'rows'}.", str(many))


def lookup(table: Grid, order: str) -> Answer | None:
    """'What is Bob's age?': the cell where a named row meets a named column."""
    if not re.search(r"\?|\b(?:what|how|who|which|where|when|find|look up|tell)\b", order, re.I):
        return None
    low = order.casefold()
    rows = [
        row
        for row in table.rows
        if any(
            cell and re.search(rf"(?<!\w){re.escape(cell.casefold())}(?!\w)", low) for cell in row
        )
    ]
    if len(rows) != 1:
        return None
    named = column_in(table, order)
    hit = next(
        at
        for at, cell in enumerate(rows[0])
        if cell and re.search(rf"(?<!\w){re.escape(cell.casefold())}(?!\w)", low)
    )
    if named is None or named == hit:
        named = 0 if hit else min(1, len(table.header) - 1)
        guess = [
            at
            for at, name in enumerate(table.header)
            for word in _HINTS
            if word in low and name.lower() in _HINTS[word]
        ]
        named = guess[0] if guess else named
    return Answer(f"{rows[0][hit]}: {table.header[named]} {rows[0][named]}.", rows[0][named])


_HINTS = {
    "how old": ("age",),
    "where": ("city", "place", "location", "country"),
    "when": ("date", "year", "time", "born"),
    "how much": ("price", "cost", "amount"),
    "how many": ("count", "quantity", "number", "qty", "stock"),
    "how tall": ("height",),
}
