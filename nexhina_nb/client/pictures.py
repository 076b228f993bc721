"""What image gives back: pictures, which show themselves in a notebook."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexhina_nb.client import players
from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.images import media_type
from nexhina_nb.client.replies import Bundle, facts, printable
from nexhina_nb.client.saving import check_suffix, write
from nexhina_nb.client.target import Target
from nexhina_nb.errors import NexhinaError
from nexhina_nb.wire import ImageData, ImageGenerationResponse, ImageUsage
from nexhina_nb.wire.extensions import QUOTA_HEADER

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False, repr=False)
class ImageReply:
    """Pictures for a prompt. ``raw`` is the response as it came, ``cost`` what it cost.

    ``partial`` is the number (from 0) of an unfinished picture of a stream; None: it is finished.
    """

    raw: ImageGenerationResponse
    images: tuple[bytes, ...]
    model: str
    prompt: str = ""
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None
    partial: int | None = None

    @property
    def urls(self) -> list[str]:
        """The links to the pictures, where the gateway gave links; they soon expire."""
        return [row.url for row in _rows(self.raw) if isinstance(row.url, str)]

    @property
    def revised_prompt(self) -> str | None:
        """The prompt that the model made of yours, if it says."""
        told = (row.revised_prompt for row in _rows(self.raw))
        return next((text for text in told if isinstance(text, str)), None)

    @property
    def usage(self) -> ImageUsage | None:
        """Tokens as the gateway counted them; only some models count any."""
        usage: Any = self.raw.usage
        return usage if isinstance(usage, ImageUsage) else None

    @cached_property
    def image(self) -> Image:
        """The first picture, as one of Pillow."""
        from PIL import Image  # noqa: PLC0415 - heavy, and only wanted here

        return Image.open(io.BytesIO(self._first))

    @property
    def format(self) -> str:
        """What the pictures are: png, jpeg, webp."""
        return (media_type(self._first) or "image/png").partition("/")[2]

    @property
    def _first(self) -> bytes:
        if not self.images:
            raise NexhinaError("there is no picture, only links", hint="see .urls")
        return self.images[0]

    def save(self, path: str | Path) -> list[Path]:
        """Write the picture to a file, or several to numbered ones (``cat-1.png``); their paths.

        Raises BadInput if the suffix is that of another format.
        """
        place = check_suffix(path, ".jpg" if self.format == "jpeg" else f".{self.format}")
        names = [place]
        if len(self.images) > 1:
            numbers = range(1, len(self.images) + 1)
            names = [place.with_name(f"{place.stem}-{number}{place.suffix}") for number in numbers]
        return [write(name, data) for name, data in zip(names, self.images, strict=True)]

    def __len__(self) -> int:
        return len(self.images) or len(self.urls)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        what = "1 picture" if len(self) == 1 else f"{len(self)} pictures"
        if not self.images:
            return f"<ImageReply {what} behind links, {self.model}>"
        size = players.size_of(sum(map(len, self.images)))
        unfinished = "" if self.partial is None else ", unfinished"
        return f"<ImageReply {what}, {self.format}, {size}{unfinished}, {self.model}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        more = {"revised_prompt": self.revised_prompt, "created": self.raw.created}
        known = facts(self.model, self.request_id, self.cost, self.usage, **more)
        return {**self._shown(), "text/plain": repr(self)}, known

    def _shown(self) -> dict[str, str]:
        alt = printable(self.revised_prompt or self.prompt)
        if sum(map(len, self.images)) > players.LARGEST:
            return {}
        if not self.images:
            lines = [f"[picture {row}](<{link}>)" for row, link in enumerate(self.urls, 1)]
            return {"text/markdown": "  \n".join(lines)}
        kind = media_type(self.images[0]) or "image/png"
        if len(self.images) == 1 and kind in ("image/png", "image/jpeg"):
            return {kind: players.as_base64(self.images[0])}
        links = [players.data_uri(data, media_type(data) or "image/png") for data in self.images]
        return {"text/html": players.grid([(link, alt) for link in links])}


def _rows(raw: ImageGenerationResponse) -> list[ImageData]:
    data: Any = raw.data  # read leniently, so it may be anything
    return [row for row in data if isinstance(row, ImageData)] if isinstance(data, list) else []


def links_of(answer: dict[str, Any]) -> list[str]:
    """The links that must be followed to have the pictures."""
    rows = answer.get("data")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [str(row["url"]) for row in found if row.get("url") and not row.get("b64_json")]


def read_images(
    target: Target,
    response: Response,
    answer: dict[str, Any],
    *,
    model: str,
    prompt: str = "",
    fetched: Sequence[bytes] = (),
    billed: str | None = None,
    partial: int | None = None,
) -> ImageReply:
    """The reply that an answer holds; Upstream if there is no picture in it.

    ``fetched`` are the pictures behind its links, in order.
    """
    raw = ImageGenerationResponse.read(answer)
    waiting = list(fetched)
    pictures = [_picture(row, waiting) for row in _rows(raw)]
    if not pictures or not all(
        found or row.url for row, found in zip(_rows(raw), pictures, strict=True)
    ):
        raise not_an_answer(target, response, "holds no picture")
    cost = cost_of(billed or response.headers.get(QUOTA_HEADER), model, raw.usage)
    images = tuple(found for found in pictures if found)
    return ImageReply(raw, images, model, prompt, cost, response.request_id, partial)


def _picture(row: ImageData, fetched: list[bytes]) -> bytes:
    if isinstance(row.b64_json, str) and row.b64_json:
        return from_base64(row.b64_json)
    return fetched.pop(0) if fetched else b""


def from_base64(text: str) -> bytes:
    """The bytes; nothing for what is no base64. A data URL is taken as well."""
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text)
    except (binascii.Error, ValueError):
        return b""
