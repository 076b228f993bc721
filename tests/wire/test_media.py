"""Images, sound and video (contract 1.23 to 1.35)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from nexhina_nb.errors import BadRequest
from nexhina_nb.wire import (
    ImageEditRequest,
    ImageGenerationRequest,
    ImageGenerationResponse,
    SpeechRequest,
    TranscriptionRequest,
    TranscriptionResponse,
    TranslationRequest,
    TranslationResponse,
    VideoGenerationRequest,
    VideoGenerationResponse,
)
from nexhina_nb.wire.validation import check

MISSING, VALUE = "missing_required_parameter", "invalid_value"
IMAGE = {"prompt": "a cat"}
PICTURE = {"filename": "a.png", "size": 9}
SPEECH = {"model": "m", "input": "Hello", "voice": "alloy"}
FILE = {"filename": "a.WAV", "size": 4}
HEARD = {"model": "m", "file": FILE}
VIDEO = {"model": "m", "prompt": "a cat"}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ImageGenerationRequest, IMAGE),
        (ImageGenerationRequest, IMAGE | {"n": 10, "size": "1024x1024", "quality": "hd"}),
        (ImageGenerationRequest, IMAGE | {"size": "auto", "output_compression": 0, "watermark": 1}),
        (SpeechRequest, SPEECH),
        (SpeechRequest, SPEECH | {"voice": {"id": "v"}, "speed": 4, "stream_format": "sse"}),
        (TranscriptionRequest, HEARD | {"language": "de", "response_format": "vtt"}),
        (TranslationRequest, HEARD | {"file": {"filename": "blob", "size": 1}}),
        (TranscriptionRequest, HEARD | {"file": {"filename": "spoken.opus"}, "hotwords": "x"}),
        (ImageGenerationRequest, IMAGE | {"model": "dall-e-3", "size": "1792x1024"}),
        (ImageGenerationRequest, IMAGE | {"model": "gpt-image-1", "size": "auto"}),
        (ImageGenerationRequest, IMAGE | {"model": "gpt-image-2", "size": "1536x864"}),
        (ImageEditRequest, IMAGE | {"image": PICTURE, "mask": PICTURE}),
        (ImageEditRequest, IMAGE | {"image": [PICTURE] * 16, "input_fidelity": "high"}),
        (ImageEditRequest, IMAGE | {"image": "data:image/png;base64,AAAA"}),
        (ImageEditRequest, IMAGE | {"images": [{"image_url": "https://x/y.png"}]}),
        (VideoGenerationRequest, VIDEO | {"seconds": "8", "size": "1280x720", "metadata": {}}),
        (VideoGenerationRequest, {"model": "m", "image": "https://x/y.png", "duration": 5}),
    ],
)
def test_requests_go_through_unchanged(model: type[Any], body: dict[str, Any]) -> None:
    assert model.model_validate(body).dump() == body


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ImageGenerationRequest, {"prompt": ""}),
        (ImageGenerationRequest, {"prompt": "x" * 32_001}),
        (ImageGenerationRequest, IMAGE | {"n": 11}),
        (ImageGenerationRequest, IMAGE | {"size": "1024×1024"}),
        (ImageGenerationRequest, IMAGE | {"output_compression": 101}),
        (ImageGenerationRequest, IMAGE | {"output_format": "bmp"}),
        (ImageGenerationRequest, IMAGE | {"model": "dall-e", "size": "1792x1024"}),
        (ImageGenerationRequest, IMAGE | {"model": "dall-e-3", "size": "256x256"}),
        (ImageGenerationRequest, IMAGE | {"model": "gpt-image-1", "size": "1792x1024"}),
        (ImageEditRequest, IMAGE),
        (ImageEditRequest, IMAGE | {"image": []}),
        (ImageEditRequest, IMAGE | {"image": [PICTURE] * 17}),
        (ImageEditRequest, IMAGE | {"image": 3}),
        (ImageEditRequest, IMAGE | {"image": PICTURE | {"size": 0}}),
        (ImageEditRequest, IMAGE | {"image": PICTURE, "mask": [PICTURE]}),
        (ImageEditRequest, {"image": PICTURE}),
        (ImageGenerationRequest, IMAGE | {"partial_images": 4}),
        (ImageGenerationRequest, IMAGE | {"style": "bleak"}),
        (SpeechRequest, SPEECH | {"input": "x" * 4097}),
        (SpeechRequest, SPEECH | {"speed": 0.2}),
        (SpeechRequest, SPEECH | {"voice": 3}),
        (SpeechRequest, SPEECH | {"response_format": "mid"}),
        (TranscriptionRequest, HEARD | {"file": {"filename": "a.txt", "size": 1}}),
        (TranscriptionRequest, HEARD | {"file": FILE | {"size": 0}}),
        (TranscriptionRequest, HEARD | {"file": "a.wav"}),
        (TranscriptionRequest, HEARD | {"file": [FILE, FILE]}),
        (TranscriptionRequest, HEARD | {"temperature": "hot"}),
        (TranscriptionRequest, HEARD | {"temperature": "1.5"}),
        (TranscriptionRequest, HEARD | {"timestamp_granularities[]": ["word"]}),
        (TranslationRequest, HEARD | {"response_format": "diarized_json"}),
        (VideoGenerationRequest, {"model": "m"}),
        (VideoGenerationRequest, VIDEO | {"seconds": "0"}),
        (VideoGenerationRequest, VIDEO | {"seconds": "3601"}),
        (VideoGenerationRequest, VIDEO | {"seconds": "9" * 5000}),
        (VideoGenerationRequest, VIDEO | {"seconds": 8}),
        (VideoGenerationRequest, VIDEO | {"duration": 0}),
        (VideoGenerationRequest, VIDEO | {"n": 0}),
    ],
)
def test_requests_that_are_refused(model: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_forms_bring_numbers_as_text() -> None:
    form = HEARD | {
        "temperature": "0.2",
        "stream": "true",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
    }
    request = TranscriptionRequest.model_validate(form)
    assert (request.temperature, request.stream) == (0.2, True)
    assert request.timestamp_granularities == ["word", "segment"]
    assert request.dump()["timestamp_granularities[]"] == ["word", "segment"]


TIMES = {"start": 0.0, "end": 1.5}
TOKENS = {"type": "tokens", "input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ImageGenerationResponse, {"created": 1, "data": [{"url": "u", "revised_prompt": "a"}]}),
        (
            ImageGenerationResponse,
            {
                "created": 1,
                "data": [{"b64_json": "AAAA"}],
                "size": "1024x1024",
                "usage": {
                    "input_tokens": 3,
                    "input_tokens_details": {"text_tokens": 3, "image_tokens": 0},
                    "output_tokens": 4,
                    "total_tokens": 7,
                },
            },
        ),
        (TranscriptionResponse, {"text": "Hi.", "usage": TOKENS}),
        (TranscriptionResponse, {"text": "Hi.", "usage": {"type": "duration", "seconds": 2.0}}),
        (
            TranscriptionResponse,
            {
                "task": "transcribe",
                "language": "english",
                "duration": 1.5,
                "text": "Hi.",
                "words": [TIMES | {"word": "Hi"}],
                "segments": [TIMES | {"id": 0, "text": "Hi.", "tokens": [1], "seek": 0}],
            },
        ),
        (
            TranscriptionResponse,
            {"text": "Hi.", "segments": [TIMES | {"id": "s", "speaker": "A", "text": "Hi."}]},
        ),
        (TranslationResponse, {"text": "Hi.", "task": "translate", "segments": []}),
        (
            VideoGenerationResponse,
            {
                "id": "task_1",
                "task_id": "task_1",
                "object": "video",
                "model": "m",
                "status": "failed",
                "progress": 100,
                "created_at": 1,
                "data": [{"url": "u", "format": "mp4", "duration": 5.0}],
                "error": {"code": 5, "message": "No."},
            },
        ),
    ],
)
def test_replies_go_through_unchanged(model: type[Any], body: dict[str, Any]) -> None:
    assert model.model_validate(body).dump() == body


@pytest.mark.parametrize(
    ("model", "body", "code", "param", "words"),
    [
        (TranscriptionRequest, {"model": "m"}, MISSING, "file", "is required"),
        (TranscriptionRequest, HEARD | {"file": "x"}, "invalid_type", "file", "one file"),
        (TranscriptionRequest, HEARD | {"file": FILE | {"size": 0}}, VALUE, "file", "empty"),
        (ImageEditRequest, IMAGE, MISSING, "image", "to edit a picture"),
        (ImageEditRequest, IMAGE | {"image": 3}, "invalid_type", "image", "a file, or several"),
        (ImageGenerationRequest, IMAGE | {"size": "1×1"}, VALUE, "size", "letter x"),
        (
            ImageGenerationRequest,
            IMAGE | {"model": "dall-e-3", "size": "1x1"},
            VALUE,
            "size",
            "one",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    model: type[Any], body: dict[str, Any], code: str, param: str, words: str
) -> None:
    with pytest.raises(BadRequest) as wrong:
        check(model, body)
    assert (wrong.value.code, wrong.value.param) == (code, param)
    assert words in wrong.value.message


def test_a_form_of_texts_is_an_edit() -> None:
    texts = {"n": "2", "stream": "true", "partial_images": "1", "output_compression": "80"}
    request = check(ImageEditRequest, IMAGE | {"image": PICTURE} | texts, is_form=True)
    numbers = {"n": 2, "stream": True, "partial_images": 1, "output_compression": 80}
    assert request.dump() == IMAGE | {"image": PICTURE} | numbers
