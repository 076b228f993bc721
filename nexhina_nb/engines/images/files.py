"""Picture files: opened with care, since anybody may send them, and written in three formats."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nexhina_nb.errors import BadRequest

MOST_PIXELS = 40_000_000  # of a picture that is opened: 160 MB in memory
READABLE = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")

_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,  # Pillow's word for a broken PNG
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """An opened picture: its first frame upright, and what its file said of itself."""

    image: Image.Image
    format: str
    frames: int


def opened(data: bytes, param: str = "image") -> Image.Image:
    """The picture in these bytes, whole and upright; `BadRequest` when there is none."""
    return inspected(data, param).image


def inspected(data: bytes, param: str = "image") -> Picture:
    """The picture with its file's facts; `BadRequest` when there is none.

    The size is checked before any pixel is unpacked, so that a small file cannot fill the memory.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=READABLE)
        if image.width * image.height > MOST_PIXELS:
            raise _refused(f"The picture has {image.width}x{image.height} pixels.", param)
        # The pages of a TIFF are no frames, and to count a hundred thousand of them takes a minute.
        frames = 1 if image.format == "TIFF" else int(getattr(image, "n_frames", 1))
        image.load()
        format = image.format or ""
        ImageOps.exif_transpose(image, in_place=True)
        return Picture(image, format, frames)
    except _UNREADABLE as error:
        raise _refused("The bytes are not a picture that can be read.", param) from error


def _refused(message: str, param: str) -> BadRequest:
    hint = f"send a whole {', '.join(READABLE)} file of at most {MOST_PIXELS // 10**6} megapixels"
    return BadRequest(message, param=param, hint=hint)


def has_transparency(image: Image.Image) -> bool:
    """Whether pixels of this picture can be see-through."""
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def plain(image: Image.Image) -> Image.Image:
    """The picture as RGB, or as RGBA where it has transparency; 16 bits become 8."""
    if image.mode.startswith(("I", "F")):
        levels = np.asarray(image, np.float32)
        levels = levels / np.float32(1 if levels.max(initial=0) <= 255 else 257)
        image = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    return _as(image, "RGBA" if has_transparency(image) else "RGB")


def _as(image: Image.Image, mode: str) -> Image.Image:
    """The picture itself where it has the mode: `convert` would copy up to 160 MB."""
    return image if image.mode == mode else image.convert(mode)


def encode(image: Image.Image, format: str = "png", compression: int | None = None) -> bytes:
    """The picture as a PNG, JPEG or WebP file.

    ``compression`` is the quality, 0..100, of the two that lose some. A JPEG has no transparency:
    what is see-through becomes white.
    """
    buffer = io.BytesIO()
    quality = 90 if compression is None else compression
    if format == "jpeg":
        opaque(image).save(buffer, "JPEG", quality=max(1, min(quality, 95)), optimize=True)
    elif format == "webp":
        image.save(buffer, "WEBP", quality=quality, method=3)
    elif format == "png":
        image.save(buffer, "PNG", compress_level=4)
    else:
        raise BadRequest(
            f"The format {format!r} cannot be written.",
            param="output_format",
            hint="use png, jpeg or webp",
        )
    return buffer.getvalue()


def opaque(image: Image.Image) -> Image.Image:
    """The picture on white."""
    if image.mode != "RGBA":
        return _as(image, "RGB")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, (0, 0), image)
    return ground
