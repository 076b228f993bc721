"""Sound: files in, samples, files out, all of it piece by piece."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.engines.sound import (
    CONTENT_TYPES,
    FORMATS,
    HEARD_RATE,
    WRITTEN_RATE,
    Sound,
    decode,
    duration,
    encode,
    joined,
    read,
    resample,
    resampled,
    silence,
)
from nexhina_nb.engines.sound.stretching import stretched
from nexhina_nb.errors import BadRequest

FILES = tuple(name for name in FORMATS if name != "pcm")
PADDED = 0.1  # seconds that a frame of MP3 or AAC may add


def tone(hertz: float = 440, seconds: float = 2.0, rate: int = 22_050) -> Sound:
    times = np.arange(round(seconds * rate)) / rate
    return Sound((8_000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16), rate)


def split(sound: Sound, size: int) -> list[Sound]:
    starts = range(0, len(sound.samples), size)
    return [Sound(sound.samples[n : n + size], sound.rate) for n in starts]


def loudest(sound: Sound) -> float:
    """The frequency with most power, in the middle of the sound."""
    middle = sound.samples[len(sound.samples) // 4 : -len(sound.samples) // 4]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(power.argmax() * sound.rate / len(middle))


def written(path: Path, format: str, sound: Sound) -> Path:
    path.write_bytes(b"".join(encode(split(sound, 3_000), format)))
    return path


def wav(channels: int = 1, rate: int = 8_000, width: int = 2, frames: int = 8_000) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setframerate(rate)
        file.setsampwidth(width)
        file.writeframes(bytes(channels * width * frames))
    return target.getvalue()


def refused(path: Path, data: bytes) -> BadRequest:
    path.write_bytes(data)
    with pytest.raises(BadRequest) as caught:
        decode(path)
    with pytest.raises(BadRequest):
        duration(path)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "file")
    return caught.value


# Files


@pytest.mark.parametrize("format", FILES)
def test_what_is_written_is_read_again(format: str, tmp_path: Path) -> None:
    path = written(tmp_path / "no-extension", format, tone(seconds=2.5))
    sound = decode(path)
    assert sound.rate == HEARD_RATE
    assert sound.samples.dtype == np.int16
    assert sound.seconds == pytest.approx(2.5, abs=PADDED)
    assert duration(path) == pytest.approx(sound.seconds, abs=0.02)
    assert loudest(sound) == pytest.approx(440, abs=2)


@settings(max_examples=15, deadline=None)
@given(
    format=st.sampled_from(FILES),
    seconds=st.floats(0.05, 3),
    rate=st.sampled_from([8_000, 16_000, 22_050, 24_000, 48_000]),
    size=st.integers(100, 30_000),
)
def test_every_length_survives(
    format: str, seconds: float, rate: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sound") / "sound"
    path.write_bytes(b"".join(encode(split(tone(300, seconds, rate), size), format)))
    assert decode(path).seconds == pytest.approx(seconds, abs=PADDED)


def test_pcm_is_24_khz_and_little_endian() -> None:
    sound = tone(rate=WRITTEN_RATE)
    assert b"".join(encode([sound], "pcm")) == sound.samples.astype("<i2").tobytes()


def test_a_wav_file_is_what_the_standard_library_reads() -> None:
    data = b"".join(encode([tone(seconds=1)], "wav"))
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == WRITTEN_RATE
        assert len(file.readframes(100_000)) == 2 * WRITTEN_RATE
    assert struct.unpack("<I", data[4:8]) == (0xFFFF_FFFF,)


@pytest.mark.parametrize("format", FORMATS)
def test_bytes_leave_before_the_last_piece_is_made(format: str) -> None:
    made = 0

    def pieces() -> Iterator[Sound]:
        nonlocal made
        for made in range(1, 9):  # noqa: B007 - counted for the test
            yield tone(seconds=0.5)

    blocks = encode(pieces(), format)
    next(block for block in blocks if len(block) > 100)  # a header alone does not count
    assert made < 4
    assert sum(map(len, blocks)) > 0
    assert made == 8


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_that_is_left_is_closed(format: str) -> None:
    blocks = encode((tone(seconds=0.2) for _ in range(1_000)), format)
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    assert next(blocks, None) is None


def test_every_format_has_a_content_type_of_sound() -> None:
    assert all(CONTENT_TYPES[name].startswith("audio/") for name in FORMATS)
    with pytest.raises(BadRequest) as caught:
        encode([tone()], "midi")
    assert caught.value.param == "response_format"
    assert "opus" in str(caught.value)


def test_other_containers_are_read_and_of_a_video_its_sound(tmp_path: Path) -> None:
    import av

    for container, codec in (("mp4", "aac"), ("webm", "libopus"), ("mpegts", "mp2")):
        path = tmp_path / container
        with av.open(str(path), "w", format=container) as file:
            video = file.add_stream("libvpx" if container == "webm" else "mpeg4", rate=10)
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
            sound = file.add_stream(codec, rate=48_000, layout="stereo")
            for n in range(20):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 9 * n, np.uint8))
                file.mux(video.encode(picture))
            samples = tone(500, 2, 48_000).samples
            frame = av.AudioFrame.from_ndarray(np.repeat(samples, 2)[None, :], "s16", "stereo")
            frame.sample_rate = 48_000
            file.mux(sound.encode(frame))
            file.mux([*video.encode(None), *sound.encode(None)])
        heard = decode(path)
        assert heard.seconds == pytest.approx(2, abs=PADDED), container
        assert duration(path) == pytest.approx(2, abs=PADDED), container
        assert loudest(heard) == pytest.approx(500, abs=2), container


def test_a_wav_file_of_two_channels_is_averaged(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(HEARD_RATE)
        file.writeframes(np.tile(np.array([1_000, 3_000], "<i2"), 1_600).tobytes())
    sound = decode(path)
    assert set(sound.samples.tolist()) == {2_000}
    assert sound.seconds == duration(path) == 0.1


def test_a_wav_file_of_other_samples_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "bytes.wav"
    path.write_bytes(wav(width=1))
    assert decode(path).seconds == pytest.approx(1)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "upload.mp3"
    refused(path, b"")
    refused(path, b"These are words, not sounds. " * 200)
    refused(path, bytes(5_000))
    refused(path, b"\x89PNG\r\n\x1a\n" + bytes(500))
    refused(path, wav()[:44])
    assert "1 samples a second" in str(refused(path, wav(rate=1)))


@settings(max_examples=25, deadline=None)
@given(junk=st.binary(max_size=3_000), head=st.sampled_from([b"RIFF", b"OggS", b"ID3", b"fLaC"]))
def test_junk_is_refused_or_read_but_never_breaks(
    junk: bytes, head: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sound") / "junk"
    path.write_bytes(head + junk)
    with suppress(BadRequest):
        assert decode(path, most_seconds=60).seconds > 0


@settings(max_examples=100, deadline=None)
@given(
    format=st.sampled_from(FILES),
    changes=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), min_size=1, max_size=9),
    kept=st.none() | st.integers(0, 3_000),
)
def test_a_damaged_header_is_refused_or_read_but_never_breaks(
    format: str,
    changes: list[tuple[int, int]],
    kept: int | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("sound") / "damaged"
    data = bytearray(b"".join(encode([tone(seconds=0.3)], format)))
    for place, value in changes:
        data[place] = value
    path.write_bytes(data[:kept])
    for look in (duration, lambda file: decode(file, most_seconds=60).seconds):
        with suppress(BadRequest):
            assert look(path) > 0


def test_a_wav_file_that_promises_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    data = bytearray(wav(rate=HEARD_RATE, frames=1_600))
    data[16:20] = (2_000_000).to_bytes(4, "little")  # the length of its first chunk
    refused(path, bytes(data))
    path.write_bytes(wav(rate=HEARD_RATE, frames=1_600)[:-1_600])
    assert decode(path).seconds == duration(path) == 0.05


def test_titles_in_another_encoding_are_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    note = b"LIST" + struct.pack("<I4s4sI", 16, b"INFO", b"INAM", 4) + b"\xe9\x80\xff\x00"
    data = wav(width=1)
    path.write_bytes(data[:36] + note + data[36:])
    assert decode(path).seconds == pytest.approx(1)


def test_a_playlist_does_not_open_other_files(tmp_path: Path) -> None:
    other = written(tmp_path / "secret.mp3", "mp3", tone())
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n#EXT-X-ENDLIST\n"
    refused(tmp_path / "list.m3u8", playlist.encode())
    refused(tmp_path / "list.mp3", f"ffconcat version 1.0\nfile '{other.name}'\n".encode())


def test_a_damaged_file_gives_what_is_left(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.mp3", "mp3", tone(seconds=4))
    data = bytearray(path.read_bytes())
    data[8_000:9_000] = bytes(1_000)
    path.write_bytes(data)
    assert 3 < decode(path).seconds < 4.2


def test_what_is_too_long_is_refused_while_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "long.flac", "flac", tone(seconds=5))
    assert decode(path, most_seconds=6).seconds == pytest.approx(5, abs=PADDED)
    pieces = read(path, most_seconds=2)
    assert next(pieces).seconds < 2
    with pytest.raises(BadRequest, match="longer than 2 seconds"):
        list(pieces)


def test_pieces_are_small(tmp_path: Path) -> None:
    for format in FILES:
        path = written(tmp_path / format, format, tone(seconds=20))
        assert max(piece.seconds for piece in read(path)) < 2.5


@pytest.mark.parametrize("format", ["wav", "pcm"])
def test_plain_sound_needs_no_library(format: str, tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["av"] = None
from pathlib import Path
from nexhina_nb.engines.sound import decode, duration, encode, silence
from nexhina_nb.errors import NotOffered
path = Path(sys.argv[1])
path.write_bytes(b"".join(encode([silence(1, 22_050)], {format!r})))
if {format!r} == "wav":
    assert decode(path).seconds == duration(path) == 1
for call in (lambda: encode([], "mp3"), lambda: decode(Path(sys.argv[0]))):
    try:
        call()
    except NotOffered as error:
        assert "nexhina_nb[local]" in str(error)
    else:
        raise SystemExit("no error")
"""
    script = tmp_path / "program.py"
    script.write_text(program)
    command = [sys.executable, str(script), str(tmp_path / "sound")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Rates


@settings(max_examples=30, deadline=None)
@given(
    source=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 12_345]),
    target=st.sampled_from([16_000, 24_000, 44_100]),
    size=st.integers(1, 9_000),
)
def test_a_sound_in_pieces_is_resampled_like_a_whole(source: int, target: int, size: int) -> None:
    sound = tone(1_000, 0.4, source)
    whole = resampled(sound, target)
    assert whole.seconds == pytest.approx(0.4, abs=2 / target)
    assert np.array_equal(
        joined(resample(split(sound, size), target), target).samples, whole.samples
    )


@pytest.mark.parametrize(
    ("source", "target"), [(22_050, 24_000), (44_100, 16_000), (8_000, 48_000)]
)
def test_resampling_keeps_the_wave(source: int, target: int) -> None:
    ideal = tone(1_000, 1, target).samples.astype(float)
    made = resampled(tone(1_000, 1, source), target).samples[: len(ideal)].astype(float)
    assert np.abs(made - ideal)[500:-500].max() < 8  # of 8,000


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    heard = resampled(tone(11_000, 1, 48_000), 16_000).samples.astype(float)
    assert np.abs(heard[500:-500]).max() < 8


def test_rates_may_change_between_pieces() -> None:
    pieces = [tone(rate=8_000), tone(rate=16_000), tone(rate=22_050)]
    assert joined(resample(pieces, 16_000), 16_000).seconds == pytest.approx(6, abs=0.01)


@pytest.mark.parametrize("factor", [1.5, 2.2, 4.0])
def test_stretching_keeps_the_pitch(factor: float) -> None:
    slow = stretched(tone(200, 1), factor)
    assert slow.seconds == pytest.approx(factor, abs=0.001)
    assert loudest(slow) == pytest.approx(200, abs=2)
    assert np.abs(slow.samples[2_000:-2_000].astype(int)).max() < 9_000


def test_the_shortest_sounds() -> None:
    assert silence(0, 16_000).seconds == 0
    assert len(resampled(silence(0, 22_050), 16_000).samples) == 0
    assert len(stretched(silence(0, 22_050), 3).samples) == 0
    assert b"".join(encode([], "pcm")) == b""
