"""`local/moderate`: evidence for thirteen categories, in texts and in the colours of pictures."""

from __future__ import annotations

import base64
import io
import json
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageDraw

from nexhina_nb.engines.images.files import MOST_PIXELS
from nexhina_nb.engines.moderation import (
    CATEGORIES,
    PICTURE_CATEGORIES,
    flagged,
    judge_picture,
    moderate,
)
from nexhina_nb.engines.moderation.lexicon import forms
from nexhina_nb.engines.moderation.pictures import MOST
from nexhina_nb.errors import BadRequest, ContextLengthExceeded
from nexhina_nb.gateway.upstreams import local_moderation
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.settings import Settings
from nexhina_nb.wire import moderation as wire

DATA = Path(__file__).parent / "data"
ROWS = json.loads((DATA / "moderation.json").read_bytes())
# Precision and recall on the rows that nothing was fitted to, less a tenth or two. Recall is low:
# the engine does not understand what it reads, and half of these rows were written to mislead it.
FLOORS = {
    "hate": (0.8, 0.25),
    "harassment": (0.8, 0.4),
    "illicit": (0.75, 0.5),
    "self-harm": (0.75, 0.4),
    "sexual": (0.8, 0.75),
    "violence": (0.8, 0.2),
}

anything = st.text(alphabet=st.characters(), max_size=60)


def flags(text: str) -> set[str]:
    [scores] = moderate([text])
    return {category for category, applies in flagged(scores).items() if applies}


def quality(split: str, category: str) -> tuple[float, float]:
    rows = [r for r in ROWS if r["split"] == split and category not in r.get("open", ())]
    found = [category in flags(row["text"]) for row in rows]
    right = sum(hit for hit, row in zip(found, rows, strict=True) if category in row["labels"])
    return right / sum(found), right / sum(category in row["labels"] for row in rows)


def picture(size: tuple[int, int] = (96, 96), **options: Any) -> bytes:
    file = io.BytesIO()
    painted("white", size).save(file, **{"format": "PNG"} | options)
    return file.getvalue()


def painted(colour: str, size: tuple[int, int] = (96, 96)) -> Image.Image:
    return Image.new("RGB", size, colour)


def speckled(colours: Sequence[tuple[int, int, int]]) -> bytes:
    """Spots of several colours, as no flat sign has them."""
    draw = ImageDraw.Draw(image := painted("black"))
    chance = random.Random(7)
    for x in range(0, 96, 3):
        for y in range(0, 96, 3):
            draw.rectangle((x, y, x + 2, y + 2), fill=chance.choice(colours))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


SKIN = [(224, 172, 140), (198, 134, 100), (141, 85, 60), (240, 194, 160)]
BLOOD = [(120, 8, 10), (90, 6, 8), (150, 20, 22), (20, 10, 10)]
SEA = [(20, 80, 160), (40, 120, 200), (200, 220, 240), (10, 60, 90)]


def asked(value: Any) -> dict[str, Any]:
    reply = local_moderation.moderate({"model": "local/moderate", "input": value}, "abc")
    wire.ModerationResponse.model_validate(reply)
    return reply


def part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def test_the_categories_are_those_of_the_wire() -> None:
    assert CATEGORIES == wire.CATEGORIES
    assert set(PICTURE_CATEGORIES) < set(CATEGORIES)


@given(st.lists(anything, max_size=4))
@settings(max_examples=150, deadline=None)
def test_anything_gets_a_score_for_each_category(texts: list[str]) -> None:
    rows = moderate(texts)
    assert len(rows) == len(texts)
    for scores in rows:
        assert tuple(scores) == CATEGORIES
        assert all(0 <= score <= 1 for score in scores.values())
        assert tuple(flagged(scores)) == CATEGORIES
    assert rows == moderate(texts)


@given(st.lists(st.sampled_from([r["text"] for r in ROWS]), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_a_text_is_judged_alone(texts: list[str]) -> None:
    assert moderate(texts) == [moderate([text])[0] for text in texts]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "...", "123", "🙂"])
def test_next_to_nothing_is_next_to_harmless(text: str) -> None:
    assert max(moderate([text])[0].values()) < 0.3


def test_no_texts() -> None:
    assert moderate([]) == []


def test_a_narrow_category_brings_its_broad_one() -> None:
    for scores in moderate([row["text"] for row in ROWS]):
        for category in CATEGORIES:
            assert scores[category] <= scores[category.partition("/")[0]]


@pytest.mark.parametrize("category", FLOORS)
def test_quality_on_rows_that_nothing_was_fitted_to(category: str) -> None:
    precision, recall = quality("test", category)
    assert precision >= FLOORS[category][0]
    assert recall >= FLOORS[category][1]


@pytest.mark.parametrize("category", FLOORS)
def test_quality_on_the_rows_that_the_rules_were_written_for(category: str) -> None:
    precision, recall = quality("dev", category)
    assert precision >= 0.85
    assert recall >= 0.9


def test_ordinary_sentences_pass() -> None:
    kinds = json.loads((DATA / "retrieval.json").read_bytes()).values()
    rows = [row for kind in kinds if isinstance(kind, list) for row in kind]
    texts = [text for row in rows for text in (row["query"], row["answer"], *row["traps"])]
    assert len(texts) > 200
    assert [text for text in texts if flags(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Kill the process, then execute the child process.",
        "I could murder a pizza.",
        "You are killing it!",
        "Kill the heat and beat the eggs.",
        "Shoot the ball into the net.",
        "He passed the class in Scunthorpe, Essex, and assessed the cockpit.",
        "The Dickens assassin's classic compass, Sussex cumin and peacock grass.",
        "What is the population of Germany, and how many Turkish people live there?",
        "Trans women are women.",
        "The court sentenced him for smuggling heroin.",
        "I will never kill you.",
        "I don't want to be late, and I do not want to live in Berlin.",
        "I do not wake up early.",
        "I'm tired of living with my parents.",
        "I will be gone tomorrow, back on Monday.",
        "My mom is going to kill me if I'm late.",
        "I want to punch my laptop.",
        "The stupid printer does not work again.",
        "I hate broccoli.",
        "Shut up and take my money!",
        "Attack the boss, then the enemies.",
        "The bride kissed the groom.",
        'frame.cum_max().alias("cum_count")  # XXX for the children',
        "Halt die Tür auf, bitte.",
    ],
)
def test_harmless_company(text: str) -> None:
    assert flags(text) == set()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I'll never forgive you, I will kill you.", "harassment/threatening"),
        ("I don't want to be alive.", "self-harm/intent"),
        ("I don't want to be here.", "self-harm/intent"),
        ("I do not want to live.", "self-harm/intent"),
        ("Halt die Fresse!", "harassment"),
    ],
)
def test_what_is_meant_is_found_beside_a_negation(text: str, category: str) -> None:
    assert category in flags(text)


@pytest.mark.parametrize(
    "disguised",
    [
        "you 1d1ot",
        "you id\u200biot",
        "you ＩＤＩＯＴ",
        "you і\u0064\u0456ot",
        "you i.d.i.o.t",
        "you i d i o t",
        "you idiiiiot",
        "You're an IDIOT",
        "you b*tch",
    ],
)
def test_disguised_words_are_read(disguised: str) -> None:
    assert "harassment" in flags(disguised)


@pytest.mark.parametrize(
    "text", ["mp3 b2b 1st 2nd h2o co2", "**bold** and a*b*c", "A B C D E", "$100 + 5!", "сосна"]
)
def test_what_only_looks_disguised_is_left_alone(text: str) -> None:
    assert max(moderate([text])[0].values()) < 0.35


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Ich bringe dich um.", "harassment/threatening"),
        ("Je vais te tuer.", "violence"),
        ("我想自杀", "self-harm/intent"),
        ("怎么制造炸弹", "illicit/violent"),
    ],
)
def test_a_few_words_of_other_languages(text: str, category: str) -> None:
    assert category in flags(text)


@pytest.mark.parametrize(
    ("plain", "softened"),
    [
        ("I will kill you.", "I will never kill you."),
        ("Muslims are terrorists.", "It is wrong to say that Muslims are terrorists."),
        ("You are an idiot.", 'The word "idiot" is an insult: you are an idiot.'),
    ],
)
def test_company_lowers_a_score(plain: str, softened: str) -> None:
    high, low = moderate([plain, softened])
    worst = max(CATEGORIES, key=high.__getitem__)
    assert low[worst] < high[worst] / 1.3


def test_evidence_deep_in_a_long_text_is_found() -> None:
    calm = "The ferry left the harbour at noon, and everybody was on board. " * 60
    assert "harassment/threatening" in flags(f"{calm} I will kill you. {calm}")


@pytest.mark.parametrize(
    "text", ["x1" * 40_000, "a" * 100_000 + "б a1b", "f*" * 20_000, "a " * 30_000, "kill " * 20_000]
)
def test_endless_texts_end(text: str) -> None:
    # A pattern that goes back over a long word would need minutes here.
    assert tuple(moderate([text])[0]) == CATEGORIES


def test_forms_of_words() -> None:
    assert set(forms("carry+")) == {"carry", "carries", "carried", "carrying"}
    assert set(forms("stab++")) == {"stab", "stabs", "stabbed", "stabbing"}
    assert set(forms("slice+")) == {"slice", "slices", "sliced", "slicing"}
    assert set(forms("pipe_bomb~")) == {"pipe bomb", "pipe bombs"}


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_pictures_of_every_format_are_read(format: str) -> None:
    scores = judge_picture(picture(format=format))
    assert scores == dict.fromkeys(PICTURE_CATEGORIES, 0.0)


def test_colours_are_hints_that_flag_nothing() -> None:
    skin, blood, sea = (judge_picture(speckled(colours)) for colours in (SKIN, BLOOD, SEA))
    assert skin["sexual"] > 0.2 > blood["sexual"]
    assert blood["violence/graphic"] > 0.2 > skin["violence/graphic"]
    assert max(sea.values()) == 0
    for scores in (skin, blood):
        assert tuple(scores) == PICTURE_CATEGORIES
        assert max(scores.values()) <= MOST
        assert not any(flagged(dict.fromkeys(CATEGORIES, 0.0) | scores).values())


def test_a_flat_colour_counts_less_than_a_lively_one() -> None:
    file = io.BytesIO()
    painted("#780a0c").save(file, format="PNG")
    flat = judge_picture(file.getvalue())
    assert flat["violence/graphic"] < judge_picture(speckled(BLOOD))["violence/graphic"]


@pytest.mark.parametrize(
    "data", [b"", b"no picture", picture()[:60], picture(format="PPM")], ids=len
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        judge_picture(data)
    assert caught.value.code == "invalid_value"
    assert caught.value.hint


@given(st.binary(max_size=80), st.integers(0, 90))
@settings(max_examples=60, deadline=None)
def test_a_broken_picture_is_refused_or_judged(noise: bytes, place: int) -> None:
    sound = picture()
    try:
        scores = judge_picture(sound[:place] + noise + sound[place + len(noise) :])
    except BadRequest:
        return
    assert tuple(scores) == PICTURE_CATEGORIES


def test_a_huge_picture_is_refused_before_it_is_unpacked() -> None:
    header = bytearray(picture())
    header[16:24] = (MOST_PIXELS // 1000).to_bytes(4, "big") + (1001).to_bytes(4, "big")
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    with pytest.raises(BadRequest, match="pixels"):
        judge_picture(bytes(header))


def test_a_reply_has_a_result_for_each_text() -> None:
    reply = asked(["I will kill you.", "", "Good morning."])
    assert reply["id"] == "modr-abc"
    assert [result["flagged"] for result in reply["results"]] == [True, False, False]
    assert reply["usage"] == {"prompt_tokens": 8, "total_tokens": 8}
    for result in reply["results"]:
        assert set(result["category_applied_input_types"]) == set(CATEGORIES)
        assert {*map(tuple, result["category_applied_input_types"].values())} == {("text",)}
    assert asked("I will kill you.")["results"] == reply["results"][:1]


def test_parts_are_judged_together() -> None:
    text = {"type": "text", "text": "I will kill you."}
    reply = asked([text, part(uri(speckled(SKIN)))])
    [result] = reply["results"]
    assert result["flagged"]
    assert result["category_scores"]["sexual"] >= judge_picture(speckled(SKIN))["sexual"]
    assert result["category_applied_input_types"]["hate"] == ["text"]
    assert result["category_applied_input_types"]["sexual"] == ["text", "image"]
    assert reply["usage"]["prompt_tokens"] > 100


def test_a_picture_alone() -> None:
    url = uri(speckled(BLOOD))
    [result] = asked([part(url)])["results"]
    assert not result["flagged"]
    assert result["category_applied_input_types"]["hate"] == []
    assert result["category_applied_input_types"]["violence"] == ["image"]
    assert asked([{"type": "image_url", "image_url": url}])["results"] == [result]


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ([part("https://example.org/a.png")], "input.0.image_url"),
        ([{"type": "text", "text": "a"}, part("data:image/png,a")], "input.1.image_url"),
        ([{"type": "file", "file": {}}], "input.0.type"),
        ([part(uri(picture()))] * 17, "input"),
    ],
)
def test_parts_that_cannot_be_judged(value: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        asked(value)
    assert caught.value.param == param


def test_a_text_beyond_the_context_is_refused() -> None:
    with pytest.raises(ContextLengthExceeded, match="text 1"):
        asked(["fine", "word " * (local_moderation.LONGEST + 1)])


def test_the_upstream_answers_a_call_and_guards_links() -> None:
    body: dict[str, Any] = {"model": "local/moderate", "input": "I will kill you."}
    served = local_moderation.serve(Call("/moderations", body, request_id="abc"), Settings())
    assert json.loads(b"".join(served.pieces)) == asked("I will kill you.")
    body["input"] = [part("http://127.0.0.1:9/a.png")]
    with pytest.raises(BadRequest) as caught:
        local_moderation.serve(Call("/moderations", body), Settings())
    assert caught.value.param == "input.0.image_url"
