"""Pictures in a chat: the engine looks, answers from the pixels, and says what it cannot see."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import jsonschema
import pytest
from PIL import Image, ImageDraw

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
    draw = ImageDraw.Draw(image)
    for place in range(circles):
        draw.ellipse((20 + 90 * place, 50, 80 + 90 * place, 110), fill=colour)
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
        ("Is there any blue in it?", "No, I find no part of it that is blue and counts."),
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
