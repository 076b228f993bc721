"""Films computed from prompts."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from nexhina_nb.engines.images import draw, encode
from nexhina_nb.engines.video import Facts, facts, film, spritesheet, thumbnail
from nexhina_nb.errors import BadRequest

SIZE = (160, 120)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def made(target: Path, prompt: str, **options: object) -> list[np.ndarray]:
    film(prompt, target, **{"size": SIZE, "seconds": 1, "fps": 8, **options})  # type: ignore[arg-type]
    return frames_of(target)


def test_a_film_has_its_size_length_and_format(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    assert len(made(target, "boats on the sea", seconds=2, size=(161, 121))) == 16
    assert facts(target) == Facts(160, 120, 2.0, 8.0)
    with av.open(target) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(
    "prompt",
    [
        "sunset over the sea with a boat",
        "a bouncing red circle",
        "a rotating square",
        "bar chart of a 1, b 2",
        'the text "HELLO WORLD"',
        "rain in the city",
        "mosaic",
    ],
)
def test_films_move(tmp_path: Path, prompt: str) -> None:
    frames = made(tmp_path / "film.mp4", prompt)
    assert np.abs(frames[0] - frames[-1]).max() > 40


def test_a_shape_goes_where_the_words_say(tmp_path: Path) -> None:
    frames = made(tmp_path / "film.mp4", "a red circle moving right on a white background")
    middles = [np.nonzero(frame[..., 1].min(axis=0) < 120)[0].mean() for frame in frames]
    assert middles == sorted(middles)
    assert middles[-1] > middles[0] + 10


def test_a_film_begins_with_its_picture(tmp_path: Path) -> None:
    picture = next(draw("hills and a house", SIZE))
    frames = made(tmp_path / "film.mp4", "zoom in", picture=encode(picture))
    assert np.abs(frames[0] - np.asarray(picture, int)).mean() < 6
    assert np.abs(frames[-1] - frames[0]).mean() > 6


def test_progress_is_reported_up_to_the_end(tmp_path: Path) -> None:
    shares: list[float] = []
    made(tmp_path / "film.mp4", "a lake", report=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_a_stopped_film_leaves_no_file(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        if share > 0.4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        made(tmp_path / "film.mp4", "a lake", report=stop)
    assert list(tmp_path.iterdir()) == []


def test_the_same_prompt_and_seed_give_the_same_frames(tmp_path: Path) -> None:
    one, two, other = (
        made(tmp_path / f"{row}.mp4", "stars at night", seed=seed)
        for row, seed in enumerate((1, 1, 2))
    )
    # x264 itself is seen to decide a block otherwise now and then; the drawing is the same.
    assert difference(one, two) < 0.5
    assert difference(one, other) > 1


def difference(one: list[np.ndarray], two: list[np.ndarray]) -> float:
    """How far two films are apart, as the mean over all values of their pixels (0 to 255)."""
    pairs = zip(one, two, strict=True)
    return max(float(np.abs(a - b).mean()) for a, b in pairs)


def test_thumbnail_and_spritesheet_decode(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    made(target, "a lake")
    with Image.open(io.BytesIO(thumbnail(target))) as image:
        assert (image.format, image.size) == ("WEBP", SIZE)
    with Image.open(io.BytesIO(spritesheet(target))) as sheet:
        assert (sheet.format, sheet.size) == ("JPEG", (1280, 720))


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"seconds": 0}, "seconds"),
        ({"seconds": 61}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"fps": 0}, "fps"),
        ({"fps": 500}, "fps"),
        ({"size": (20, 100)}, "size"),
        ({"size": (4096, 100)}, "size"),
        ({"picture": b"no picture"}, "image"),
    ],
)
def test_what_cannot_be_filmed_is_refused(
    tmp_path: Path, options: dict[str, object], param: str
) -> None:
    with pytest.raises(BadRequest) as error:
        made(tmp_path / "film.mp4", "a lake", **options)
    assert (error.value.param, error.value.code) == (param, "invalid_value")
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_film_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"no film")
    with pytest.raises(BadRequest):
        facts(target)


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    film_path, target = tmp_path / "other.mp4", tmp_path / "film.mp4"
    made(film_path, "a lake")
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", f"file://{film_path}"]
    target.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    with pytest.raises(BadRequest):
        facts(target)
