"""Answers that are spoken: the sound, what was said, and how it shows itself."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import pytest

from nexhina_nb import Client
from nexhina_nb.client.players import sound_type
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.wire import ChatCompletionResponse
from tests.conftest import RunningGateway


def reply(**audio: Any) -> ChatReply:
    message = {"role": "assistant", "content": None, "audio": {"id": "audio_1"} | audio}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    raw = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return ChatReply(ChatCompletionResponse.read(raw))


def test_a_chat_that_speaks(shared_gateway: RunningGateway) -> None:
    pytest.importorskip("espeakng_loader", reason='install the extra "local"')
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        spoken = client.chat(
            "What is 6 times 7?", modalities=["text", "audio"],
            audio={"voice": "alloy", "format": "wav"},
        )  # fmt: skip
    assert "42" in spoken.text
    assert spoken.audio is not None
    with wave.open(io.BytesIO(spoken.audio)) as sound:
        assert sound.getframerate() == 24_000
    data, _ = spoken._repr_mimebundle_()
    assert '<audio controls src="data:audio/wav;base64,' in data["text/html"]
    assert "42" in data["text/html"]
    assert data["text/plain"] == spoken.text


def test_what_was_said_is_no_html() -> None:
    data = base64.b64encode(b"ID3").decode()
    shown, _ = reply(data=data, transcript="<script>alert(1)</script> $5")._repr_mimebundle_()
    assert "<script>" not in shown["text/html"]
    assert "audio/mpeg" in shown["text/html"]


@pytest.mark.parametrize("data", [None, "no base64!", 7])
def test_a_sound_that_cannot_be_read_is_none(data: Any) -> None:
    made = reply(data=data, transcript="said")
    assert (made.audio, made.text) == (None, "said")
    assert "text/html" not in made._repr_mimebundle_()[0]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF", "audio/wav"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"\xff\xf1", "audio/aac"),
        (b"\xff\xfb", "audio/mpeg"),
        (b"", "audio/mpeg"),
    ],
)
def test_the_first_bytes_tell_the_kind(head: bytes, kind: str) -> None:
    assert sound_type(head) == kind
