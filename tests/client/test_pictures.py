"""The verb image, plain, edited and streamed, and what it gives back."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from nexhina_nb import errors
from nexhina_nb.client import Client, ImageReply, core
from nexhina_nb.client.images import picture
from tests.client.flows import answer, drive, session
from tests.client.mock_server import MockServer, Play, Seen, as_json, events, serve


def png(colour: str = "red", format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(buffer, format)
    return buffer.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def body(*pictures: bytes, **more: Any) -> dict[str, Any]:
    return {"created": 1, "data": [{"b64_json": b64(data)} for data in pictures]} | more


def parts(seen: Seen) -> dict[str, list[tuple[str | None, bytes]]]:
    """The parts of a form by their names: file name and content."""
    import email.policy
    from email.parser import BytesParser

    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + seen.body)
    found: dict[str, list[tuple[str | None, bytes]]] = {}
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        found.setdefault(str(name), []).append((part.get_filename(), content))
    return found


def test_one_picture(server: MockServer, client: Client, tmp_path: Path) -> None:
    server.play(as_json(body(png(), size="4x3"), **{"X-Nexhina-Quota": "9"}))
    reply = client.image("a <b>red</b> square", size="4x3", n=1, quality="low", seed=5)
    assert isinstance(reply, ImageReply)
    assert reply.images == (png(),)
    assert reply.image.size == (4, 3)
    assert (reply.format, reply.cost.quota, reply.model) == ("png", 9, "local/image")
    assert (reply.usage, reply.urls, reply.revised_prompt, len(reply)) == (None, [], None, 1)
    assert server.seen[0].path == "/v1/images/generations"
    assert server.seen[0].json == {
        "prompt": "a <b>red</b> square", "model": "local/image", "n": 1, "size": "4x3",
        "quality": "low", "seed": 5, "response_format": "b64_json",
    }  # fmt: skip
    data, more = reply._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == png()
    assert "text/html" not in data
    assert more["nexhina"]["model"] == "local/image"
    assert repr(reply).startswith("<ImageReply 1 picture, png, ")
    assert reply.save(tmp_path / "cat") == [tmp_path / "cat.png"]
    assert (tmp_path / "cat.png").read_bytes() == png()
    with pytest.raises(errors.BadInput, match=r"would hold png"):
        reply.save(tmp_path / "cat.webp")
    with pytest.raises(errors.BadInput, match="cannot be written"):
        reply.save(tmp_path / "no" / "cat.png")


def test_several_pictures(tmp_path: Path) -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3,
             "input_tokens_details": {"text_tokens": 1, "image_tokens": 0}}  # fmt: skip
    whole = body(png(), png("blue"), usage=usage)
    whole["data"][0]["revised_prompt"] = '"><script>$1</script>'
    reply, _ = drive(core.image(session(), "x", n=2, model="gpt-image-1"), answer(whole))
    assert isinstance(reply, ImageReply)
    shown = reply._repr_mimebundle_()[0]["text/html"]
    assert shown.count("<img ") == 2
    assert "<script>" not in shown
    assert reply.usage is not None
    assert [path.name for path in reply.save(tmp_path / "a.png")] == ["a-1.png", "a-2.png"]
    assert "2 pictures" in repr(reply)


def test_other_formats() -> None:
    for format, kind in (("JPEG", "image/jpeg"), ("WEBP", "text/html")):
        flow = core.image(session(), "x", format=format.lower())
        reply, _ = drive(flow, answer(body(png(format=format))))
        assert isinstance(reply, ImageReply)
        assert kind in reply._repr_mimebundle_()[0]
        assert reply.format == format.lower()


def test_what_is_asked_of_models_that_send_no_links() -> None:
    _, (step,) = drive(core.image(session(), "x", model="gpt-image-1"), answer(body(png())))
    assert b"response_format" not in step.body  # type: ignore[union-attr, operator]


@pytest.fixture
def other() -> Iterator[MockServer]:
    with serve() as running:
        yield running


def test_links_are_followed_without_the_key_of_another_host(
    other: MockServer, server: MockServer, client: Client
) -> None:
    home = f"{server.root}/files/1"
    linked = {"created": 1, "data": [{"url": home}, {"url": "data:image/png;base64," + b64(png())}]}
    server.play(as_json(linked), Play(png("blue"), content_type="image/png"))
    reply = client.image("x")
    assert reply.images == (png("blue"), png())
    assert reply.urls[0] == home
    assert server.seen[1].path == "/files/1"
    assert "authorization" in server.seen[1].headers
    away = other.root.replace("127.0.0.1", "localhost") + "/a.png"
    server.play(as_json({"created": 1, "data": [{"url": away}]}))
    other.play(Play(png(), content_type="image/png"))
    assert client.with_tags(cell="3").image("x").images == (png(),)
    assert "authorization" not in other.seen[0].headers
    assert "x-nexhina-tags" not in other.seen[0].headers
    server.play(as_json({"created": 1, "data": [{"url": "file:///etc/passwd"}]}))
    with pytest.raises(errors.Upstream, match="nowhere"):
        client.image("x")


def test_links_that_were_asked_for_stay_links() -> None:
    linked = {"created": 1, "data": [{"url": "https://x/1?a=$b"}]}
    flow = core.image(session(), "x", response_format="url")
    reply, (_,) = drive(flow, answer(linked))
    assert isinstance(reply, ImageReply)
    assert (reply.urls, reply.images, len(reply), bool(reply)) == (
        ["https://x/1?a=$b"], (), 1, True
    )  # fmt: skip
    assert "https://x/1" in reply._repr_mimebundle_()[0]["text/markdown"]
    assert "behind links" in repr(reply)
    with pytest.raises(errors.NexhinaError, match="only links"):
        _ = reply.image


def test_an_edit_is_a_form(server: MockServer, client: Client, tmp_path: Path) -> None:
    import matplotlib.figure

    path = tmp_path / "in.png"
    path.write_bytes(png())
    server.play(*[as_json(body(png()))] * 3)
    first = client.image("more", edit=str(path), mask=Image.new("RGBA", (4, 3)), n=2, seed=3)
    assert server.seen[0].path == "/v1/images/edits"
    assert server.seen[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    form = parts(server.seen[0])
    assert form["image"] == [("image-1.png", png())]
    assert form["mask"][0][0] == "mask.png"
    assert form["n"] == [(None, b"2")]
    assert form["seed"] == [(None, b"3")]
    assert set(form) == {"image", "mask", "n", "seed", "prompt", "model", "response_format"}
    figure = matplotlib.figure.Figure()
    client.image("x", edit=[first, png(), figure, "data:image/png;base64," + b64(png("blue"))])
    form = parts(server.seen[1])
    assert [name for name, _ in form["image[]"]] == [f"image-{n}.png" for n in (1, 2, 3, 4)]
    assert form["image[]"][3][1] == png("blue")
    client.image("x", edit=png(), moderation="low", metadata={"a": 1})
    assert parts(server.seen[2])["moderation"] == [(None, b"low")]
    assert parts(server.seen[2])["metadata"] == [(None, b'{"a": 1}')]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "prompt"),
        ({"n": 11}, "'n'"),
        ({"quality": "best"}, "quality"),
        ({"size": "4×3"}, "letter x"),
        ({"partial": 1}, "stream=True"),
        ({"partial": 9, "stream": True}, "partial_images"),
        ({"mask": png()}, "a mask needs"),
        ({"edit": []}, "no picture"),
        ({"edit": b"junk"}, "no picture of a known kind"),
        ({"edit": "https://x/y.png"}, "download"),
        ({"edit": "data:image/png;base64,A"}, "data URL"),
        ({"edit": "/no/such.png"}, "cannot be read"),
        ({"styles": "vivid"}, "did you mean 'style'"),
    ],
)
def test_bad_input(options: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.BadInput, match=words):
        next(core.image(session(), **({"prompt": "x"} | options)))


def test_a_data_url_without_base64() -> None:
    link = "data:image/gif,GIF89a%01"
    assert picture(link) == (b"GIF89a\x01", "image/gif")


@pytest.mark.parametrize("junk", [{}, {"data": []}, {"data": [{}]}, {"data": [{"b64_json": "A"}]}])
def test_junk(junk: Any) -> None:
    with pytest.raises(errors.Upstream, match="no picture"):
        drive(core.image(session(), "x"), answer(junk))


def partial(data: bytes, number: int) -> dict[str, Any]:
    kind = "image_generation.partial_image"
    return {"type": kind, "b64_json": b64(data), "partial_image_index": number, "size": "4x3"}


def completed(data: bytes, **more: Any) -> dict[str, Any]:
    return {"type": "image_generation.completed", "b64_json": b64(data), "created_at": 7} | more


def test_a_stream(server: MockServer, client: Client) -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    rows = [partial(png("blue"), 0), partial(png("green"), 1), completed(png(), usage=usage)]
    server.play(events(*rows, quota=4))
    stream = client.image("x", stream=True)
    first, second, last = list(stream)
    assert (first.partial, second.partial, last.partial) == (0, 1, None)
    assert (first.images, last.images) == ((png("blue"),), (png(),))
    assert last is stream.reply
    assert (last.cost.quota, last.raw.created, first.cost.quota) == (4, 7, None)
    assert last.usage is not None
    assert "unfinished" in repr(first)
    assert server.seen[0].json["partial_images"] == 2
    assert stream.text == ""


def test_streams_of_several_and_of_none(server: MockServer, client: Client) -> None:
    server.play(events(completed(png()), completed(png("blue"))), as_json(body(png())))
    server.play(events(partial(png(), 0), cut=True), as_json({}))
    assert client.image("x", n=2, stream=True, partial=0).read().images == (png(), png("blue"))
    assert [row.images for row in client.image("x", stream=True)] == [(png(),)]
    with pytest.raises(errors.StreamBroken):
        client.image("x", stream=True).read()
    with pytest.raises(errors.Upstream):
        client.image("x", stream=True).read()


def test_a_large_picture_is_not_put_into_the_notebook() -> None:
    large = png() + b"0" * (17 << 20)
    reply, _ = drive(core.image(session(), "x"), answer(body(large)))
    assert isinstance(reply, ImageReply)
    assert list(reply._repr_mimebundle_()[0]) == ["text/plain"]


def test_a_client_of_ones_own_sends_forms_too(server: MockServer) -> None:
    server.play(as_json(body(png())))
    with httpx2.Client() as http, Client(server.base_url, "sk-x", http_client=http) as client:
        client.image("x", edit=png())
    assert parts(server.seen[0])["image"] == [("image-1.png", png())]
