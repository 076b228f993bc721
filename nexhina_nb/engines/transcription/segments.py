"""What a transcription consists of. Times are seconds from the beginning of the sound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word; ``probability`` is its share among what the recogniser thought possible there."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Words between two pauses.

    ``avg_logprob`` is the mean natural logarithm of the words' probabilities. ``no_speech_prob`` is
    the share of the segment's time that the recogniser took for silence or noise.
    """

    start: float
    end: float
    text: str
    words: tuple[SpokenWord, ...]
    avg_logprob: float
    no_speech_prob: float
