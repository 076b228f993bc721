"""A film from a prompt: its plan read once, its frames drawn and written one at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nexhina_nb.engines.images import files
from nexhina_nb.engines.images.painting import checked_size
from nexhina_nb.engines.images.reading import read
from nexhina_nb.engines.video.frames import drawn, panned
from nexhina_nb.engines.video.mp4 import written
from nexhina_nb.errors import BadRequest

LONGEST = 60  # seconds
FASTEST = 60  # frames a second


def film(
    prompt: str,
    target: Path,
    *,
    size: tuple[int, int] = (1280, 720),
    seconds: float = 4,
    fps: int = 24,
    seed: int = 0,
    picture: bytes | None = None,
    report: Callable[[float], None] = lambda _: None,
) -> None:
    """Write an H.264 MP4 to ``target``: what the prompt names, moving.

    With a picture the film begins with it, and the camera moves over it. ``report`` is given the
    share that is done (0..1) after every second frame; what it raises stops the film, and then
    nothing is left at ``target``. Odd sizes are rounded down, since the codec needs even ones.
    """
    _check(seconds, fps)
    across, down = checked_size(size)
    even = (across // 2 * 2, down // 2 * 2)
    count = max(1, round(seconds * fps))
    plan = read(prompt, seed)
    if picture is not None:
        frames = panned(files.opaque(files.plain(files.opened(picture))), plan, even, count)
    else:
        frames = drawn(plan, even, count, fps)
    with written(target, even, fps) as write:
        for number, frame in enumerate(frames, 1):
            write(frame)
            if number % 2 == 0 or number == count:
                report(number / count)


def _check(seconds: float, fps: int) -> None:
    if not 1 <= seconds <= LONGEST:
        raise BadRequest(
            f"A film of {seconds:g} seconds cannot be made.",
            param="seconds",
            hint=f"ask for 1 to {LONGEST} seconds",
        )
    if not 1 <= fps <= FASTEST:
        raise BadRequest(
            f"A film of {fps} frames a second cannot be made.",
            param="fps",
            hint=f"ask for 1 to {FASTEST} frames a second",
        )
