"""Edits of pictures, with and without a mask."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageDraw

from nexhina_nb.engines.images import draw, edit, encode
from nexhina_nb.engines.images.colours import NAMED
from nexhina_nb.errors import BadRequest

SIZE = (160, 120)


@pytest.fixture(scope="module")
def photo() -> bytes:
    dice = np.random.default_rng(1)
    coarse = dice.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    return encode(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC))


def mask_with_hole(size: tuple[int, int] = SIZE) -> bytes:
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((40, 30, 119, 89), fill=(0, 0, 0, 0))
    return encode(mask)


def pixels(image: Image.Image | bytes) -> np.ndarray:
    if isinstance(image, bytes):
        image = Image.open(io.BytesIO(image))
    return np.asarray(image.convert("RGB"), int)


def edited(prompt: str, *pictures: bytes, mask: bytes | None = None) -> Image.Image:
    return list(edit(prompt, pictures, mask))[-1]


@pytest.mark.parametrize(
    "prompt",
    ["a red circle", "a sunset over the sea", "remove it", "fractal", "a cat", "blur", '"HI"'],
)
def test_only_the_hole_changes(photo: bytes, prompt: str) -> None:
    before = pixels(photo)
    for image in edit(prompt, [photo], mask_with_hole(), stages=2):
        changed = (pixels(image) != before).any(axis=-1)
        assert changed[30:90, 40:120].mean() > 0.5
        changed[30:90, 40:120] = False
        assert not changed.any()


def test_what_fills_the_hole_comes_from_the_prompt(photo: bytes) -> None:
    after = pixels(edited("a large red circle", photo, mask=mask_with_hole()))
    assert np.abs(after[60, 80] - np.array(NAMED["red"])).sum() < 10


def test_removing_closes_the_hole_from_around_it() -> None:
    plain = encode(Image.new("RGB", SIZE, (10, 200, 90)))
    before = Image.open(io.BytesIO(plain)).copy()
    ImageDraw.Draw(before).ellipse((60, 40, 100, 80), fill="red")
    after = pixels(edited("remove the ball", encode(before), mask=mask_with_hole()))
    assert np.abs(after - pixels(plain)).max() <= 1


def test_a_mask_of_another_size_is_refused(photo: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        edited("x", photo, mask=mask_with_hole((161, 120)))
    assert (error.value.param, error.value.code) == ("mask", "invalid_value")


def test_a_mask_without_transparency_is_refused(photo: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        edited("x", photo, mask=photo)
    assert error.value.param == "mask"


def test_a_mask_that_keeps_everything_changes_nothing(photo: bytes) -> None:
    whole = encode(Image.new("RGBA", SIZE, (0, 0, 0, 255)))
    assert (pixels(edited("a red circle", photo, mask=whole)) == pixels(photo)).all()


def test_the_steps_that_a_prompt_asks_for(photo: bytes) -> None:
    before = pixels(photo)
    assert (pixels(edited("invert", photo)) == 255 - before).all()
    assert (pixels(edited("mirror it", photo)) == before[:, ::-1]).all()
    assert (pixels(edited("flip it upside down", photo)) == before[::-1]).all()
    grey = pixels(edited("make it black and white", photo))
    assert (grey[..., 0] == grey[..., 2]).all()
    assert pixels(edited("brighter", photo)).mean() > before.mean()
    assert pixels(edited("darker please", photo)).mean() < before.mean()
    warm = pixels(edited("warmer", photo)).mean(axis=(0, 1)) - before.mean(axis=(0, 1))
    assert warm[0] > 0 > warm[2]
    assert np.abs(np.diff(pixels(edited("blur", photo)), axis=1)).mean() < (
        np.abs(np.diff(before, axis=1)).mean()
    )
    assert pixels(edited("make it night", photo)).mean() < 0.6 * before.mean()
    near = pixels(edited("zoom in", photo))
    assert np.abs(near[60, 80] - before[60, 80]).max() < 20
    assert np.abs(near[0, 0] - before[20, 27]).max() < 20
    assert edited("rotate left", photo).size == SIZE[::-1]
    assert edited("crop it to a square", photo).size == (120, 120)
    red = pixels(edited("more red", photo)).mean(axis=(0, 1)) - before.mean(axis=(0, 1))
    assert red[0] > red[2]


def test_several_steps_are_taken_in_the_order_of_the_prompt(photo: bytes) -> None:
    after = pixels(edited("black and white with a red border", photo))
    assert tuple(after[0, 0]) == NAMED["red"]
    assert (after[60, :, 0] == after[60, :, 2])[20:-20].all()


def test_a_prompt_full_of_turns_turns_once(photo: bytes) -> None:
    # Each turn of 45 degrees makes the picture larger: forty of them would fill any memory.
    assert edited("rotate by 45 " * 40, photo).size == edited("rotate by 45", photo).size


def test_text_and_things_are_added_to_the_picture(photo: bytes) -> None:
    before = pixels(photo)
    for prompt in ('add the text "HELLO"', "add a blue star on the left", "put a cat in it"):
        changed = (np.abs(pixels(edited(prompt, photo)) - before) > 60).any(axis=-1)
        assert 0.002 < changed.mean() < 0.7, prompt


def test_several_pictures_are_put_side_by_side(photo: bytes) -> None:
    other = encode(next(draw("a red circle", SIZE)))
    assert edited("sepia", photo, other).size == (320, 120)
    assert edited("sepia", photo, other, photo).size == (320, 240)


def test_the_result_has_the_size_that_is_asked_for(photo: bytes) -> None:
    images = list(edit("sepia", [photo], None, (200, 100), stages=1))
    assert [image.size for image in images] == [(200, 100), (200, 100)]


def test_transparency_outlives_an_edit() -> None:
    (clear,) = draw("a red circle", SIZE, transparent=True)
    after = edited("invert", encode(clear))
    assert after.getchannel("A").tobytes() == clear.getchannel("A").tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_every_kind_of_pixel_can_be_edited(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new("L", SIZE, 128).convert(mode if mode != "I;16" else "I").convert(mode).save(
        buffer, "TIFF"
    )
    assert edited("invert", buffer.getvalue()).size == SIZE


def _bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


def test_bytes_that_are_no_picture_are_refused(photo: bytes) -> None:
    for data in (
        b"",
        b"hello",
        photo[:-200],
        photo[:40],
        b"\x89PNG\r\n\x1a\n0000",
        _bomb(),
    ):
        with pytest.raises(BadRequest) as error:
            edited("sepia", data)
        assert (error.value.param, error.value.code) == ("image", "invalid_value")
    with pytest.raises(BadRequest, match="1 to 16"):
        edited("sepia")


@given(prompt=st.text(max_size=60), cut=st.integers(0, 2000))
@settings(max_examples=40, deadline=None)
def test_any_prompt_edits_and_any_cut_file_is_refused(prompt: str, cut: int) -> None:
    data = encode(Image.linear_gradient("L").resize((64, 64)), "jpeg", 60)
    assert edited(prompt, data).width >= 64
    with pytest.raises(BadRequest) as error:
        edited(prompt, data[: min(cut, len(data) - 20)])
    assert error.value.param == "image"


@pytest.mark.parametrize("prompt", ["remove the cat", "Make the cat blue", "please erase it"])
def test_what_needs_an_object_to_be_found_is_refused(prompt: str) -> None:
    picture = encode(Image.new("RGB", (64, 64), "red"))
    with pytest.raises(BadRequest, match="finds no objects"):
        list(edit(prompt, [picture]))
