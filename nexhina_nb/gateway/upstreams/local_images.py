"""Pictures with the built-in engine: drawn from a prompt, or made of other pictures."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from nexhina_nb.engines import images
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.media import Media
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.pictures import mask_of, sources
from nexhina_nb.gateway.upstreams.served import Served, begun, event_stream
from nexhina_nb.pricing import tokens as counter
from nexhina_nb.pricing.media import image_size
from nexhina_nb.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image

Payload = dict[str, Any]

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_USUAL_SIZE = (1024, 1024)
_FORMATS = ("png", "jpeg", "webp")
_QUALITIES = ("low", "medium", "high")
_TILE = 32  # pixels: a token of local/image is a square of these


@dataclass(frozen=True, slots=True)
class _Order:
    """What the pictures of a call are to be like, checked."""

    prompt: str
    size: tuple[int, int] | None
    count: int
    stages: int
    seed: int
    transparent: bool
    format: str
    compression: int | None
    quality: str

    @classmethod
    def of(cls, call: Call) -> _Order:
        body = call.body
        form = body.get("output_format") or "png"
        if form not in _FORMATS:
            raise BadRequest(f"the format must be {', '.join(_FORMATS)}", param="output_format")
        transparent = body.get("background") == "transparent"
        if transparent and form == "jpeg":
            raise BadRequest("a JPEG cannot be transparent: ask for png", param="background")
        quality = body.get("quality")
        return cls(
            prompt=body["prompt"],
            size=_size(body.get("size")),
            count=body.get("n") or 1,
            stages=(body.get("partial_images") or 0) if call.stream else 0,
            seed=_seed(body.get("seed")),
            transparent=transparent,
            format=form,
            compression=body.get("output_compression"),
            # The engine knows one quality; it says the one that was asked for.
            quality=quality if quality in _QUALITIES else "high",
        )


# The number of a picture → its stages, the finished one last.
Paint = Callable[[int], Iterator["Image"]]


def serve_generation(call: Call, settings: Settings) -> Served:
    """The answer of a call for new pictures."""
    order = _Order.of(call)

    def paint(number: int) -> Iterator[Image]:
        return images.draw(
            order.prompt,
            order.size or _USUAL_SIZE,
            seed=order.seed + number,
            transparent=order.transparent,
            stages=order.stages,
        )

    return _served(_Studio(order, paint, "image_generation"), call, settings)


def serve_edit(call: Call, settings: Settings) -> Served:
    """The answer of a call for edited pictures; without a size they keep their own."""
    order = _Order.of(call)
    pictures, mask = sources(call, settings), mask_of(call, settings)

    def paint(number: int) -> Iterator[Image]:
        return images.edit(
            order.prompt,
            pictures,
            mask,
            order.size,
            seed=order.seed + number,
            stages=order.stages,
        )

    return _served(_Studio(order, paint, "image_edit", pictures), call, settings)


class _Studio:
    """Makes the pictures of one call, and counts what they took."""

    def __init__(
        self, order: _Order, paint: Paint, family: str, pictures: Sequence[bytes] = ()
    ) -> None:
        self.order = order
        self.family = family
        self._created = int(time.time())
        self._text_in = counter.count(order.prompt)
        self._image_in = sum(_tokens(image_size(data) or _USUAL_SIZE) for data in pictures)
        self._image_out = 0
        self._came_out: Payload = {}
        self._steps = begun(_steps(paint, order.count))

    def finished(self) -> Iterator[bytes]:
        """Each picture as a file."""
        for _, image in self._steps:
            self._came_out = self._facts(image)
            yield self._encoded(image)

    def reply(self, data: list[Payload]) -> Payload:
        """An `ImageGenerationResponse`."""
        return {"created": self._created, "data": data, **self._came_out, "usage": self._usage()}

    def events(self) -> Iterator[Payload]:
        """The stream: the unfinished pictures, each followed by the finished one."""
        stages, done = self.order.stages, 0
        for stage, image in self._steps:
            content = base64.b64encode(self._encoded(image, counts=stage == stages)).decode()
            event = {"b64_json": content, "created_at": self._created, **self._facts(image)}
            if stage < stages:
                kind = f"{self.family}.partial_image"
                yield {"type": kind, "partial_image_index": stage, **event}
                continue
            done += 1
            usage = {"usage": self._usage()} if done == self.order.count else {}
            yield {"type": f"{self.family}.completed", **event, **usage}

    def _encoded(self, image: Image, *, counts: bool = True) -> bytes:
        if counts:
            self._image_out += _tokens(image.size)
        return images.encode(image, self.order.format, self.order.compression)

    def _facts(self, image: Image) -> Payload:
        is_clear = image.mode == "RGBA" and self.order.format != "jpeg"
        return {
            "size": f"{image.width}x{image.height}",
            "quality": self.order.quality,
            "background": "transparent" if is_clear else "opaque",
            "output_format": self.order.format,
        }

    def _usage(self) -> Payload:
        taken = self._text_in + self._image_in
        return {
            "input_tokens": taken,
            "input_tokens_details": {
                "text_tokens": self._text_in,
                "image_tokens": self._image_in,
            },
            "output_tokens": self._image_out,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": self._image_out},
            "total_tokens": taken + self._image_out,
        }


def _served(studio: _Studio, call: Call, settings: Settings) -> Served:
    if call.stream:
        return event_stream(studio.events())
    is_inline = call.body.get("response_format") == "b64_json"
    shelf = Media(settings.home / "media")
    described = images.describe(studio.order.prompt)

    def entry(content: bytes) -> Payload:
        if is_inline:
            place = {"b64_json": base64.b64encode(content).decode()}
        else:
            place = {"url": f"{call.origin}/media/{shelf.keep(content, studio.order.format)}"}
        return {**place, "revised_prompt": described}

    def pieces() -> Iterator[bytes]:
        data = []
        for content in studio.finished():
            data.append(entry(content))
            yield b""  # a place to stop at for a caller who leaves
        yield orjson.dumps(studio.reply(data))

    return Served("application/json", pieces(), is_ready=False)


def _steps(paint: Paint, count: int) -> Iterator[tuple[int, Image]]:
    for number in range(count):
        yield from enumerate(paint(number))


def _size(asked: str | None) -> tuple[int, int] | None:
    if asked in (None, "auto"):
        return None
    found = _SIZE.fullmatch(asked or "")
    if found is None:
        raise BadRequest("the size must be 'auto' or like '1024x1024'", param="size")
    return int(found[1]), int(found[2])


def _seed(asked: Any) -> int:
    try:
        return int(asked or 0)
    except (TypeError, ValueError):
        raise BadRequest("the seed must be an integer", param="seed") from None


def _tokens(size: tuple[int, int]) -> int:
    return -(-size[0] // _TILE) * -(-size[1] // _TILE)
