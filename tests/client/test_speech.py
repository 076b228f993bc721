"""The verb speak, plain and streamed, and what it gives back."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from pathlib import Path
from typing import Any

import pytest

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, Client, SpeechReply, core
from tests.client.flows import answer, drive, session
from tests.client.mock_server import MockServer, Play, as_json, events

MP3 = b"ID3" + bytes(50)


def wav(seconds: float = 0.5, rate: int = 8000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * int(rate * seconds)))
    return buffer.getvalue()


def sound(data: bytes = MP3, kind: str = "audio/mpeg", **more: Any) -> Play:
    return Play(data, content_type=kind, **more)


def spoken(data: bytes, format: str) -> SpeechReply:
    flow = core.speak(session(), "Hello", format=format)
    reply, _ = drive(flow, answer(data, content_type=f"audio/{format}"))
    assert isinstance(reply, SpeechReply)
    return reply


def test_a_plain_speech(server: MockServer, client: Client, tmp_path: Path) -> None:
    server.play(sound(headers={"X-Nexhina-Quota": "7", "X-Oneapi-Request-Id": "r1"}))
    reply = client.speak("Hello", voice="nova", speed=1.5, instructions="Be glad.")
    assert (reply.audio, reply.format, reply.text, reply.seconds) == (MP3, "mp3", "Hello", None)
    assert (reply.cost.quota, reply.request_id, reply.usage) == (7, "r1", None)
    assert reply.raw["content-type"] == "audio/mpeg"
    assert server.seen[0].path == "/v1/audio/speech"
    assert server.seen[0].headers["accept"] == "audio/*"
    assert server.seen[0].json == {
        "model": "local/speak", "input": "Hello", "voice": "nova", "response_format": "mp3",
        "speed": 1.5, "instructions": "Be glad.",
    }  # fmt: skip
    data, more = reply._repr_mimebundle_()
    assert data["text/html"].startswith('<audio controls src="data:audio/mpeg;base64,SUQz')
    assert data["text/plain"] == "<SpeechReply mp3, 53 bytes, local/speak>"
    assert more["nexhina"]["request_id"] == "r1"
    assert reply.save(tmp_path / "a").read_bytes() == MP3
    with pytest.raises(errors.BadInput, match=r"would hold mp3 → .*\.mp3.*format="):
        reply.save(tmp_path / "a.wav")


def test_how_long_it_is() -> None:
    assert spoken(wav(0.5), "wav").seconds == 0.5
    assert "0.5 s, wav" in repr(spoken(wav(0.5), "wav"))
    assert spoken(b"RIFF" + bytes(60), "wav").seconds is None
    pcm = spoken(bytes(48_000), "pcm")
    assert pcm.seconds == 1.0
    playable, kind = pcm.playable()
    assert kind == "wav"
    with wave.open(io.BytesIO(playable)) as file:
        assert (file.getframerate(), file.getnframes()) == (24_000, 24_000)
    assert "audio/wav" in pcm._repr_mimebundle_()[0]["text/html"]


def test_a_long_sound_is_not_put_into_the_notebook() -> None:
    shown = spoken(bytes(17 << 20), "mp3")._repr_mimebundle_()[0]["text/html"]
    assert "too large" in shown
    assert "<audio" not in shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 4097}, "input"),
        ({"text": None}, "missing"),
        ({"speed": 9}, "speed"),
        ({"voices": "x"}, "did you mean 'voice'"),
    ],
)
def test_bad_input(options: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.BadInput, match=words):
        next(core.speak(session(), **({"text": "x"} | options)))


def test_what_is_no_sound() -> None:
    for reply in (answer(b"", content_type="audio/mpeg"), answer({}, content_type="text/html")):
        with pytest.raises(errors.Upstream, match="no sound"):
            drive(core.speak(session(), "x"), reply)


def test_a_stream_of_events(server: MockServer, client: Client) -> None:
    usage = {"input_tokens": 5, "output_tokens": 6, "total_tokens": 11}
    rows = [
        {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()}
        for data in (b"ID3", bytes(50))
    ]
    server.play(events(*rows, {"type": "speech.audio.done", "usage": usage}, quota=3))
    with client.speak("Hello", stream=True) as stream:
        assert list(stream) == [b"ID3", bytes(50)]
    assert stream.reply.audio == MP3
    assert (stream.reply.cost.quota, stream.reply.format) == (3, "mp3")
    assert stream.reply.usage is not None
    assert stream.reply.usage.total_tokens == 11
    assert server.seen[0].json["stream_format"] == "sse"
    server.play(events(rows[0], cut=True), events({**rows[0], "audio": "?" * 5}))
    for words in ("broke", "no sound"):
        with pytest.raises(errors.StreamBroken, match=words):
            client.speak("Hello", stream=True).read()


def test_a_stream_of_bytes(server: MockServer, client: Client) -> None:
    raw = Play([b"ID3", bytes(50)], content_type="audio/mpeg", headers={"X-Nexhina-Quota": "2"})
    cut = Play([b"ID3"], content_type="audio/mpeg", cut=True)
    server.play(raw, raw, cut, as_json({}))
    stream = client.speak("Hello", model="tts-1", stream=True)
    assert b"".join(stream) == MP3
    assert (stream.reply.audio, stream.reply.cost.quota) == (MP3, 2)
    assert "stream_format" not in server.seen[0].json

    async def main() -> None:
        async with AsyncClient(server.base_url, "sk-test") as other:
            stream = await other.speak("x", stream=True, stream_format="audio")
            assert b"".join([piece async for piece in stream]) == MP3

    asyncio.run(main())
    assert server.seen[1].json["stream_format"] == "audio"
    with pytest.raises(errors.StreamBroken):
        client.speak("Hello", stream=True).read()
    with pytest.raises(errors.Upstream, match="no sound"):
        client.speak("Hello", stream=True).read()
