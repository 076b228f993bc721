"""Pictures: the official SDK against the built-in engine, and what passes through to others."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from PIL import Image

from nexhina_nb.pricing.price import Price
from nexhina_nb.wire.sse import encode
from tests.conftest import RunningGateway, run_gateway
from tests.gateway import elsewhere as far
from tests.gateway.sick_server import Peer, Received

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)

PROMPT = "a red circle over blue hills"
SMALL = "128x96"
PER_PICTURE = 5_000  # quota: a cent


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with run_gateway(tmp_path_factory.mktemp("images")) as running:
        far.price(running, "local/image", Price.per_call_usd("0.01"))
        yield running


@pytest.fixture(scope="module")
def sdk(served: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.base_url, api_key=served.key, max_retries=0) as client:
        yield client


def decoded(b64: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(b64)))
    image.load()
    return image


def png(size: tuple[int, int] = (96, 96), colour: Any = "white", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_error_says_what_to_do_about_it(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"5x5 cannot be drawn: each side must be "):
        sdk.images.generate(prompt=PROMPT, size="5x5")  # type: ignore[call-overload]


def test_links_work_without_a_key_and_by_default(
    sdk: openai.OpenAI, served: RunningGateway
) -> None:
    reply = sdk.images.generate(prompt=PROMPT, n=2, size=SMALL)
    assert len({image.url for image in reply.data}) == 2
    for image in reply.data:
        found = httpx2.get(image.url)
        assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
        assert Image.open(io.BytesIO(found.content)).size == (128, 96)
        assert "circle" in image.revised_prompt
    assert reply.created > 1_700_000_000
    assert (reply.size, reply.output_format, reply.background) == (SMALL, "png", "opaque")
    usage = reply.usage
    assert usage.output_tokens == usage.output_tokens_details.image_tokens == 2 * 4 * 3
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    row = far.rows(served)[0]
    assert (row["model_name"], row["quota"]) == ("local/image", 2 * PER_PICTURE)


def test_the_same_seed_gives_the_same_picture(sdk: openai.OpenAI) -> None:
    def made(seed: int) -> str:
        asked: dict[str, Any] = {"size": SMALL, "response_format": "b64_json"}
        reply = sdk.images.generate(prompt=PROMPT, extra_body={"seed": seed}, **asked)
        return str(reply.data[0].b64_json)

    assert made(1) == made(1) != made(2)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_formats(sdk: openai.OpenAI, form: Any) -> None:
    reply = sdk.images.generate(
        model="local/image", prompt=PROMPT, size=SMALL, output_format=form,
        output_compression=60, response_format="b64_json",
    )  # fmt: skip
    assert decoded(reply.data[0].b64_json).format == form.upper()
    assert reply.output_format == form


def test_a_transparent_background_is_transparent(sdk: openai.OpenAI) -> None:
    reply = sdk.images.generate(
        prompt="a red circle", size="auto", background="transparent", response_format="b64_json"
    )
    image = decoded(reply.data[0].b64_json)
    assert (image.mode, image.size, image.getpixel((0, 0))[3]) == ("RGBA", (1024, 1024), 0)
    assert (reply.background, reply.size) == ("transparent", "1024x1024")


def test_a_stream_shows_the_picture_as_it_grows(sdk: openai.OpenAI, served: RunningGateway) -> None:
    events = list(sdk.images.generate(prompt=PROMPT, size=SMALL, stream=True, partial_images=2))
    assert [event.type.rpartition(".")[2] for event in events] == [
        *["partial_image"] * 2,
        "completed",
    ]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert all(decoded(event.b64_json).size == (128, 96) for event in events)
    assert all((event.size, event.output_format) == (SMALL, "png") for event in events)
    assert events[-1].usage.output_tokens == 12
    plain = sdk.images.generate(prompt=PROMPT, size=SMALL, response_format="b64_json")
    assert events[-1].b64_json == plain.data[0].b64_json
    assert [row["quota"] for row in far.rows(served, 2)[:2]] == [PER_PICTURE] * 2


def test_several_pictures_in_a_stream_all_come(sdk: openai.OpenAI, served: RunningGateway) -> None:
    asked: dict[str, Any] = {"stream": True, "partial_images": 1, "n": 3}
    events = list(sdk.images.generate(prompt=PROMPT, size=SMALL, **asked))
    assert [event.type.rpartition(".")[2] for event in events] == [
        "partial_image",
        "completed",
    ] * 3
    assert events[-1].usage.output_tokens == 36
    assert far.rows(served)[0]["quota"] == 3 * PER_PICTURE


def test_an_edit_changes_only_what_the_mask_leaves_open(sdk: openai.OpenAI) -> None:
    mask = Image.new("RGBA", (96, 96), "black")
    mask.paste((0, 0, 0, 0), (0, 0, 48, 96))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    reply = sdk.images.edit(
        model="local/image", image=("a.png", png()), mask=("m.png", buffer.getvalue()),
        prompt="a blue square", response_format="b64_json",
    )  # fmt: skip
    image = decoded(reply.data[0].b64_json).convert("RGB")
    assert image.size == (96, 96)
    assert image.crop((48, 0, 96, 96)).getcolors() == [(48 * 96, (255, 255, 255))]
    assert image.crop((0, 0, 48, 96)).getcolors() != [(48 * 96, (255, 255, 255))]
    assert reply.usage.input_tokens_details.image_tokens == 9


def test_edits_take_several_pictures_and_stream(sdk: openai.OpenAI) -> None:
    pictures = [("a.png", png()), ("b.png", png(colour="black"))]
    asked: dict[str, Any] = {"stream": True, "partial_images": 1, "size": SMALL}
    events = list(sdk.images.edit(image=pictures, prompt="make it blue", **asked))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    assert events[-1].usage.input_tokens_details.image_tokens == 18
    assert events[-1].size == SMALL


@pytest.mark.parametrize("path", ["/images/edits", "/edits"])
@pytest.mark.parametrize("place", ["image", "images"])
def test_edits_take_json_too(served: RunningGateway, path: str, place: str) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    where = {"image": uri} if place == "image" else {"images": [{"image_url": uri}]}
    body = {"model": "local/image", "prompt": "blue", "response_format": "b64_json"} | where
    reply = far.post(served, path, json=body)
    assert reply.status_code == 200, reply.text
    assert decoded(reply.json()["data"][0]["b64_json"]).size == (96, 96)


def test_the_asynchronous_client(served: RunningGateway) -> None:
    async def scene() -> None:
        address = {"base_url": served.base_url, "api_key": served.key}
        async with openai.AsyncOpenAI(**address, max_retries=0) as client:
            made = await client.images.generate(prompt=PROMPT, size=SMALL)
            changed = client.images.edit(image=("a.png", png()), prompt="make it blue")
            assert made.data[0].url.startswith("http://127.0.0.1")
            assert (await changed).data[0].url
            asked: dict[str, Any] = {"prompt": PROMPT, "size": SMALL, "stream": True}
            kinds = [event.type async for event in await client.images.generate(**asked)]
            assert kinds == ["image_generation.completed"]

    asyncio.run(scene())


def bomb() -> bytes:
    """A PNG of some kilobytes that claims a gigapixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(10_000))), chunk(b"IEND", b""))
    )


MISSING, VALUE, TYPE = "missing_required_parameter", "invalid_value", "invalid_type"
GENERATIONS, EDITS = "/images/generations", "/images/edits"
A_PNG = [("image", ("a.png", png(), "image/png"))]


def edit(files: list[Any], **fields: Any) -> dict[str, Any]:
    return {"files": files, "data": {"prompt": "make it blue"} | fields}


CASES: list[tuple[str, str, dict[str, Any], int, str, str | None]] = [
    ("no prompt", GENERATIONS, {"json": {}}, 400, MISSING, "prompt"),
    ("empty prompt", GENERATIONS, {"json": {"prompt": ""}}, 400, VALUE, "prompt"),
    ("a wrong sign", GENERATIONS, {"json": {"prompt": "x", "size": "512×512"}}, 400, VALUE, "size"),
    ("no size", GENERATIONS, {"json": {"prompt": "x", "size": "large"}}, 400, VALUE, "size"),
    ("too large", GENERATIONS, {"json": {"prompt": "x", "size": "9999x9999"}}, 400, VALUE, "size"),
    ("too small", GENERATIONS, {"json": {"prompt": "x", "size": "1x1"}}, 400, VALUE, "size"),
    ("none", GENERATIONS, {"json": {"prompt": "x", "n": 0}}, 400, VALUE, "n"),
    ("n as text", GENERATIONS, {"json": {"prompt": "x", "n": "1"}}, 400, TYPE, "n"),
    (
        "format",
        GENERATIONS,
        {"json": {"prompt": "x", "output_format": "gif"}},
        400,
        VALUE,
        "output_format",
    ),
    (
        "a transparent JPEG",
        GENERATIONS,
        {"json": {"prompt": "x", "output_format": "jpeg", "background": "transparent"}},
        400,
        VALUE,
        "background",
    ),
    ("seed", GENERATIONS, {"json": {"prompt": "x", "seed": "a"}}, 400, VALUE, "seed"),
    ("a form", GENERATIONS, edit(A_PNG), 415, "unsupported_media_type", None),
    (
        "another verb's",
        GENERATIONS,
        {"json": {"prompt": "x", "model": "local/embed"}},
        400,
        VALUE,
        "model",
    ),
    ("no picture", EDITS, {"json": {"prompt": "x"}}, 400, MISSING, "image"),
    ("no prompt to edit by", EDITS, {"files": A_PNG}, 400, MISSING, "prompt"),
    ("an empty picture", EDITS, edit([("image", ("a.png", b""))]), 400, VALUE, "image"),
    ("17 pictures", EDITS, edit(17 * [("image[]", ("a.png", png()))]), 400, VALUE, "image"),
    ("no picture file", EDITS, edit([("image", ("a.png", b"I am text"))]), 400, VALUE, "image"),
    ("a bomb", EDITS, edit([("image", ("a.png", bomb()))]), 400, VALUE, "image"),
    ("n in words", EDITS, edit(A_PNG, n="two"), 400, VALUE, "n"),
    (
        "a mask of another size",
        EDITS,
        edit([*A_PNG, ("mask", ("m.png", png((64, 64), (0, 0, 0, 0), "RGBA")))]),
        400,
        VALUE,
        "mask",
    ),
    (
        "a stored file",
        EDITS,
        {"json": {"prompt": "x", "images": [{"file_id": "file-1"}]}},
        400,
        VALUE,
        "images",
    ),
    ("text", EDITS, {"content": b"x", "headers": {"content-type": "text/plain"}}, 415,
     "unsupported_media_type", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "options", "status", "code", "param"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_wrong_calls(
    served: RunningGateway,
    path: str,
    options: dict[str, Any],
    status: int,
    code: str,
    param: str | None,
) -> None:
    reply = far.post(served, path, **options)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], (error["param"] or "").partition(".")[0]) == (
        status,
        code,
        param or "",
    ), reply.text
    assert "Traceback" not in reply.text
    for row in far.rows(served)[:1]:
        assert status == 415 or (row["type"], row["quota"]) == (5, 0)


PICTURE = {"created": 1, "data": [{"b64_json": "AAAA"}]}


@pytest.mark.parametrize(
    ("asked", "quota"),
    [
        ({"size": "1024x1792", "quality": "hd"}, 60_000),  # contract 5.8, 13
        ({"n": 3}, 60_000),  # contract 5.8, 14
        ({}, 20_000),
    ],
)
def test_a_price_per_picture(gateway: RunningGateway, asked: dict[str, Any], quota: int) -> None:
    scenes = {"generations": far.answering(PICTURE)}
    with far.elsewhere(gateway, scenes, "dall-e-3"):
        body = {"model": "dall-e-3", "prompt": "a cat"} | asked
        reply = far.post(gateway, GENERATIONS, json=body)
    assert (reply.json(), reply.headers["x-nexhina-quota"]) == (PICTURE, str(quota))
    assert far.rows(gateway)[0]["quota"] == quota


USAGE = {
    "input_tokens": 110,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 100},
    "output_tokens": 1000,
    "total_tokens": 1110,
}


def test_pictures_that_cost_by_their_tokens(gateway: RunningGateway) -> None:
    far.price(gateway, "gpt-image-x", Price.per_million(5, 40, image=10))
    scenes = {"generations": far.answering(PICTURE | {"usage": USAGE})}
    with far.elsewhere(gateway, scenes, "gpt-image-x"):
        # The usage is that of both pictures: their number does not multiply it again.
        far.post(gateway, GENERATIONS, json={"model": "gpt-image-x", "prompt": "a cat", "n": 2})
        row = far.rows(gateway)[0]
        assert (row["prompt_tokens"], row["completion_tokens"]) == (110, 1000)
        assert row["quota"] == (10 * 5 + 100 * 10 + 1000 * 40) // 2
    assert Decimal(row["quota"]) == 20_525


def test_without_usage_a_picture_costs_a_token_at_least(gateway: RunningGateway) -> None:
    far.price(gateway, "free-hand", Price.per_million(5, 40))
    with far.elsewhere(gateway, {"generations": far.answering(PICTURE)}, "free-hand"):
        far.post(gateway, GENERATIONS, json={"model": "free-hand", "prompt": "a cat"})
        assert (far.rows(gateway)[0]["prompt_tokens"], far.rows(gateway)[0]["quota"]) == (1, 3)


def event(kind: str, **more: Any) -> bytes:
    return encode(json.dumps({"type": kind, "b64_json": "AAAA"} | more), kind)


def test_streams_of_others_pass_and_end_with_their_usage(gateway: RunningGateway) -> None:
    frames = [
        event("image_edit.partial_image", partial_image_index=0),
        event("image_edit.completed", usage=USAGE),
    ]
    far.price(gateway, "gpt-image-x", Price.per_million(5, 40, image=10))
    scenes = {"edits": far.sending("text/event-stream", *frames)}
    with far.elsewhere(gateway, scenes, "gpt-image-x") as server:
        fields = {"model": "gpt-image-x", "prompt": "a cat", "stream": "true"}
        text = far.post(gateway, EDITS, files=A_PNG, data=fields).text
        assert b'name="stream"\r\n\r\ntrue' in server.received[0].body
    for frame in frames:
        assert frame.decode() in text
    assert ": nexhina-quota 20525" in text
    assert far.rows(gateway)[0]["quota"] == 20_525


@pytest.mark.parametrize(("delivered", "quota"), [(0, 0), (1, 20_000)])
def test_a_stream_that_breaks_is_paid_for_if_a_picture_came(
    gateway: RunningGateway, delivered: int, quota: int
) -> None:
    frames = [event("image_generation.partial_image", partial_image_index=0)] * delivered

    def scene(peer: Peer, request: Received) -> None:
        peer.begin("Content-Type: text/event-stream")
        for frame in frames:
            peer.chunk(frame)
        peer.reset()

    with far.elsewhere(gateway, {"generations": scene}, "dall-e-3"):
        body = {"model": "dall-e-3", "prompt": "a cat", "stream": True, "partial_images": 1}
        reply = far.post(gateway, GENERATIONS, json=body)
    # Before the first event there is no stream yet, and so an answer with the status of an error.
    assert reply.status_code == (200 if delivered else 502)
    assert ("event: error" in reply.text) == bool(delivered)
    assert "stream_broken" in reply.text
    assert "image_generation.completed" not in reply.text
    assert far.rows(gateway)[0]["quota"] == quota


def test_an_edit_arrives_as_it_was_sent(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_KEY", "sk-far")
    data = bytes(range(256)) * 40
    files = [
        ("image[]", ("ä.png", data, "image/png")),
        ("image[]", ("b.webp", b"two", "image/webp")),
        ("mask", ("m.png", b"mask", "image/png")),
    ]
    fields = {"model": "dall-e-3", "prompt": "größer", "n": "1", "x_new": ["1", "2"]}
    scenes, mapping = {"edits": far.answering(PICTURE)}, {"dall-e-3": "inner"}
    channel = far.elsewhere(gateway, scenes, "dall-e-3", keys=("env:FAR_KEY",), mapping=mapping)
    with channel as server:
        assert far.post(gateway, EDITS, files=files, data=fields).json() == PICTURE
        (seen,) = server.received
    assert seen.headers["authorization"] == "Bearer sk-far"
    assert gateway.key.encode() not in seen.body
    for part in (
        b'name="model"\r\n\r\ninner\r\n',
        'name="prompt"\r\n\r\ngrößer\r\n'.encode(),
        b'name="x_new"\r\n\r\n1\r\n',
        b'name="x_new"\r\n\r\n2\r\n',
        b"Content-Type: image/png\r\n\r\n" + data + b"\r\n",
        b'name="image[]"; filename="b.webp"\r\nContent-Type: image/webp\r\n\r\ntwo\r\n',
        b'name="mask"; filename="m.png"',
        'filename="ä.png"'.encode(),
    ):
        assert part in seen.body
    assert b"dall-e-3" not in seen.body


@pytest.mark.parametrize("path", ["/images/edits", "/edits"])
def test_json_edits_arrive_as_they_were_sent(gateway: RunningGateway, path: str) -> None:
    with far.elsewhere(gateway, {"edits": far.answering(PICTURE)}, "dall-e-3") as server:
        images = [{"image_url": "https://example.org/a.png", "x_new": 1}]
        body = {"model": "dall-e-3", "prompt": "a cat", "images": images, "x_new": {"a": None}}
        assert far.post(gateway, path, json=body).json() == PICTURE
        (seen,) = server.received
    assert (seen.target, json.loads(seen.body)) == ("/v1/images/edits", body)


def test_refusals_of_others_come_back_as_they_are(gateway: RunningGateway) -> None:
    error = {"error": {"message": "unsafe", "type": "x", "code": "moderation_blocked"}}
    headers = ("Retry-After: 9", "X-Request-Id: up-9")
    scene = far.answering(error, *headers, status="400 Bad Request")
    with far.elsewhere(gateway, {"edits": scene}, "dall-e-3"):
        fields = {"model": "dall-e-3", "prompt": "a cat"}
        reply = far.post(gateway, EDITS, files=A_PNG, data=fields)
    assert (reply.status_code, reply.json()) == (400, error)
    assert (reply.headers["retry-after"], reply.headers["x-request-id"]) == ("9", "up-9")
    assert (far.rows(gateway)[0]["type"], far.rows(gateway)[0]["quota"]) == (5, 0)
