"""Prompts read into plans."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.engines.images import describe
from nexhina_nb.engines.images.plan import Thing
from nexhina_nb.engines.images.reading import read


def test_counts_colours_sizes_and_places_belong_to_their_shapes() -> None:
    plan = read("three red circles and a large blue square on the left on a white background")
    assert plan.shapes == (
        Thing("circle", count=3, colours=("red",), counted=True),
        Thing("square", size="large", colours=("blue",), place=(-1, 0), counted=True),
    )
    assert plan.background == "white"


@pytest.mark.parametrize(
    ("prompt", "places"),
    [
        ("a star in the top right corner", [(1, -1)]),
        ("on the left a circle, on the right a star", [(-1, 0), (1, 0)]),
        ("a red circle above a blue square", [(0, -1), (0, 1)]),
        ("a circle left of a square", [(-1, 0), (1, 0)]),
        ("a circle in the middle", [(0, 0)]),
        ("a blue circle inside a red square", [(0, 0), (0, 0)]),
        ("a circle", [None]),
    ],
)
def test_places(prompt: str, places: list[tuple[int, int] | None]) -> None:
    assert [thing.place for thing in read(prompt).shapes] == places


def test_two_colours_of_one_shape_alternate_and_a_plural_is_a_handful() -> None:
    (circles,) = read("red and blue circles").shapes
    assert (circles.count, circles.colours) == (5, ("red", "blue"))


def test_a_colour_does_not_leak_from_an_unknown_noun() -> None:
    (square,) = read("a red apple and a square").shapes
    assert square.colours == ()


@pytest.mark.parametrize(
    ("prompt", "kind", "labels", "values", "title"),
    [
        ("a bar chart of apples 3, pears 5, plums 2", "bar", "apples pears plums", (3, 5, 2), ""),
        ('pie chart "Votes": yes 60%, no 40%', "pie", "yes no", (60, 40), "Votes"),
        ("line chart of visits: 2020: 5, 2021: 7", "line", "2020 2021", (5, 7), "visits"),
        ("line chart of 3, 5.5, -2", "line", "1 2 3", (3, 5.5, -2), ""),
        ("bar chart: Q1 1,200, Q2 900 and Q3 15 in teal", "bar", "Q1 Q2 Q3", (1200, 900, 15), ""),
        ("bar graph with 3 cats and 4 dogs", "bar", "cats dogs", (3, 4), ""),
        ("a bar chart about nothing", "bar", "", (), ""),
        ("line chart of temperature Jan 2 Feb 4 Mar 9", "line", "Jan Feb Mar", (2, 4, 9), ""),
        ('bar chart titled "Sales" with Q1: 10, Q2: -5', "bar", "Q1 Q2", (10, -5), "Sales"),
        ("Kreisdiagramm: Äpfel 30, Birnen 70", "pie", "Äpfel Birnen", (30, 70), ""),
        ("pie chart with 3 equal slices", "pie", "1 2 3", (1, 1, 1), ""),
    ],
)
def test_charts(prompt: str, kind: str, labels: str, values: tuple[float, ...], title: str) -> None:
    chart = read(prompt).chart
    assert chart is not None
    assert (chart.kind, " ".join(chart.labels), chart.values) == (kind, labels, values)
    assert chart.title == title


def test_a_diagram_of_something_is_no_chart() -> None:
    assert read("a diagram of the water cycle").chart is None
    assert read("a diagram of 3, 4, 5").chart is not None


@pytest.mark.parametrize(
    ("prompt", "colours", "roof"),
    [
        ("a house with a red roof", (), "red"),
        ("ein rotes Haus mit blauem Dach", ("red",), "blue"),
        ("house with white walls and a blue roof", ("white",), "blue"),
        ("une maison rouge sous un ciel bleu", ("red",), ""),
        ("a house in green", ("green",), ""),
    ],
)
def test_the_colours_of_a_house(prompt: str, colours: tuple[str, ...], roof: str) -> None:
    house = read(prompt).thing("house")
    assert house is not None
    assert (house.colours, house.roof) == (colours, roof)


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("three circles: red, green, blue", [("red", "green", "blue")]),
        ("tres círculos rojos y un cuadrado azul", [("red",), ("blue",)]),
        ("drei gelbe Sterne auf blauem Grund", [("yellow",)]),
    ],
)
def test_colours_after_their_noun(prompt: str, colours: list[tuple[str, ...]]) -> None:
    assert [thing.colours for thing in read(prompt).shapes] == colours


@pytest.mark.parametrize(
    ("prompt", "text", "board"),
    [
        ('a sign that says "OPEN"', "OPEN", "sign"),
        ("a neon sign saying “Bar 24”", "Bar 24", "neon"),
        ("poster with the words Hello World", "Hello World", "poster"),
        ("the number 42", "42", ""),
        ("a big red letter A", "A", ""),
        ("it's a dog's life", None, None),
    ],
)
def test_lettering(prompt: str, text: str | None, board: str | None) -> None:
    lettering = read(prompt).lettering
    assert (lettering and lettering.text, lettering and lettering.board) == (text, board)


@pytest.mark.parametrize("prompt", ["two boats on the sea", "zwei Boote auf dem Meer"])
def test_scenery_in_several_languages(prompt: str) -> None:
    assert "sea" in {thing.kind for thing in read(prompt).scenery}


def test_the_hour_and_season_come_from_the_words() -> None:
    plan = read("sunset in the mountains in winter")
    assert (plan.hour, plan.season) == ("sunset", "winter")
    assert read("the moon over a house").hour == "night"


def test_motions_belong_to_their_shapes() -> None:
    plan = read("a bouncing circle and a square moving left, a star on the right")
    assert [thing.motions for thing in plan.shapes] == [("bounce",), ("go left",), ()]


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (
            "three red circles and an orange square on a white background",
            "3 red circles and an orange square on a white background.",
        ),
        ("bar chart of a 1, b 2.5", "A bar chart of a 1, b 2.5."),
        ("a black cat on a white background", "A black cat on a white background."),
        ("a house with a red roof", "A landscape with a house with a red roof."),
        ("two boats at sunset", "A landscape at sunset with 2 boats."),
        ('"Hi" on a black background', 'The text "Hi" on a black background.'),
    ],
)
def test_the_sentence_says_what_was_understood(prompt: str, sentence: str) -> None:
    assert describe(prompt) == sentence


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_plan_and_a_sentence(prompt: str) -> None:
    assert describe(prompt).endswith(".")
