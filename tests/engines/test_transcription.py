"""`local/transcribe`: times, silence and pauses with any speech; words with flite's, which the
recogniser understands. espeak-ng's it does not, so nothing is asked of the words there.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from nexhina_nb.engines.sound import HEARD_RATE, Sound, joined, silence
from nexhina_nb.engines.speech import flite, speak
from nexhina_nb.engines.transcription import Segment, transcribe
from nexhina_nb.engines.transcription.utterances import LONGEST, utterances
from nexhina_nb.errors import BadRequest

needs_flite = pytest.mark.skipif(
    not flite.installed(), reason="the program flite is not installed (apt-get install flite)"
)
READ_ALOUD = (
    "The train to the city leaves at nine in the morning. "
    "She bought three apples and a loaf of bread at the market. "
    "It rained all day and the streets were full of water. "
    "He opened the door and turned on the light. "
)


def spoken(text: str, voice: str = "alloy") -> Sound:
    pieces = list(speak(text, voice))
    return joined(pieces, pieces[0].rate)


def wrong_words(expected: str, heard: str) -> float:
    """The word error rate: the least words to change, add and leave out, per word expected."""
    wanted, found = (re.findall(r"[a-z']+", text.lower()) for text in (expected, heard))
    row = list(range(len(found) + 1))
    for i, word in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1] / len(wanted)


@pytest.fixture(scope="module")
def sound() -> Sound:
    parts = [spoken("Three, four, five."), silence(1, 22_050), spoken("Seven, eight, nine, ten.")]
    return joined(parts, 22_050)


@pytest.fixture(scope="module")
def segments(sound: Sound) -> list[Segment]:
    return list(transcribe(sound))


def test_times_lie_in_the_sound_and_follow_each_other(
    sound: Sound, segments: list[Segment]
) -> None:
    assert len(segments) >= 2
    edges = [0.0, *(time for s in segments for time in (s.start, s.end)), sound.seconds + 0.05]
    assert edges == sorted(edges)
    for segment in segments:
        times = [time for word in segment.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert (segment.start, segment.end) == (times[0], times[-1])
        assert segment.text == " ".join(word.word for word in segment.words)


def test_a_pause_is_in_no_segment(sound: Sound, segments: list[Segment]) -> None:
    quiet = spoken("Three, four, five.").seconds + 0.5
    assert not any(segment.start < quiet < segment.end for segment in segments)


def test_probabilities(segments: list[Segment]) -> None:
    for segment in segments:
        chances = [word.probability for word in segment.words]
        assert all(0 < chance <= 1 for chance in chances)
        assert segment.avg_logprob == pytest.approx(
            sum(map(math.log, chances)) / len(chances), abs=0.001
        )
        assert 0 <= segment.no_speech_prob <= 1


def test_words_are_words(segments: list[Segment]) -> None:
    words = [word.word for segment in segments for word in segment.words]
    assert words
    assert all(re.fullmatch(r"[a-z.'-]+", word) for word in words)


def test_the_same_sound_gives_the_same_segments_whatever_came_before(
    sound: Sound, segments: list[Segment]
) -> None:
    list(transcribe(spoken("Something else was said here.", "onyx")))
    size = 3_333
    pieces = [
        Sound(sound.samples[n : n + size], sound.rate) for n in range(0, len(sound.samples), size)
    ]
    assert list(transcribe(pieces)) == segments


def test_two_transcriptions_in_turns(sound: Sound, segments: list[Segment]) -> None:
    one, other = transcribe(sound), transcribe(sound)
    both = list(zip(one, other, strict=True))
    assert both == [(segment, segment) for segment in segments]


def test_it_can_be_left_after_any_segment(sound: Sound, segments: list[Segment]) -> None:
    left = transcribe(sound)
    assert next(left) == segments[0]
    left.close()  # type: ignore[attr-defined]
    assert list(transcribe(sound)) == segments


@pytest.mark.parametrize("seconds", [0, 0.01, 0.5, 4])
def test_silence_has_no_segments(seconds: float) -> None:
    assert list(transcribe(silence(seconds, HEARD_RATE))) == []
    assert list(transcribe([])) == []


def test_whoever_does_not_pause_is_cut() -> None:
    noise = np.random.default_rng(0).integers(-9_000, 9_000, 40 * HEARD_RATE)
    times = np.arange(40 * HEARD_RATE) / HEARD_RATE
    hum = noise * (np.sin(2 * np.pi * 120 * times) > 0.7)
    found = list(utterances([Sound(hum.astype(np.int16), HEARD_RATE)]))
    lengths = [len(utterance.samples) / 2 / HEARD_RATE for utterance in found]
    assert max(lengths) <= LONGEST + 0.5
    assert len(found) >= 2
    ends = [u.start + length for u, length in zip(found, lengths, strict=True)]
    starts = [u.start for u in found]
    assert all(end <= start for end, start in zip(ends[:-1], starts[1:], strict=True))


@pytest.mark.parametrize("language", ["en", "EN", "en-GB", "en_US", "english", None, ""])
def test_english_by_any_name(language: str | None) -> None:
    assert list(transcribe(silence(0.1, HEARD_RATE), language)) == []


@pytest.mark.parametrize("language", ["de", "zh-CN", "enm", "xx"])
def test_other_languages_are_refused_before_listening(language: str) -> None:
    with pytest.raises(BadRequest, match="English only") as caught:
        transcribe(silence(1, HEARD_RATE), language)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "language")


@needs_flite
@pytest.mark.parametrize("voice", ["slt", "rms"])
def test_recorded_voices_are_understood(voice: str) -> None:
    heard = " ".join(segment.text for segment in transcribe(spoken(READ_ALOUD, voice)))
    assert wrong_words(READ_ALOUD, heard) < 0.25


@needs_flite
def test_sentences_become_segments() -> None:
    found = list(transcribe(spoken(READ_ALOUD, "awb")))
    assert len(found) == 4
    assert "apples" in found[1].text
