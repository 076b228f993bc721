"""Pictures in a chat: the engine looks, answers from the pixels, and says what it cannot see."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import jsonschema
import pytest
from PIL import Image, ImageDraw

from nexhina_nb.engines.images import draw, encode
from nexhina_nb.errors import BadRequest
from tests.engines.chat.asking import say


def picture(
    size: tuple[int, int] = (320, 200),
    ground: str = "white",
    circles: int = 3,
    colour: str = "red",
    kind: str = "PNG",
) -> str:
    """A data URI of circles in a row on a plain ground."""
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    for place in range(circles):
        pen.ellipse((20 + 90 * place, 50, 80 + 90 * place, 110), fill=colour)
    held = io.BytesIO()
    image.save(held, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(held.getvalue()).decode()}"


LIGHT = picture()
DARK = picture((640, 480), "navy", 1, "yellow", "JPEG")


def part(url: str, detail: str | None = None) -> dict[str, Any]:
    image = {"url": url} if detail is None else {"url": url, "detail": detail}
    return {"type": "image_url", "image_url": image}


def ask(task: str, *urls: str, **options: Any) -> str:
    content = [{"type": "text", "text": task}, *map(part, urls)]
    return say(messages=[{"role": "user", "content": content}], **options)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("How large is this picture?", "It is 320 pixels wide and 200 pixels high."),
        ("What is the width of the image? Only the number.", "320"),
        ("How high is it?", "It is 200 pixels high."),
        ("What is its aspect ratio?", "Width to height is 8:5."),
        ("Is it a portrait?", "No, it is landscape (320x200)."),
        ("What format is this?", "It is a PNG file."),
        ("What is the dominant colour? Answer in one word.", "white"),
        ("What's the background color?", "It stands on a plain white ground."),
        ("Is there any red in it?", "Yes, 14% of it is red."),
        ("Is there any blue in it?", "No blue covers enough of it for me to notice."),
        ("Is this picture dark?", "No, its mean lightness is 95%, which is bright."),
        ("Is it bright or dark?", "Its mean lightness is 95%, which is bright."),
        ("How many circles are there? Only the number.", "3"),
        (
            "How many red circles are in this image?",
            "I count 3 red circles (found: 3 red circles).",
        ),
        ("How many blue circles do you see? Only the number.", "0"),
        ("How many squares are there? Only the number.", "0"),
        ("How many shapes are there? Only the number.", "3"),
        ("What is 2 + 2?", "2 + 2 = 4"),
    ],
)
def test_questions_about_one_picture(task: str, said: str) -> None:
    assert ask(task, LIGHT) == said


def shapes() -> str:
    """A data URI of two blue circles, a red one, a green square and an orange triangle."""
    image = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((20, 20, 180, 180), fill="red")
    pen.ellipse((220, 30, 280, 90), fill="blue")
    pen.ellipse((200, 200, 240, 240), fill="blue")
    pen.rectangle((300, 200, 360, 260), fill="green")
    pen.polygon([(60, 280), (100, 210), (140, 280)], fill="orange")
    held = io.BytesIO()
    image.save(held, "PNG")
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("What colour is the biggest shape?", "The biggest shape is red."),
        ("What is the color of the triangle?", "The triangle is orange."),
        ("What colour are the circles?", "The circles are red and blue."),
        ("What colour is the star?", "I find no star in it."),
        ("Which shape is the smallest?", "The smallest shape is a blue circle."),
        ("What is the largest object?", "The largest object is a red circle."),
        ("Which star is the smallest?", "I find no smallest star in it."),
        ("Where is the green square?", "The green square is at the bottom right."),
        ("Where is the star?", "I find no star in it."),
        ("Where are the blue circles?", "The blue circles are at the top and bottom."),
        ("Is the square blue?", "No, the square is green."),
        ("Are all circles red?", "No, the circles are red and blue."),
        ("Is the biggest shape red?", "Yes, the biggest shape is red."),
        ("Is the star red?", "I find no star in it."),
        ("Is there a triangle?", "Yes, I find 1 orange triangle."),
        ("Are there any blue circles?", "Yes, I find 2 blue circles."),
        ("Does it contain a purple star?", "No, I find no purple star in it."),
        (
            "What is to the right of the red circle?",
            "I find 1 green square and 2 blue circles to the right of the red circle.",
        ),
        ("What is above the red circle?", "I find no plain shape above the red circle."),
        ("What is below the star?", "I find no star in it."),
        ("Are there more circles than squares?", "Yes, I find 3 against 1."),
        ("Are there fewer circles than squares?", "No, I find 3 against 1."),
        ("How many squares and triangles are there? Only the number.", "2"),
        (
            "How many triangles do you see?",
            "I count 1 triangle (found: 1 red circle, 1 green square, 1 orange triangle and 2 blue "
            "circles).",
        ),
    ],
)
def test_questions_about_shapes(task: str, said: str) -> None:
    assert ask(task, shapes()) == said


def chart() -> str:
    *_, image = draw("a bar chart: Mon 12, Tue 30, Wed 21, Thu 44", (512, 512))
    return f"data:image/png;base64,{base64.b64encode(encode(image)).decode()}"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("What colour is the tallest bar?", "The tallest bar is red."),
        ("What is the shortest column?", "The shortest column is a blue rectangle."),
        ("Where is the tallest bar?", "The tallest bar is at the right."),
        ("How many bars are there? Only the number.", "4"),
    ],
)
def test_questions_about_a_chart(task: str, said: str) -> None:
    assert ask(task, chart()) == said


def test_objects_of_a_schema_are_the_shapes() -> None:
    wanted = ("shape", "color", "x")
    row = {
        "type": "object",
        "properties": {name: {"type": "integer" if name == "x" else "string"} for name in wanted},
        "required": list(wanted),
    }
    schema = {
        "type": "object",
        "properties": {
            "number_of_circles": {"type": "integer"},
            "shapes": {"type": "array", "items": row},
        },
        "required": ["number_of_circles", "shapes"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    made = json.loads(ask("Fill this in", shapes(), response_format=form))
    assert made["number_of_circles"] == 3
    assert [(row["color"], row["shape"]) for row in made["shapes"]] == [
        ("red", "circle"),
        ("green", "square"),
        ("orange", "triangle"),
        ("blue", "circle"),
        ("blue", "circle"),
    ]
    assert abs(made["shapes"][0]["x"] - 100) <= 2


def test_one_of_several_pictures_is_asked_about() -> None:
    assert ask("How many circles are in the second picture? Only the number.", LIGHT, DARK) == "1"
    assert ask("What colour is the circle in the first image?", LIGHT, DARK).endswith("red.")


@pytest.mark.parametrize(
    "task",
    ["Describe this picture", "What is in this image?", "", "Who is this?", "Look at this", "Hm?"],
)
def test_a_description_tells_what_it_cannot_tell(task: str) -> None:
    said = ask(task, LIGHT)
    assert "320 by 200" in said
    assert "three red circles" in said
    assert "do not recognise objects or read text" in said


@pytest.mark.parametrize("task", ["What does the sign say?", "How many dogs are there?"])
def test_what_it_cannot_see_it_does_not_claim(task: str) -> None:
    said = ask(task, LIGHT)
    assert said.startswith(("I cannot read", "I cannot count dogs"))
    assert "three" not in said


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("Which picture is larger? Answer in one word.", "second"),
        ("Which one is brighter? Answer in one word.", "first"),
        ("Which is darker? Answer in one word.", "second"),
        ("Which has more shapes? Answer in one word.", "first"),
    ],
)
def test_two_pictures_are_compared(task: str, said: str) -> None:
    assert ask(task, LIGHT, DARK) == said


def test_differences_are_listed() -> None:
    said = ask("What is the difference between these pictures?", LIGHT, DARK)
    for told in ("320x200 against 640x480", "png against jpeg", "the first is brighter"):
        assert told in said
    assert "no difference" in ask("Are they the same?", LIGHT, LIGHT)
    lines = ask("What colours do they have?", LIGHT, DARK).splitlines()
    assert [line[:10] for line in lines] == ["Picture 1:", "Picture 2:"]


SCHEMA = {
    "type": "object",
    "properties": {
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "dominant_color": {"type": "string", "enum": ["red", "white", "blue"]},
        "colours": {"type": "array", "items": {"type": "string"}},
        "format": {"type": "string"},
        "brightness": {"type": "number"},
        "is_dark": {"type": "boolean"},
        "shape_count": {"type": "integer", "maximum": 2},
        "caption": {"type": ["string", "null"]},
    },
    "additionalProperties": False,
}
SCHEMA["required"] = list(SCHEMA["properties"])  # type: ignore[call-overload]


def test_schemas_are_filled_from_the_pixels() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}
    made = json.loads(ask("Fill this in", LIGHT, response_format=wanted))
    jsonschema.validate(made, SCHEMA)
    expected = {
        "width": 320,
        "height": 200,
        "dominant_color": "white",
        "colours": ["white", "red"],
        "format": "png",
        "is_dark": False,
        "shape_count": 2,  # three are seen, and the schema allows two
    }
    assert expected.items() <= made.items()
    assert 0.9 < made["brightness"] <= 1
    assert made["caption"].startswith("A landscape PNG")


def test_keys_are_filled_from_the_pixels() -> None:
    made = json.loads(ask("Give width, height and dominant_color as JSON", DARK))
    assert made == {"width": 640, "height": 480, "dominant_color": "dark blue"}


@pytest.mark.parametrize("detail", [None, "low", "high", "auto"])
def test_every_form_of_the_part_is_looked_at(detail: str | None) -> None:
    bare = {"type": "image_url", "image_url": LIGHT}
    for form in (part(LIGHT, detail), bare):
        assert "320 by 200" in say(messages=[{"role": "user", "content": [form]}])


def test_an_earlier_picture_is_remembered_when_it_is_spoken_of() -> None:
    turns = [
        {"role": "user", "content": [part(LIGHT)]},
        {"role": "assistant", "content": "I see."},
    ]
    later = {"role": "user", "content": "How wide is the picture?"}
    assert say(messages=[*turns, later]) == "It is 320 pixels wide."
    other = {"role": "user", "content": "What is 3 * 3?"}
    assert say(messages=[*turns, other]) == "3 * 3 = 9"


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,AAAA", "data:image/png,abc", "data:image/png;base64,a=b", "data:"],
)
def test_what_is_no_picture_is_refused_with_its_place(url: str) -> None:
    with pytest.raises(BadRequest) as refused:
        ask("What is this?", url)
    assert (refused.value.code, refused.value.param) == (
        "invalid_image_url",
        "messages.0.content.1.image_url",
    )


def test_a_link_that_nobody_followed_is_owned_up_to() -> None:
    said = ask("What is 2 + 2?", "https://example.com/a.png")
    assert said == "I could not read the image you sent. 2 + 2 = 4"
