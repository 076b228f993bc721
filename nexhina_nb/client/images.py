"""Pictures as callers have them, as content parts of a chat message (contract 1.3)."""

from __future__ import annotations

import base64
import io
import mimetypes
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}
_WHAT_WORKS = "pass a path, an http(s) or data URL, bytes, or an object that shows itself as PNG"


def image_parts(images: Any) -> list[dict[str, Any]]:
    """Pictures (one, several or none) as ``image_url`` parts; files and objects travel as data
    URLs.
    """
    if images is None or (isinstance(images, Sequence) and not images):
        return []
    single = isinstance(images, (str, bytes, Path)) or not isinstance(images, Iterable)
    several = [images] if single else list(images)
    return [{"type": "image_url", "image_url": {"url": image_url(image)}} for image in several]


def image_url(image: Any) -> str:
    """The URL of one picture: as given, or a data URL with its bytes. Raises BadInput for what is
    no picture.
    """
    if isinstance(image, str) and image.startswith(("http://", "https://", "data:")):
        return image
    data, kind = picture(image)
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def picture(image: Any) -> tuple[bytes, str]:
    """The bytes of one picture and their media type. Raises BadInput for what is no picture, and
    for a link, behind which nothing is looked up.
    """
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        raise BadInput("a link cannot be sent as a file", hint="download the picture first")
    if isinstance(image, str) and image.startswith("data:"):
        data, name = _behind(image), "the data URL"
    else:
        data, name = _bytes_of(image)
    kind = media_type(data, name)
    if kind is None:
        raise BadInput(f"{name or 'the bytes'} is no picture of a known kind", hint=_WHAT_WORKS)
    return data, kind


def _behind(link: str) -> bytes:
    head, _, text = link.partition(",")
    try:
        return base64.b64decode(text) if head.endswith(";base64") else unquote_to_bytes(text)
    except ValueError:
        return b""


def media_type(data: bytes, name: str = "") -> str | None:
    """The media type by the first bytes, else by the file's name; None if it is no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    guess = mimetypes.guess_type(name)[0] or ""
    return guess if guess.startswith("image/") and data else None


def _bytes_of(image: Any) -> tuple[bytes, str]:
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image), ""
    if isinstance(image, (str, Path)):
        return _read(Path(image)), str(image)
    made = getattr(image, "images", None)  # an ImageReply
    if isinstance(made, tuple) and made and isinstance(made[0], bytes):
        return made[0], ""
    if callable(getattr(image, "savefig", None)):  # a matplotlib figure
        buffer = io.BytesIO()
        image.savefig(buffer, format="png")
        return buffer.getvalue(), ""
    if callable(getattr(image, "_repr_png_", None)) and (shown := image._repr_png_()):
        return (base64.b64decode(shown) if isinstance(shown, str) else bytes(shown)), ""
    data = getattr(image, "data", None)  # IPython.display.Image of another format
    if isinstance(data, bytes):
        return data, ""
    raise BadInput(f"{kind_of(image)} is no picture", hint=_WHAT_WORKS)


def _read(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"picture {path} cannot be read: {reason}", hint=_WHAT_WORKS) from None
