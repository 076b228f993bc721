from __future__ import annotations

import base64
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from nexhina_nb.client.images import image_parts, image_url, media_type
from nexhina_nb.errors import BadInput

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def data_of(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


@pytest.mark.parametrize("url", ["https://x/cat.png", "http://x/c", "data:image/png;base64,AA=="])
def test_urls_stay(url: str) -> None:
    assert image_parts(url) == [{"type": "image_url", "image_url": {"url": url}}]


def test_files_become_data_urls(tmp_path: Path) -> None:
    path = tmp_path / "misnamed.jpg"
    path.write_bytes(PNG)
    for image in (path, str(path)):
        url = image_url(image)
        assert url.startswith("data:image/png;base64,")
        assert data_of(url) == PNG


def test_bytes_and_several() -> None:
    first, second = image_parts([PNG, "https://x/y"])
    assert data_of(first["image_url"]["url"]) == PNG
    assert second["image_url"]["url"] == "https://x/y"


def test_figures() -> None:
    assert image_url(Figure(figsize=(1, 1))).startswith("data:image/png;base64,")


def test_objects_that_show_themselves() -> None:
    class Picture:
        def _repr_png_(self) -> str:
            return base64.b64encode(PNG).decode()

    assert data_of(image_url(Picture())) == PNG


def test_objects_that_hold_bytes() -> None:
    class Image:
        data = b"\xff\xd8\xff\xe0rest"

        def _repr_png_(self) -> None:
            return None

    assert image_url(Image()).startswith("data:image/jpeg;")


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"RIFF0000WEBPx", "", "image/webp"),
        (b"GIF89a", "", "image/gif"),
        (b"BMxx", "", "image/bmp"),
        (b"<svg/>", "x.svg", "image/svg+xml"),
        (b"text", "x.txt", None),
        (b"", "x.png", None),
    ],
)
def test_media_types(data: bytes, name: str, kind: str | None) -> None:
    assert media_type(data, name) == kind


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for bad in (b"hello", tmp_path / "notes.txt", tmp_path / "missing.png", tmp_path, "a\0b", 3):
        with pytest.raises(BadInput, match="path"):
            image_url(bad)
