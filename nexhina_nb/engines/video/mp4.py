"""MP4 files by PyAV: written frame by frame, and looked into."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from PIL import Image

from nexhina_nb.errors import BadRequest

_BT709 = 1  # the number of HD video's colours in H.264
# One thread: with more of them x264 gives other bytes nearly each time, with one only now and then.
_OPTIONS = {"preset": "veryfast", "crf": "21", "tune": "animation", "threads": "1"}
# A film may have come from elsewhere: no playlist is followed, and no address asked.
_TRUSTED = {"format_whitelist": "mov,mp4,matroska,webm", "protocol_whitelist": "file"}
_SPRITES = 12
_SPRITE_WIDTH = 320


@dataclass(frozen=True, slots=True)
class Facts:
    """What a film's file says of itself."""

    width: int
    height: int
    seconds: float
    fps: float


@contextmanager
def written(
    target: Path, size: tuple[int, int], fps: int
) -> Iterator[Callable[[Image.Image], None]]:
    """A function that takes the frames of a film. The file is there once the block has ended well.

    Its index is at the front, so that a browser can play and seek before it has everything.
    """
    partial = target.with_name(f"{target.name}.part")
    try:
        with av.open(partial, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = _stream(container.add_stream("libx264", rate=fps, options=_OPTIONS), size)

            def write(image: Image.Image) -> None:
                frame = VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
                ready = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
                container.mux(stream.encode(ready))

            yield write
            container.mux(stream.encode(None))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _stream(stream: VideoStream, size: tuple[int, int]) -> VideoStream:
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = 1
    return stream


@contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, VideoStream]]:
    try:
        with av.open(f"file:{path.absolute()}", options=_TRUSTED) as container:
            if not container.streams.video:
                raise BadRequest("The file has no film in it.", param="video")
            yield container, container.streams.video[0]
    except (av.error.InvalidDataError, av.error.ArgumentError) as error:
        raise BadRequest("The file is not a film that can be read.", param="video") from error


def facts(path: Path) -> Facts:
    """Size, length and frame rate of a film."""
    with _opened(path) as (container, stream):
        length = (container.duration or 0) / av.time_base
        rate = stream.average_rate or Fraction(0)
        return Facts(stream.width, stream.height, round(length, 3), float(rate))


def thumbnail(path: Path) -> bytes:
    """A WebP of the frame in the middle."""
    return _encoded(_frames(path, (0.5,))[0], "WEBP")


def spritesheet(path: Path) -> bytes:
    """A JPEG with small frames from the whole film, in rows of four."""
    moments = tuple((row + 0.5) / _SPRITES for row in range(_SPRITES))
    frames = _frames(path, moments)
    high = max(1, round(frames[0].height * _SPRITE_WIDTH / frames[0].width))
    rows = -(-len(frames) // 4)
    sheet = Image.new("RGB", (_SPRITE_WIDTH * 4, high * rows))
    for number, frame in enumerate(frames):
        place = (number % 4 * _SPRITE_WIDTH, number // 4 * high)
        sheet.paste(frame.resize((_SPRITE_WIDTH, high)), place)
    return _encoded(sheet, "JPEG")


def _frames(path: Path, moments: tuple[float, ...]) -> list[Image.Image]:
    """The frames nearest to some shares of the film's length."""
    with _opened(path) as (container, stream):
        length = container.duration or 0
        found = []
        for share in moments:
            container.seek(int(length * share))
            target = length * share / av.time_base
            frame = None
            for frame in container.decode(stream):
                if (frame.time or 0) + 1 / 30 >= target:
                    break
            if frame is None:
                raise BadRequest("The film has no frames.", param="video")
            found.append(Image.fromarray(frame.to_ndarray(format="rgb24")))
        return found


def _encoded(image: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, quality=85)
    return buffer.getvalue()
