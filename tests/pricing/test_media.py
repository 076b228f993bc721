from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given, strategies as st
from PIL import Image

from nexhina_nb.pricing.media import image_size, image_tokens, part_tokens


def picture(form: str, size: tuple[int, int], **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1024, 1024, 765),
        (2048, 4096, 1105),
        (4096, 8192, 1105),
        (512, 512, 255),
        (100, 100, 255),
        (1, 100_000, 85 + 170 * 4),
        (0, 10, 85),
    ],
)
def test_tiles(width: int, height: int, expected: int) -> None:
    assert image_tokens(width, height) == expected
    assert image_tokens(width, height, detail="low") == 85


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_an_image_is_never_more_than_its_scaled_tiles(width: int, height: int) -> None:
    assert 255 <= image_tokens(width, height) <= 85 + 170 * 8
    assert image_tokens(width, height) == image_tokens(height, width)


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (640, 1136)])
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "exif": b"Exif\x00\x00" + bytes(4000)}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"}),
    ],
)
def test_the_size_is_read_from_the_head(
    form: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    assert image_size(picture(form, size, **options)) == size


@given(st.binary(max_size=64), st.sampled_from(["PNG", "GIF", "JPEG", "WEBP"]), st.integers(0, 40))
def test_broken_images_have_no_size_and_raise_nothing(tail: bytes, form: str, cut: int) -> None:
    size = image_size(picture(form, (8, 8))[:cut] + tail)
    assert size is None or all(side >= 0 for side in size)


def test_an_unknown_form_has_no_size() -> None:
    assert image_size(b"RIFF....WEBPVP8?" + bytes(20)) is None
    assert image_size(b"BM" + bytes(60)) is None


def test_a_data_url_counts_by_its_pixels() -> None:
    data = base64.b64encode(picture("PNG", (2048, 4096))).decode()
    url = f"data:image/png;base64,{data}"
    assert part_tokens({"type": "image_url", "image_url": {"url": url}}, "gpt-4o") == 1105
    assert part_tokens({"type": "image_url", "image_url": url}, "gpt-4o") == 1105
    part = {"type": "input_image", "image_url": url, "detail": "low"}
    assert part_tokens(part, "gpt-4o") == 85


@pytest.mark.parametrize(
    "url", ["https://example.org/a.png", "data:image/png;base64,ab!d", "", None]
)
def test_an_image_that_cannot_be_seen_is_a_square(url: object) -> None:
    assert part_tokens({"type": "image_url", "image_url": {"url": url}}, "gpt-4o") == 765


@pytest.mark.parametrize(
    ("kind", "model", "expected"),
    [
        ("image_url", "claude-sonnet-4-5", 520),
        ("image_url", "local/chat", 520),
        ("input_audio", "gpt-4o", 256),
        ("video_url", "gemini-2.5-pro", 8192),
        ("file", "gpt-4o", 4096),
        ("hologram", "gpt-4o", 4096),
    ],
)
def test_flat_figures(kind: str, model: str, expected: int) -> None:
    assert part_tokens({"type": kind}, model) == expected
