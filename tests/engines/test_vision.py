"""Looking at pictures."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageDraw

from nexhina_nb.engines.images import draw, encode
from nexhina_nb.engines.vision import Look, look
from nexhina_nb.errors import BadRequest


def seen(prompt: str, size: tuple[int, int] = (480, 360)) -> Look:
    return look(encode(list(draw(prompt, size))[-1]))


@pytest.mark.parametrize(
    ("prompt", "shapes"),
    [
        (
            "three red circles and a blue square on a white background",
            [(3, "red", "circle"), (1, "blue", "square")],
        ),
        ("five yellow stars on a dark blue background", [(5, "yellow", "star")]),
        ("a large green triangle on the left", [(1, "green", "triangle")]),
        (
            "two purple hexagons and an orange diamond",
            [(2, "purple", "hexagon"), (1, "orange", "diamond")],
        ),
        ("four pink hearts", [(4, "pink", "heart")]),
        ("a blue circle inside a red square", [(1, "blue", "circle"), (1, "red", "square")]),
        ("two black rings", [(2, "black", "ring")]),
        (
            "a teal rectangle and a brown ellipse",
            [(1, "teal", "rectangle"), (1, "brown", "ellipse")],
        ),
    ],
)
def test_drawn_shapes_are_seen_again(prompt: str, shapes: list[tuple[int, str, str]]) -> None:
    assert sorted(seen(prompt, (900, 700)).counted_shapes) == sorted(shapes)


@given(
    count=st.integers(1, 9),
    shape=st.sampled_from(["circle", "square", "triangle", "star"]),
    colour=st.sampled_from(["red", "green", "blue", "purple", "orange", "black"]),
)
@settings(max_examples=12, deadline=None)
def test_any_count_of_shapes_is_found(count: int, shape: str, colour: str) -> None:
    found = seen(f"{count} {colour} {shape}s on a white background", (480, 480))
    assert found.counted_shapes == ((count, colour, shape),)


def test_an_outline_has_the_shape_that_it_encloses() -> None:
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).ellipse((40, 40, 240, 240), outline="red", width=8)
    ImageDraw.Draw(image).rectangle((280, 100, 380, 200), outline="black", width=8)
    assert look(encode(image)).counted_shapes == ((1, "red", "circle"), (1, "black", "square"))


def test_the_sentence_tells_what_is_there() -> None:
    sentence = seen("three red circles and a blue square on a white background").sentence
    assert sentence == (
        "A landscape PNG picture of 480 by 360 pixels. It is bright; the main colours are "
        "white (89%), red (8%) and blue (2%). It has flat areas and clear edges, as a drawing or "
        "a diagram has. On a plain white ground there are three red circles and a blue square."
    )


def test_bars_look_like_a_chart() -> None:
    assert seen("bar chart of a 3, b 5, c 2").kind == "chart-like"


def test_noise_looks_like_a_photograph_and_has_no_shapes() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    found = look(encode(Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC)))
    assert (found.kind, found.shapes) == ("photo-like", ())


def test_light_and_its_place() -> None:
    dark = look(encode(Image.new("RGB", (80, 60), (8, 8, 8)), "jpeg", 90))
    assert dark.brightness < 0.3
    assert (dark.kind, dark.is_grey, dark.format) == ("plain", True, "jpeg")
    half = Image.new("RGB", (80, 60), "black")
    half.paste((255, 255, 255), (0, 0, 40, 60))
    found = look(encode(half))
    assert dict(found.layout)["left"] > dict(found.layout)["right"]
    assert "lighter at the left" in found.sentence


def test_transparency_and_frames_are_told() -> None:
    (clear,) = draw("a red circle", (200, 200), transparent=True)
    found = look(encode(clear))
    assert found.transparent > 0.5
    assert found.orientation == "square"
    buffer = io.BytesIO()
    pages = [Image.new("RGB", (80, 120), tone) for tone in ("red", "green", "blue")]
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:])
    moving = look(buffer.getvalue())
    assert (moving.frames, moving.orientation, moving.format) == (3, "portrait", "gif")
    assert "with 3 frames" in moving.sentence


def test_facts_are_plain_values() -> None:
    facts = json.loads(json.dumps(seen("two red circles").facts))
    assert facts["width"] == 480
    assert facts["counted_shapes"] == [[2, "red", "circle"]]


@pytest.mark.parametrize("data", [b"", b"no picture", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBPVP8 "])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        look(data)
    assert (error.value.param, error.value.code) == ("image", "invalid_value")


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA"]),
    filling=st.binary(min_size=4, max_size=64),
)
@settings(max_examples=40, deadline=None)
def test_any_picture_has_a_look(size: tuple[int, int], mode: str, filling: bytes) -> None:
    needed = size[0] * size[1] * 4
    image = Image.frombytes("RGBA", size, (filling * (needed // len(filling) + 1))[:needed])
    found = look(encode(image.convert(mode)))
    assert (found.width, found.height) == size
    assert found.sentence.count(".") >= 2


def test_the_pages_of_a_tiff_are_not_counted() -> None:
    # A file of ten megabytes may claim a hundred thousand of them, and counting takes a minute.
    page, file = Image.new("RGB", (8, 8), "red"), io.BytesIO()
    page.save(file, "TIFF", save_all=True, append_images=[page, page])
    assert (look(file.getvalue()).format, look(file.getvalue()).frames) == ("tiff", 1)
