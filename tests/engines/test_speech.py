"""`local/speak`: sentences, voices, languages, and the samples that come of them."""

from __future__ import annotations

import threading
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.engines.sound import Sound, joined
from nexhina_nb.engines.speech import VOICES, espeak, flite, speak
from nexhina_nb.engines.speech.sentences import LONGEST, sentences
from nexhina_nb.engines.speech.tongues import chosen, tongue
from nexhina_nb.errors import BadRequest

TEXT = "The quick brown fox jumps over the lazy dog, and sleeps in the sun."
needs_flite = pytest.mark.skipif(
    not flite.installed(), reason="the program flite is not installed (apt-get install flite)"
)


def said(text: str, voice: str = "alloy", speed: float = 1, language: str | None = None) -> Sound:
    pieces = list(speak(text, voice, speed, language))
    return joined(pieces, pieces[0].rate)


def pitch(sound: Sound) -> float:
    """The median fundamental frequency of the voiced stretches, by autocorrelation."""
    found = []
    for start in range(0, len(sound.samples) - 1_024, 1_024):
        part = sound.samples[start : start + 1_024].astype(float)
        if np.abs(part).mean() < 500:
            continue
        likeness = np.correlate(part, part, "full")[1_023:]
        low, high = sound.rate // 400, sound.rate // 60
        best = low + int(likeness[low:high].argmax())
        if likeness[best] > 0.4 * likeness[0]:
            found.append(sound.rate / best)
    return float(np.median(found))


# Sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Prof. Lee at 5 p.m. They spoke.", 2),
        ("Pi is 3.14, version 2.5.1 is out. Yes.", ["Pi is 3.14, version 2.5.1 is out.", "Yes."]),
        ("J. S. Bach wrote it. So did I. You know.", 3),
        ("Am 3. Mai kam Herr Dr. Weiß z.B. nach Köln. Dann ging er.", 2),
        ('"Really?" she said. "Yes!" He left.', ['"Really?" she said.', '"Yes!"', "He left."]),
        ("你好，世界。今天好吗？「好！」他说", ["你好，世界。", "今天好吗？", "「好！」", "他说"]),
        ("यह एक वाक्य है। यह दूसरा है।", 2),
        ("هل أنت هنا؟ نعم.", 2),
        ("A heading\n\nA paragraph", ["A heading", "A paragraph"]),
        ("Well... yes", 1),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str] | int) -> None:
    found = list(sentences(text))
    assert (len(found) if isinstance(expected, int) else found) == expected


@given(st.text(max_size=1_500))
def test_sentences_lose_nothing_but_space(text: str) -> None:
    found = list(sentences(text))
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence and len(sentence) <= LONGEST for sentence in found)


# Languages


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The weather is fine today", "en-us"),
        ("Guten Morgen, wie geht es dir?", "de"),
        ("Bonjour, je suis très content de vous voir", "fr-fr"),
        ("Hola, ¿cómo está usted?", "es"),
        ("Ciao, come stai oggi? Molto bene, grazie", "it"),
        ("Isso não é muito bom", "pt"),
        ("Ik weet het niet, maar dat is goed", "nl"),
        ("Nie wiem, jak to się stało", "pl"),
        ("Jag vet inte, men det är bra", "sv"),
        ("Bu çok güzel bir gün ve ben iyiyim", "tr"),
        ("你好，世界", "cmn"),
        ("これは日本語です", "ja"),
        ("안녕하세요", "ko"),
        ("Привет, мир", "ru"),
        ("Καλημέρα", "el"),
        ("שלום", "he"),
        ("مرحبا", "ar"),
        ("नमस्ते", "hi"),
        ("12 + 30", "en-us"),
        ("", "en-us"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert tongue(text) == language
    assert language in espeak.languages()


def test_languages_are_asked_for_by_the_codes_people_use() -> None:
    known = espeak.languages()
    codes = {
        "en": "en-us",
        "DE": "de",
        "fr": "fr-fr",
        "zh": "cmn",
        "zh-TW": "cmn",
        "pt_BR": "pt-br",
    }
    assert {code: chosen(code, known) for code in codes} == codes
    with pytest.raises(BadRequest) as caught:
        speak(TEXT, language="xx")
    assert (caught.value.code, caught.value.param) == ("invalid_value", "language")


def test_another_language_sounds_different() -> None:
    text = "Die Stadt Berlin ist gross"
    german = said(text)
    assert np.array_equal(german.samples, said(text, language="de").samples)
    assert not np.array_equal(german.samples, said(text, language="en").samples)


def test_a_sentence_in_another_script_is_read_in_its_language() -> None:
    mixed = list(speak("That is all for today. 今天天气很好。"))
    alone = list(speak("今天天气很好。"))
    assert np.array_equal(mixed[1].samples, alone[0].samples)


# Voices


def test_every_voice_is_its_own() -> None:
    spoken = {voice: said(TEXT, voice) for voice in VOICES}
    assert len(VOICES) == 13
    assert len({sound.samples.tobytes() for sound in spoken.values()}) == 13
    heights = sorted(pitch(sound) for sound in spoken.values())
    assert heights[0] < 85
    assert heights[-1] > 200
    assert all(2 < sound.seconds < 7 for sound in spoken.values())


@pytest.mark.parametrize("voice", [*VOICES, "de", "fr-fr", "cmn"])
def test_the_same_text_gives_the_same_samples(voice: str) -> None:
    first = said("Twelve boxes. And more.", voice)
    said("Something else entirely!", "nova")
    assert np.array_equal(first.samples, said("Twelve boxes. And more.", voice).samples)


def test_a_voice_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(BadRequest) as caught:
        speak(TEXT, "hal9000")
    assert (caught.value.code, caught.value.param) == ("invalid_value", "voice")
    assert {"alloy,", "verse,", "fr-fr"} <= set(str(caught.value).split())


@pytest.mark.parametrize("speed", [0.25, 0.4, 0.5, 2.0, 4.0])
def test_speed(speed: float) -> None:
    ratio = said(TEXT).seconds / said(TEXT, speed=speed).seconds
    assert ratio == pytest.approx(speed, rel=0.12)


@pytest.mark.parametrize("speed", [0.0, 0.24, 4.1, float("nan")])
def test_speeds_out_of_range_are_refused(speed: float) -> None:
    with pytest.raises(BadRequest) as caught:
        speak(TEXT, speed=speed)
    assert caught.value.param == "speed"


@needs_flite
@pytest.mark.parametrize("text", ["Привет", "ß", "😀"])
def test_flite_is_silent_where_it_knows_no_letter(text: str) -> None:
    (sound,) = speak(text, flite.VOICES[0])
    assert sound.seconds > 0
    assert not sound.samples.any()


@needs_flite
@pytest.mark.parametrize("voice", flite.VOICES)
def test_the_voices_of_flite(voice: str) -> None:
    sound = said(TEXT, voice)
    assert 3 < sound.seconds < 7
    assert np.array_equal(sound.samples, said(TEXT, voice).samples)
    assert said(TEXT, voice, 2).seconds == pytest.approx(sound.seconds / 2, rel=0.1)
    assert said("-o café; “quoted” 你好 $(ls) | x", voice).seconds > 1


# Texts


@pytest.mark.parametrize("text", ["", "...", "?!", " \n\t", "—"])
def test_nothing_to_say_is_a_short_silence(text: str) -> None:
    sound = said(text)
    assert 0 < sound.seconds < 1
    assert not sound.samples.any()


def test_a_long_text_comes_sentence_by_sentence() -> None:
    pieces = speak("This is one sentence of a long text. " * 110)
    first = next(pieces)
    rest = list(pieces)
    assert len(rest) == 109
    assert all(np.array_equal(first.samples, piece.samples) for piece in rest)
    assert said("word " * 819).seconds > 100


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_spoken(text: str) -> None:
    sound = said(text)
    assert sound.samples.dtype == np.int16
    if any(unicodedata.category(character) == "Ll" and character.isascii() for character in text):
        assert sound.samples.any()


def test_many_threads_speak_at_once() -> None:
    alone = {voice: said(TEXT, voice).samples.tobytes() for voice in VOICES[:4]}
    heard: dict[str, bytes] = {}

    def run(voice: str) -> None:
        heard[voice] = said(TEXT, voice).samples.tobytes()

    threads = [threading.Thread(target=run, args=(voice,)) for voice in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == alone
