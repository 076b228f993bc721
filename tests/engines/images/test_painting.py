"""Pictures computed from prompts."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from nexhina_nb.engines.images import draw, encode
from nexhina_nb.engines.images.colours import NAMED
from nexhina_nb.engines.images.vocabulary import meanings
from nexhina_nb.errors import BadRequest

SMALL = (160, 120)


def picture(prompt: str, size: tuple[int, int] = SMALL, **options: int) -> Image.Image:
    return list(draw(prompt, size, **options))[-1]


def digest(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


def share_of(image: Image.Image, name: str) -> float:
    far = np.abs(np.asarray(image.convert("RGB"), int) - np.array(NAMED[name])).sum(axis=-1)
    return float((far < 40).mean())


def test_the_same_prompt_size_and_seed_give_the_same_picture() -> None:
    assert digest(picture("a lake", seed=3)) == digest(picture("a lake", seed=3))


@pytest.mark.parametrize("prompt", ["a lake with trees", "hope", "mosaic", "the night sky"])
def test_another_seed_gives_another_picture(prompt: str) -> None:
    assert digest(picture(prompt)) != digest(picture(prompt, seed=1))


def test_every_word_of_the_vocabulary_is_drawn_and_differs() -> None:
    groups = meanings()
    kinds = {kind for group in ("scenery", "shapes", "patterns") for kind in groups[group].values()}
    pictures = {kind: digest(picture(f"a large {kind} in the sea", (64, 64))) for kind in kinds}
    assert len(set(pictures.values())) == len(kinds)


@pytest.mark.parametrize("colour", ["red", "green", "blue", "yellow", "purple", "black"])
def test_shapes_have_the_colour_that_was_asked_for(colour: str) -> None:
    assert share_of(picture(f"a large {colour} square on a white background"), colour) > 0.2


def test_a_place_is_kept() -> None:
    pixels = np.asarray(picture("a red circle on the right on a white background"), int)
    columns = np.nonzero((pixels[..., 0] - pixels[..., 2]).max(axis=0) > 100)[0]
    assert columns.min() > SMALL[0] / 2


def test_longer_bars_stand_for_larger_values() -> None:
    pixels = np.asarray(picture("bar chart of a 1, b 4", (400, 300)), int)
    heights = [
        int((np.abs(pixels - np.array(tone)).sum(axis=-1) < 12).any(axis=1).sum())
        for tone in ((54, 104, 190), (238, 132, 52))
    ]
    assert heights[1] == pytest.approx(4 * heights[0], rel=0.06)


def test_the_text_is_drawn() -> None:
    dark = [
        (np.asarray(picture(f'the text "{text}" on a white background').convert("L")) < 90).sum()
        for text in ("I", "HELLO")
    ]
    assert 0 < dark[0] < dark[1]


def test_a_transparent_picture_has_nothing_behind_its_things() -> None:
    (image,) = draw("a red circle", SMALL, transparent=True)
    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)
    assert image.getpixel((80, 60)) == (*NAMED["red"], 255)


@pytest.mark.parametrize("stages", [0, 1, 3])
@pytest.mark.parametrize("prompt", ["a lake", "three circles", "hope"])
def test_unfinished_pictures_come_before_the_finished_one(prompt: str, stages: int) -> None:
    images = list(draw(prompt, SMALL, stages=stages))
    assert len(images) == stages + 1
    assert {image.size for image in images} == {SMALL}
    assert digest(images[-1]) == digest(picture(prompt))
    assert len({digest(image) for image in images}) == stages + 1


def test_styles_change_the_whole_picture() -> None:
    pixels = np.asarray(picture("a black and white photo of a house"))
    assert (pixels[..., 0] == pixels[..., 2]).all()
    tiles = np.asarray(picture("a house, pixel art", (128, 128)))
    assert (tiles[::2, ::2] == tiles[1::2, 1::2]).all()


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_format_decodes(format: str, transparent: bool) -> None:
    (image,) = draw("a red circle", SMALL, transparent=transparent)
    with Image.open(io.BytesIO(encode(image, format, 80))) as back:
        back.load()
        assert (back.format, back.size) == (format.upper(), SMALL)


def test_compression_makes_smaller_files() -> None:
    image = picture("mountains and a forest", (400, 300))
    for format in ("jpeg", "webp"):
        assert len(encode(image, format, 20)) < len(encode(image, format, 90))
    with pytest.raises(BadRequest) as error:
        encode(image, "bmp")
    assert error.value.param == "output_format"


@pytest.mark.parametrize("size", [(63, 100), (100, 2049), (0, 0), (-5, 100)])
def test_sizes_out_of_bounds_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadRequest) as error:
        list(draw("x", size))
    assert (error.value.param, error.value.code) == ("size", "invalid_value")


@given(
    prompt=st.one_of(
        st.text(max_size=120),
        st.lists(
            st.sampled_from(sorted({word for group in meanings().values() for word in group})),
            max_size=7,
        ).map(" ".join),
    ),
    size=st.tuples(st.integers(64, 150), st.integers(64, 150)),
    transparent=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_no_prompt_fails_at_any_size(prompt: str, size: tuple[int, int], transparent: bool) -> None:
    images = list(draw(prompt, size, transparent=transparent, stages=1))
    assert [image.size for image in images] == [size, size]


@pytest.mark.parametrize("size", [(2048, 64), (64, 2048)])
@pytest.mark.parametrize("prompt", ["a city by the sea", "pie chart of a 1, b 2", 'sign "HI"'])
def test_long_and_narrow_pictures(prompt: str, size: tuple[int, int]) -> None:
    assert picture(prompt, size).size == size


@pytest.mark.parametrize("pair", [("Ä", "Ö"), ("é", "è"), ("ß", "ñ"), ("Я", "Ж"), ("α", "β")])
def test_letters_beyond_ascii_are_drawn(pair: tuple[str, str]) -> None:
    one, other = (picture(f'"{letter}" in black on white') for letter in pair)
    assert digest(one.convert("1")) != digest(other.convert("1"))
