"""Tokens of what is not text in a message, by the figures of contract 5.5.

Images count by tiles, audio, video and files at a flat rate. Nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any

from nexhina_nb.pricing.vocabulary import is_exact

AUDIO, VIDEO, FILE = 256, 8192, 4096
IMAGE_PARTS = ("image_url", "input_image", "image")
AUDIO_PARTS = ("input_audio", "audio")
IMAGE_ELSEWHERE = 520  # an image for a model that is not OpenAI's
_BASE, _TILE = 85, 170
_UNKNOWN = (
    1024,
    1024,
)  # an image behind a link is not fetched: it is taken as a square of this size
_HEAD = (
    512 * 1024
)  # characters of base64 that are looked at for the size; EXIF data may come before it

_DATA_URL = re.compile(r"data:[^,;]*;base64,")
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def part_tokens(part: Mapping[str, Any], model: str) -> int:
    """Tokens of one content part that is not text; an unknown kind counts as a file."""
    kind = part.get("type")
    if kind in IMAGE_PARTS:
        return _image_part(part, model)
    if kind in AUDIO_PARTS:
        return AUDIO
    if kind in ("video_url", "video"):
        return VIDEO
    return FILE


def image_tokens(width: int, height: int, *, detail: str = "auto") -> int:
    """OpenAI's count of an image in pixels: 85, and 170 for each 512 × 512 tile once scaled."""
    if detail == "low" or width <= 0 or height <= 0:
        return _BASE
    inside = min(1.0, 2048 / max(width, height))
    width_in, height_in = width * inside, height * inside
    short = min(1.0, 768 / min(width_in, height_in))
    # rounded first: 1535.9999999 or 1536.0000001 pixels are 1536
    across, down = (math.ceil(round(side * short, 3) / 512) for side in (width_in, height_in))
    return _BASE + _TILE * max(across, 1) * max(down, 1)


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF, WebP or JPEG by its first bytes; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_size(data)
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else None


def _image_part(part: Mapping[str, Any], model: str) -> int:
    if not is_exact(model) or model.startswith("local/"):
        return IMAGE_ELSEWHERE
    image = part.get("image_url")
    fields = image if isinstance(image, Mapping) else {"url": image, **part}
    size = _linked_size(fields.get("url")) or _UNKNOWN
    return image_tokens(*size, detail=str(fields.get("detail") or "auto"))


def _linked_size(url: object) -> tuple[int, int] | None:
    if not isinstance(url, str) or not (header := _DATA_URL.match(url)):
        return None
    text = url[header.end() : header.end() + _HEAD]
    try:
        return image_size(base64.b64decode(text[: len(text) // 4 * 4]))
    except (binascii.Error, ValueError):
        return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        wide, high = data[26:28], data[28:30]
        return int.from_bytes(wide, "little") & 0x3FFF, int.from_bytes(high, "little") & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = (
            data[position + 1],
            int.from_bytes(data[position + 2 : position + 4], "big"),
        )
        if marker in _JPEG_SIZES:
            high, wide = data[position + 5 : position + 7], data[position + 7 : position + 9]
            return int.from_bytes(wide, "big"), int.from_bytes(high, "big")
        position += 2 + length
    return None
