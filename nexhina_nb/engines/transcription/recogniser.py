"""One utterance → its words, by the one decoder of the process.

Loading takes half a second and 170 MB, so there is one decoder, used by one thread at a time. It is
only held for one utterance: two transcriptions take turns. What it learns of a recording, the
means of its cepstra, is taken along by the caller, so that no recording changes another's words.
"""

from __future__ import annotations

import math
import threading
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nexhina_nb.engines.transcription.segments import Segment, SpokenWord
from nexhina_nb.errors import NotOffered

if TYPE_CHECKING:
    from nexhina_nb.engines.transcription.utterances import Utterance

_FRAMES_A_SECOND = 100
_BLOCK = 3_200  # bytes, a tenth of a second: the decoder keeps all other threads from running
_LEAST_PROBABILITY = 1e-4  # of a word; the decoder's own are coarse below
_ONE_SOUND = "one sound"  # the name of a search that costs next to nothing
_ONE_AT_A_TIME = threading.Lock()


def recognise(utterance: Utterance, adapted: str = "") -> tuple[Segment | None, str]:
    """The words of an utterance, None where there are none; and what the decoder learnt, to be
    given to the next utterance of the same recording.
    """
    decoder = load_decoder()
    with _ONE_AT_A_TIME:
        means = adapted or _measured(decoder, utterance.samples)
        decoder.reinit_feat()  # forgets all that it heard before
        decoder.set_cmn(means)
        decoder.start_utt()
        for start in range(0, len(utterance.samples), _BLOCK):
            decoder.process_raw(utterance.samples[start : start + _BLOCK])
        decoder.end_utt()
        found = list(decoder.seg() or ()) if decoder.hyp() else []
        return _segment(utterance, found), decoder.get_cmn(False)


def _measured(decoder: Any, samples: bytes) -> str:
    """The means of an utterance: without them the first would be understood half as well.

    The decoder only tells them after a search, so it looks for one sound instead of for words.
    """
    words = decoder.current_search()
    decoder.activate_search(_ONE_SOUND)
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(samples, no_search=True, full_utt=True)
    decoder.end_utt()
    decoder.activate_search(words)
    return str(decoder.get_cmn(False))


def _segment(utterance: Utterance, found: list[Any]) -> Segment | None:
    words = tuple(_word(utterance.start, entry) for entry in found if _is_word(entry.word))
    if not words:
        return None
    start, end = words[0].start, words[-1].end
    spoken = sum(word.end - word.start for word in words)
    return Segment(
        start=start,
        end=end,
        text=" ".join(word.word for word in words),
        words=words,
        avg_logprob=round(sum(math.log(word.probability) for word in words) / len(words), 4),
        no_speech_prob=round(max(0.0, 1 - spoken / (end - start)), 4),
    )


def _is_word(entry: str) -> bool:
    """Not the marks of beginning, end, silence and noise."""
    return not entry.startswith(("<", "["))


def _word(offset: float, entry: Any) -> SpokenWord:
    return SpokenWord(
        word=entry.word.partition("(")[0],  # "to(3)" is its third pronunciation
        start=round(offset + entry.start_frame / _FRAMES_A_SECOND, 2),
        end=round(offset + (entry.end_frame + 1) / _FRAMES_A_SECOND, 2),
        probability=round(min(max(entry.prob, _LEAST_PROBABILITY), 1.0), 4),
    )


@cache
def load_decoder() -> Any:
    """The decoder, with the English model of the wheel; raises NotOffered where it is missing."""
    decoder = load_pocketsphinx().Decoder(loglevel="FATAL")
    decoder.add_keyphrase(_ONE_SOUND, "a")
    return decoder


def load_pocketsphinx() -> ModuleType:
    """The library; raises NotOffered where it is not installed."""
    try:
        import pocketsphinx  # noqa: PLC0415 - an extra, only wanted to listen
    except ImportError:
        raise NotOffered(
            "speech is understood by pocketsphinx, which is not installed",
            hint='pip install "nexhina_nb[local]"',
        ) from None
    return pocketsphinx  # type: ignore[no-any-return]
