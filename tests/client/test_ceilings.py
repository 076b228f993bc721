"""What a request may cost at most, read off what is sent."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from nexhina_nb.client.ceilings import ceiling
from nexhina_nb.client.exchange import Request
from nexhina_nb.client.uploads import FormData, opened
from nexhina_nb.errors import BudgetExceeded
from nexhina_nb.pricing import page
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import quota
from nexhina_nb.pricing.estimate import Estimate, estimate
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens

CATALOG = Catalog.bundled()


def of(path: str, **body: Any) -> Estimate:
    return ceiling(Request("POST", path, orjson.dumps(body)), CATALOG)


def of_form(path: str, upload: Any, **fields: Any) -> Estimate:
    return ceiling(Request("POST", path, form=FormData(fields, [upload])), CATALOG)


MESSAGES: list[Any] = [{"role": "user", "content": "How are you?"}]
TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("path", "body", "same"),
    [
        (
            "/chat/completions",
            {"messages": MESSAGES, "max_tokens": 9, "n": 2, "tools": [TOOL]},
            ("chat", MESSAGES, {"max_tokens": 9, "n": 2, "tools": [TOOL]}),
        ),
        (
            "/chat/completions",
            {"messages": MESSAGES, "max_tokens": 9, "max_completion_tokens": 5},
            ("chat", MESSAGES, {"max_tokens": 5}),
        ),
        ("/chat/completions", {"messages": MESSAGES}, ("chat", MESSAGES, {})),
        (
            "/responses",
            {"input": "How are you?", "instructions": "Be brief.", "max_output_tokens": 9},
            (
                "respond",
                [{"role": "system", "content": "Be brief."}, *MESSAGES],
                {"max_tokens": 9},
            ),
        ),
        ("/responses", {"input": MESSAGES}, ("respond", MESSAGES, {})),
    ],
)
def test_texts(path: str, body: Any, same: Any) -> None:
    verb, inputs, options = same
    expected = estimate(verb, inputs, model="gpt-4o", **options)
    assert of(path, model="gpt-4o", **body) == expected


@pytest.mark.parametrize(
    ("path", "model", "body", "same"),
    [
        ("/embeddings", "text-embedding-3-small", {"input": ["a", "b c"]}, ("embed", ["a", "b c"])),
        ("/embeddings", "text-embedding-3-small", {"input": [[1, 2, 3]]}, ("embed", [[1, 2, 3]])),
        ("/moderations", "local/moderate", {"input": ["a", "b"]}, ("moderate", ["a", "b"])),
        (
            "/moderations",
            "local/moderate",
            {"input": [{"type": "text", "text": "a b"}, {"type": "image_url", "image_url": {}}]},
            ("moderate", ["a b", ""]),
        ),
        ("/audio/speech", "tts-1", {"input": "Hello"}, ("speak", "Hello")),
    ],
)
def test_other_texts(path: str, model: str, body: Any, same: Any) -> None:
    assert of(path, model=model, **body) == estimate(*same, model=model)


def test_rankings() -> None:
    documents = ["one", {"text": "two three"}]
    found = of("/rerank", model="local/rerank", query="a", documents=documents)
    assert found == estimate("rerank", "a", model="local/rerank", documents=documents)


def test_pictures_and_films() -> None:
    wanted: Any = {"n": 3, "size": "1024x1792", "quality": "hd"}
    expected = estimate("image", "a cat", model="dall-e-3", **wanted)
    assert of("/images/generations", model="dall-e-3", prompt="a cat", **wanted) == expected
    fields = {"model": "dall-e-3", "prompt": "a cat", "mask": None, **wanted, "n": "3"}
    request = Request("POST", "/images/edits", form=FormData(fields, []))
    assert ceiling(request, CATALOG) == expected
    film = estimate("video", "x", model="sora-2", seconds=8, size="1792x1024")
    assert of("/videos", model="sora-2", prompt="x", seconds="8", size="1792x1024") == film
    assert of("/videos", model="sora-2", prompt="x", duration=8, width=1792, height=1024) == film


def sound(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(2 * int(8000 * seconds)))
    return file.getvalue()


@pytest.mark.parametrize("kind", ["bytes", "path", "file", "in memory"])
def test_recordings_are_measured(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "minute.wav"
    place.write_bytes(sound(60))
    expected = estimate("transcribe", "", model="whisper-1", seconds=60)
    with place.open("rb") as file:
        given: Any = {
            "bytes": sound(60), "path": place, "file": file, "in memory": io.BytesIO(sound(60)),
        }[kind]  # fmt: skip
        with opened(given) as upload:
            assert of_form("/audio/transcriptions", upload, model="whisper-1") == expected
            content = upload.content
            sent = content if isinstance(content, bytes) else content.read()
            assert sent == sound(60)  # all of it is still there to be sent
    translated = estimate("translate", "", model="whisper-1", seconds=60)
    with opened(sound(60)) as upload:
        assert of_form("/audio/translations", upload, model="whisper-1") == translated


def test_a_recording_that_can_be_read_only_once_is_not_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with opened(Pipe(sound(1))) as upload:
        assert of_form("/audio/transcriptions", upload, model="whisper-1").quota is None


def test_earlier_turns_are_at_most_what_the_model_takes() -> None:
    price, context = CATALOG.price("gpt-4o"), CATALOG.context_length("gpt-4o")
    assert price is not None
    assert context is not None
    body = {"model": "gpt-4o", "input": "x", "max_output_tokens": 10}
    for name in ("previous_response_id", "conversation", "prompt"):
        found = of("/responses", **body, **{name: "id"})
        assert found.quota is not None
        assert found.quota[1] == quota(price, Tokens(context, 10))
    request = Request(
        "POST", "/responses", orjson.dumps({**body, "previous_response_id": "id"}), earlier=1000
    )
    alone = of("/responses", **body).input_tokens
    assert ceiling(request, CATALOG).input_tokens == alone + 1000


def test_tool_calls_and_their_results_are_text() -> None:
    items = [
        *MESSAGES,
        {"type": "function_call", "call_id": "1", "name": "look", "arguments": '{"at": "it"}'},
        {"type": "function_call_output", "call_id": "1", "output": "a result " * 100},
    ]
    found = of("/responses", model="gpt-4o", input=items)
    assert found.input_tokens > of("/responses", model="gpt-4o", input=MESSAGES).input_tokens + 200


def test_what_costs_nothing_is_not_counted() -> None:
    free = CATALOG.with_overrides({"gift": Price.per_million(0)})
    request = Request("POST", "/audio/transcriptions", form=FormData({"model": "gift"}, []))
    assert ceiling(request, free).quota == (0, 0)


def test_the_ratio_of_the_group_counts() -> None:
    body = orjson.dumps({"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 50})
    request = Request("POST", "/chat/completions", body)
    dear = replace(CATALOG, ratios={"gpt-4o": Decimal(3)})
    plain, thrice = ceiling(request, CATALOG).quota, ceiling(request, dear).quota
    assert plain is not None
    assert thrice is not None
    assert abs(thrice[1] - 3 * plain[1]) <= 3


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/videos/v1/remix", {"prompt": "x"}, "what a call of /videos/v1/remix costs"),
        ("/chat/completions", {"messages": []}, "what a call of /chat/completions costs"),
        ("/chat/completions", {"model": "nobody-knows", "messages": []}, "no price is known"),
    ],
)
def test_what_has_no_price_is_refused(path: str, body: Any, said: str) -> None:
    with pytest.raises(BudgetExceeded, match=said) as caught:
        of(path, **body)
    assert str(caught.value.hint).startswith("nothing was sent")


def test_instead_of_a_remix_a_new_video_can_be_ordered() -> None:
    with pytest.raises(BudgetExceeded) as caught:
        of("/videos/v1/remix", prompt="x")
    assert caught.value.hint == (
        "nothing was sent; order a new video, or make the call without a budget"
    )


def test_only_orders_are_paid() -> None:
    paid = {
        ("POST", "/chat/completions"): True,
        ("POST", "/videos/v1/remix"): True,
        ("GET", "/models"): False,
        ("GET", "/videos/v1"): False,
        ("DELETE", "/responses/r1"): False,
        ("POST", "/responses/r1/cancel"): False,
        ("POST", "/api/user/redeem_key"): False,
    }
    for (method, path), is_paid in paid.items():
        assert Request(method, path).is_paid is is_paid


@pytest.mark.parametrize("model", ["gpt-4o-audio-preview", "gpt-4o", "gemini-2.5-flash"])
def test_an_answer_may_be_all_sound(model: str) -> None:
    body: dict[str, Any] = {"model": model, "messages": MESSAGES, "max_tokens": 1000}
    written = of("/chat/completions", **body)
    spoken = of("/chat/completions", modalities=["text", "audio"], **body)
    price = CATALOG.price(model)
    assert price is not None
    assert written.quota is not None
    assert spoken.quota is not None
    prompt = written.input_tokens
    for sound in (0, 500, 1000):
        assert quota(price, Tokens(prompt, 1000, audio_out=sound)) <= spoken.quota[1]
    is_dearer = price.weights.audio_out > price.weights.completion
    assert (spoken.quota[1] > written.quota[1]) is is_dearer
    assert of("/chat/completions", modalities=["text"], **body) == written


def test_a_page_need_not_say_that_whisper_counts_seconds() -> None:
    row = {"model_name": "whisper-1", "quota_type": 0, "model_ratio": 15, "completion_ratio": 1}
    told = page.over(CATALOG, {"data": [row], "group_ratio": {"default": 1}}, "a page")
    with opened(sound(60)) as upload:
        request = Request(
            "POST", "/audio/transcriptions", form=FormData({"model": "whisper-1"}, [upload])
        )
        found = ceiling(request, told)
    assert (found.quota, found.floor) == ((15_000, 15_000), "")


def test_a_recording_whose_words_are_counted_has_no_most() -> None:
    with opened(sound(1)) as upload:
        found = of_form("/audio/transcriptions", upload, model="gpt-4o-transcribe")
    assert "tokens of its answer" in found.floor
