"""``%%nexhina image`` with the built-in engine: what is shown, kept and written."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nexhina_nb.client import ImageReply
from nexhina_nb.errors import BadInput
from tests.client.mock_server import MockServer
from tests.magics.conftest import Cell, Notebook


def shown(cell: Cell, kind: str = "image/png") -> Any:
    return Image.open(io.BytesIO(base64.b64decode(cell.data[kind])))


def form_of(path: Path) -> str | None:
    with Image.open(path) as picture:
        return picture.format


def test_a_picture_is_shown_and_described(served: Notebook) -> None:
    served.names["colour"] = "red"
    cell = served.run("%%nexhina image --size 96x64 --seed 3 -o cat\nA {{colour}} square")
    assert cell.error is None
    assert shown(cell).size == (96, 64)
    reply = served.names["cat"]
    assert isinstance(reply, ImageReply)
    assert cell.data["text/plain"] == repr(reply)
    (output,) = cell.outputs
    assert output["metadata"]["image/png"]["alt"] == (reply.revised_prompt or "A red square")
    assert cell.facts["model"] == "local/image"
    assert served.magics.state.costs == [reply.cost]
    again = served.run("%%nexhina image --size 96x64 --seed 3\nA red square")
    assert again.data["image/png"] == cell.data["image/png"]


def test_several_pictures_stand_side_by_side(served: Notebook, tmp_path: Path) -> None:
    cell = served.run("%%nexhina image -n 2 --size 64x64 --save stars.webp\nStars")
    assert cell.error is None
    assert cell.data["text/html"].count("<img ") == 2
    assert cell.data["text/html"].count('alt="') == 2
    assert cell.outputs[1]["data"]["text/plain"] == "saved as stars-1.webp, stars-2.webp"
    for name in ("stars-1.webp", "stars-2.webp"):
        assert form_of(tmp_path / name) == "WEBP"


@pytest.mark.parametrize(
    ("options", "name", "form"),
    [
        ("--save a", "a.png", "PNG"),
        ("--save a.jpg", "a.jpg", "JPEG"),
        ("--save a.jpeg", "a.jpeg", "JPEG"),
        ("--format webp --save a", "a.webp", "WEBP"),
    ],
)
def test_the_suffix_says_what_is_made(
    served: Notebook, tmp_path: Path, options: str, name: str, form: str
) -> None:
    cell = served.run(f"%%nexhina image --size 64x64 {options}\nStars")
    assert cell.error is None
    assert cell.outputs[-1]["data"]["text/plain"] == f"saved as {name}"
    assert form_of(tmp_path / name) == form


def test_pictures_are_changed(served: Notebook, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "red.png")
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 32, 64))
    served.names["left"] = mask
    cell = served.run("%%nexhina image --edit red.png --mask left --size 64x64\nMake it grey")
    assert cell.error is None
    made = shown(cell).convert("RGB")
    assert made.getpixel((60, 32)) == (200, 30, 30)  # outside of the mask
    assert made.getpixel((4, 32)) != (200, 30, 30)


def test_where_nobody_watches_only_the_finished_picture_is_shown(served: Notebook) -> None:
    cell = served.run("%%nexhina image --partial 2 --size 64x64 -o r\nA house")
    assert cell.error is None
    assert len(cell.outputs) == 1
    assert served.names["r"].partial is None
    assert shown(cell).size == (64, 64)


def test_prices(online: Notebook, server: MockServer) -> None:
    priced = "%%nexhina image --dry-run -m dall-e-3 --size 1024x1024 -o e"
    online.run(f"{priced}\nA cat")
    one = online.names["e"].usd[1]
    online.run(f"{priced} -n 3 --quality hd\nA cat")
    assert online.names["e"].usd[1] > 3 * one
    cell = online.run("%%nexhina image -m dall-e-3 -n 3 --budget 0.01\nA cat")
    assert "the budget is $0.01 → nothing was sent" in cell.line
    cell = online.run("%%nexhina image -m gpt-image-1 --budget 1\nA cat")
    assert "known afterwards, so that no budget can be kept" in cell.line
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "the prompt is empty → write what to draw below the first line"),
        ("--size huge\nx", "--size cannot be 'huge' → it takes width and height"),
        ("--size 10x10 -m dall-e-3\nx", "'size' must be one of"),
        ("-n 0\nx", "'n' must be greater than or equal to 1"),
        ("-n many\nx", "-n cannot be 'many' → it takes a whole number"),
        ("--quality best\nx", "--quality cannot be 'best'"),
        ("--format bmp\nx", "--format cannot be 'bmp'"),
        ("--background pink\nx", "--background cannot be 'pink'"),
        ("--partial 9\nx", "'partial_images' must be less than or equal to 3"),
        ("--mask a.png\nx", "--mask needs --edit"),
        ("--edit nix.png\nx", "picture nix.png cannot be read"),
        ("--edit word\nx", "picture cannot.png cannot be read"),
        ("--edit notes.txt\nx", "notes.txt is no picture"),
        ("--save x.bmp\nx", "--save cannot write x.bmp → end the name in .png"),
        ("--save nix/x.png\nx", "there is no folder nix"),
        ("--save .\nx", "it is a folder"),
        ("--save x.png --format webp\nx", "x.png is the name of png, --format asks for webp"),
    ],
)
def test_what_cannot_be_used_is_said(
    online: Notebook, server: MockServer, tmp_path: Path, code: str, said: str
) -> None:
    online.names["word"] = "cannot.png"
    (tmp_path / "notes.txt").write_text("hello")
    cell = online.run(f"%%nexhina image {code}")
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []
