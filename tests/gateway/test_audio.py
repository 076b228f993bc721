"""Sound: the official SDK against the built-in engines, and what passes through to others."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import socket
import time
import warnings
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import seconds_to_tokens
from nexhina_nb.wire.sse import encode
from tests.conftest import RunningGateway, run_gateway
from tests.gateway import elsewhere as far
from tests.gateway.sick_server import Peer, Received

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)
sound = pytest.importorskip("nexhina_nb.engines.sound")
for module in ("av", "espeakng_loader", "pocketsphinx"):
    pytest.importorskip(module, reason='the engines of the extra "local"')

TEXT = "One moment, please. Goodbye."
SPEECH, HEARD, IN_ENGLISH = "/audio/speech", "/audio/transcriptions", "/audio/translations"
SPOKEN = {"input": TEXT, "voice": "alloy"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with run_gateway(tmp_path_factory.mktemp("audio")) as running:
        far.price(running, "local/speak", Price.per_million(15, unit="character"))
        far.price(running, "local/transcribe", Price.per_million(6))
        yield running


@pytest.fixture(scope="module")
def sdk(served: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.base_url, api_key=served.key, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def recording(sdk: openai.OpenAI) -> bytes:
    """Speech as an MP3. What a recogniser of human voices makes of it is not the matter here."""
    content: bytes = sdk.audio.speech.create(model="local/speak", **SPOKEN).content
    return content


def wav(seconds: float, rate: int = 8000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * int(seconds * rate)))
    return buffer.getvalue()


# Speech


@pytest.mark.parametrize(
    ("form", "content_type"),
    [
        (None, "audio/mpeg"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/opus"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm"),
    ],
)
def test_every_format_can_be_heard(
    served: RunningGateway, tmp_path: Path, form: str | None, content_type: str
) -> None:
    body = SPOKEN | {"response_format": form} if form else SPOKEN
    reply = far.post(served, SPEECH, json=body)
    assert reply.headers["content-type"] == content_type
    assert reply.headers["x-nexhina-quota"] == str(len(TEXT) * 15 // 2)
    path = tmp_path / "speech"
    path.write_bytes(reply.content)
    seconds = len(reply.content) / 48_000 if form == "pcm" else sound.duration(path)
    assert 1 < seconds < 4
    row = far.rows(served)[0]
    assert (row["model_name"], row["prompt_tokens"]) == ("local/speak", len(TEXT))
    assert row["quota"] == len(TEXT) * 15 // 2
    assert row["completion_tokens"] in (33, 50, 67)  # 1,000 a minute, begun seconds count


def test_voices_and_speeds_differ(sdk: openai.OpenAI) -> None:
    def said(**how: Any) -> bytes:
        asked = {"model": "local/speak", "input": "Hello there.", "voice": "alloy"} | how
        content: bytes = sdk.audio.speech.create(**asked, response_format="pcm").content
        return content

    usual = said()
    assert said() == usual != said(voice="onyx")
    assert said(voice={"id": "onyx"}) == said(voice="onyx")
    assert len(said(speed=2)) < len(usual) < len(said(speed=0.5))
    assert said(instructions="cheerful") == usual


def test_speech_is_sent_while_it_is_made_and_ends_when_nobody_listens(
    gateway: RunningGateway,
) -> None:
    far.price(gateway, "local/speak", Price.per_million(15, 1))
    long = "".join(f"This is the sentence with number {number}. " for number in range(100))
    body = json.dumps({"model": "local/speak", "input": long, "voice": "alloy",
                       "response_format": "pcm"})  # fmt: skip
    host, port = gateway.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # who takes little at a time
        caller.connect((host, int(port)))
        caller.sendall(
            f"POST /v1{SPEECH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        came = b""
        while len(came.partition(b"\r\n\r\n")[2]) < 1000:
            came += caller.recv(1000)
        assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    row = far.rows(gateway)[0]
    assert (row["type"], row["prompt_tokens"]) == (2, len(long))
    # Four minutes of speech were asked for: more than 4,000 tokens.
    assert 0 < row["completion_tokens"] < 2_500


def test_events_carry_the_same_sound(served: RunningGateway) -> None:
    asked = SPOKEN | {"response_format": "pcm"}
    plain = far.post(served, SPEECH, json=asked).content
    reply = far.post(served, SPEECH, json=asked | {"stream_format": "sse"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line[:6] == "data: "]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == plain
    usage = done["usage"]
    assert (done["type"], usage["input_tokens"]) == ("speech.audio.done", len(TEXT))
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    row = far.rows(served)[0]
    assert (row["prompt_tokens"], row["completion_tokens"]) == (len(TEXT), usage["output_tokens"])
    assert "[DONE]" not in reply.text


def test_the_asynchronous_client(served: RunningGateway, recording: bytes) -> None:
    async def scene() -> None:
        address = {"base_url": served.base_url, "api_key": served.key}
        async with openai.AsyncOpenAI(**address, max_retries=0) as client:
            spoken = client.audio.speech.with_streaming_response
            async with spoken.create(model="local/speak", input="Hello.", voice="nova") as reply:
                assert len(b"".join([piece async for piece in reply.iter_bytes()])) > 1000
            asked = {"file": ("a.mp3", recording), "model": "local/transcribe"}
            text = (await client.audio.transcriptions.create(**asked)).text
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                translated = await client.audio.translations.create(**asked)
            assert translated.text == text
            stream = await client.audio.transcriptions.create(**asked, stream=True)
            assert [event async for event in stream][-1].text == text

    asyncio.run(scene())


# Transcriptions


def heard(sdk: openai.OpenAI, recording: bytes, **asked: Any) -> Any:
    file = ("spoken.mp3", recording)
    return sdk.audio.transcriptions.create(model="local/transcribe", file=file, **asked)


@pytest.fixture(scope="module")
def verbose(sdk: openai.OpenAI, recording: bytes) -> Any:
    granularities = ["word", "segment"]
    form = "verbose_json"
    return heard(sdk, recording, response_format=form, timestamp_granularities=granularities)


def test_what_was_said_and_when(verbose: Any) -> None:
    assert (verbose.language, verbose.usage.type) == ("english", "duration")
    assert verbose.usage.seconds == -(-verbose.duration // 1)
    words = [word.word for word in verbose.words]
    assert words
    assert verbose.text.split() == words
    assert " ".join(segment.text for segment in verbose.segments) == verbose.text
    times = [moment for word in verbose.words for moment in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= verbose.duration
    assert [segment.id for segment in verbose.segments] == list(range(len(verbose.segments)))


def test_plain_json(
    sdk: openai.OpenAI, served: RunningGateway, recording: bytes, verbose: Any
) -> None:
    plain = heard(sdk, recording, language="en", prompt="trains", temperature=0.2)
    assert (plain.text, plain.usage.seconds) == (verbose.text, verbose.usage.seconds)
    tokens = seconds_to_tokens(plain.usage.seconds)
    row = far.rows(served)[0]
    assert (row["prompt_tokens"], row["completion_tokens"]) == (tokens, 0)
    assert row["quota"] == 3 * tokens


@pytest.mark.parametrize(
    ("form", "content_type", "cue"),
    [
        ("text", "text/plain", None),
        ("srt", "text/plain", r"\d\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n(.*)\n\n"),
        ("vtt", "text/vtt", r"00:00:\d\d\.\d{3} --> 00:00:\d\d\.\d{3}\n(.*)\n\n"),
    ],
)
def test_texts(
    served: RunningGateway, recording: bytes, verbose: Any,
    form: str, content_type: str, cue: str | None,
) -> None:  # fmt: skip
    files = {"file": ("a.mp3", recording)}
    reply = far.post(served, HEARD, files=files, data={"response_format": form})
    assert reply.headers["content-type"] == f"{content_type}; charset=utf-8"
    assert int(reply.headers["x-nexhina-quota"]) == far.rows(served)[0]["quota"] > 0
    if cue is None:
        assert reply.text == f"{verbose.text}\n"
    else:
        assert re.findall(cue, reply.text) == [segment.text for segment in verbose.segments]
    assert reply.text.startswith("WEBVTT\n\n") is (form == "vtt")


def test_words_alone(sdk: openai.OpenAI, recording: bytes, verbose: Any) -> None:
    form, words = "verbose_json", ["word"]
    only = heard(sdk, recording, response_format=form, timestamp_granularities=words)
    assert (only.words, only.segments) == (verbose.words, None)


def test_a_stream_gives_the_text_as_it_is_understood(
    sdk: openai.OpenAI, served: RunningGateway, recording: bytes, verbose: Any
) -> None:
    *deltas, done = list(heard(sdk, recording, stream=True))
    assert {event.type for event in deltas} == {"transcript.text.delta"}
    assert [event.delta.strip() for event in deltas] == [row.text for row in verbose.segments]
    assert "".join(event.delta for event in deltas) == done.text == verbose.text
    assert (done.type, done.usage.type) == ("transcript.text.done", "duration")
    row = far.rows(served)[0]
    assert row["quota"] == 3 * seconds_to_tokens(done.usage.seconds)


def test_silence_is_an_empty_text_and_segments_are_the_usual_parts(sdk: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "local/transcribe", "file": ("a.wav", wav(2))}
    reply = sdk.audio.transcriptions.create(**asked, response_format="verbose_json")
    assert (reply.text, reply.usage.seconds, reply.segments, reply.words) == ("", 2, [], None)


def test_a_translation_is_english(served: RunningGateway, recording: bytes, verbose: Any) -> None:
    files, form = {"file": ("a.mp3", recording)}, "verbose_json"
    told = far.post(served, IN_ENGLISH, files=files, data={"response_format": form}).json()
    assert (told["task"], told["language"], told["text"]) == ("translate", "english", verbose.text)


# What is wrong with a call


MISSING, VALUE, TYPE = "missing_required_parameter", "invalid_value", "invalid_type"
UNSUPPORTED = "unsupported_media_type"
A_WAV = {"file": ("a.wav", wav(0.5), "audio/wav")}


def form(**fields: Any) -> dict[str, Any]:
    return {"files": A_WAV, "data": {"model": "local/transcribe"} | fields}


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"files": {"file": (name, content)}}


def say(**fields: Any) -> dict[str, Any]:
    return {"json": SPOKEN | fields}


CASES: list[tuple[str, str, dict[str, Any], int, str, str | None]] = [
    ("no input", SPEECH, {"json": {"voice": "alloy"}}, 400, MISSING, "input"),
    ("no voice", SPEECH, {"json": {"input": "x"}}, 400, MISSING, "voice"),
    ("empty", SPEECH, say(input=""), 400, VALUE, "input"),
    ("too much to say", SPEECH, say(input="x" * 4097), 400, VALUE, "input"),
    ("a voice of nobody", SPEECH, say(voice="nobody"), 400, VALUE, "voice"),
    ("a voice without id", SPEECH, say(voice={}), 400, VALUE, "voice"),
    ("too slow", SPEECH, say(speed=0.1), 400, VALUE, "speed"),
    ("too fast", SPEECH, say(speed=4.1), 400, VALUE, "speed"),
    ("no format of speech", SPEECH, say(response_format="mid"), 400, VALUE, "response_format"),
    ("a form", SPEECH, {"data": {"input": "x"}}, 415, UNSUPPORTED, None),
    ("another verb's", SPEECH, say(model="local/chat"), 400, VALUE, "model"),
    ("no file", HEARD, {"files": {"x": ("", "y")}}, 400, MISSING, "file"),
    ("a file that is text", HEARD, {"files": {"file": (None, "x")}}, 400, TYPE, "file"),
    ("two files", HEARD, {"files": [*A_WAV.items()] * 2}, 400, TYPE, "file"),
    ("an empty file", HEARD, file("a.wav", b""), 400, VALUE, "file"),
    ("no sound", HEARD, file("a.mp3", b"I am only text. " * 99), 400, VALUE, "file"),
    ("half a WAV", HEARD, file("a.wav", wav(1)[:30]), 400, VALUE, "file"),
    ("by its name no sound", HEARD, file("a.txt", wav(1)), 400, VALUE, "file"),
    ("no format", HEARD, form(response_format="doc"), 400, VALUE, "response_format"),
    ("speakers", HEARD, form(response_format="diarized_json"), 400, VALUE, "response_format"),
    (
        "a stream of subtitles",
        HEARD,
        form(response_format="srt", stream="true"),
        400,
        VALUE,
        "response_format",
    ),
    ("another language", HEARD, form(language="de"), 400, VALUE, "language"),
    ("too warm", HEARD, form(temperature="1.5"), 400, VALUE, "temperature"),
    (
        "times of a text",
        HEARD,
        form(response_format="text", **{"timestamp_granularities[]": "word"}),
        400,
        VALUE,
        "timestamp_granularities",
    ),
    ("JSON", HEARD, {"json": {"model": "local/transcribe"}}, 415, UNSUPPORTED, None),
    ("speakers in English", IN_ENGLISH, form(response_format="diarized_json"), 400, VALUE,
     "response_format"),
    ("no file in English", IN_ENGLISH, {"files": {"x": ("", "y")}}, 400, MISSING, "file"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "options", "status", "code", "param"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_wrong_calls(
    served: RunningGateway,
    path: str,
    options: dict[str, Any],
    status: int,
    code: str,
    param: str | None,
) -> None:
    reply = far.post(served, path, **options)
    error = reply.json()["error"]
    told = (error["param"] or "").partition(".")[0]
    assert (reply.status_code, error["code"], told) == (status, code, param or ""), reply.text
    assert "Traceback" not in reply.text
    if status == 400:
        row = far.rows(served)[0]
        assert (row["type"], row["quota"]) == (5, 0)


# What passes through


MP3 = bytes(range(256)) * 64


def test_speech_of_others_passes_byte_for_byte(gateway: RunningGateway) -> None:
    pieces = [MP3[at : at + 999] for at in range(0, len(MP3), 999)]
    with far.elsewhere(gateway, {"speech": far.sending("audio/mpeg", *pieces)}, "tts-1") as server:
        body = {"input": "x" * 1000, "voice": "alloy", "x_new": {"a": [1]}}
        reply = far.post(gateway, SPEECH, json=body)
        assert json.loads(server.received[0].body) == body | {"model": "tts-1"}
    assert (reply.content, reply.headers["content-type"]) == (MP3, "audio/mpeg")
    # Contract 5.8, 19: the sound that comes out costs nothing, so the price is known before.
    assert (reply.headers["x-nexhina-quota"], far.rows(gateway)[0]["quota"]) == ("7500", 7500)


@pytest.mark.parametrize(
    ("content", "completion"),
    [
        (wav(2.5), 50),  # three begun seconds
        (b"\x00" * 5000, 5),  # no sound that can be read: a token for each begun KB
    ],
)
def test_sound_that_costs_by_its_length(
    gateway: RunningGateway, content: bytes, completion: int
) -> None:
    far.price(gateway, "gpt-voice", Price.per_million(2, 10))
    scenes = {"speech": far.sending("audio/wav", content[:99], content[99:])}
    with far.elsewhere(gateway, scenes, "gpt-voice"):
        body = {"model": "gpt-voice", "input": "five words are said here", "voice": "alloy"}
        reply = far.post(gateway, SPEECH, json=body)
    assert reply.content == content
    assert "x-nexhina-quota" not in reply.headers
    row = far.rows(gateway)[0]
    assert (row["prompt_tokens"], row["completion_tokens"]) == (5, completion)
    assert row["quota"] == 5 + 5 * completion


@pytest.mark.parametrize("usage", [{"input_tokens": 7, "output_tokens": 9}, None])
def test_speech_in_events_is_billed_by_what_is_told_or_by_its_size(
    gateway: RunningGateway, usage: Any
) -> None:
    delta = encode(json.dumps({"type": "speech.audio.delta", "audio": "A" * 4000}))
    done = encode(json.dumps({"type": "speech.audio.done", "usage": usage}))
    far.price(gateway, "voice", Price.per_million(2, 2))
    with far.elsewhere(gateway, {"speech": far.sending("text/event-stream", delta, done)}, "voice"):
        body = {"model": "voice", "input": "Hello", "voice": "x", "stream_format": "sse"}
        text = far.post(gateway, SPEECH, json=body).text
    assert text.index(delta.decode()) < text.index(done.decode())
    assert "[DONE]" not in text
    row = far.rows(gateway)[0]
    assert (row["prompt_tokens"], row["completion_tokens"]) == ((7, 9) if usage else (5, 4))


def test_a_sound_that_is_cut_breaks_visibly_and_costs_what_came(gateway: RunningGateway) -> None:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin("Content-Type: audio/mpeg")
        peer.chunk(MP3[:3000])
        time.sleep(0.05)
        peer.chunk(MP3[3000:4096])
        time.sleep(0.05)
        peer.reset()

    far.price(gateway, "voice", Price.per_million(2, 10))
    with far.elsewhere(gateway, {"speech": scene}, "voice"):
        with pytest.raises(httpx2.RemoteProtocolError):
            far.post(gateway, SPEECH, json={"model": "voice", "input": "Hello", "voice": "alloy"})
        row = far.rows(gateway)[0]
    assert (row["type"], row["prompt_tokens"], row["completion_tokens"]) == (2, 5, 4)


def test_a_sound_of_nothing_costs_nothing(gateway: RunningGateway) -> None:
    with far.elsewhere(gateway, {"speech": far.sending("audio/mpeg")}, "tts-1"):
        reply = far.post(gateway, SPEECH, json=SPOKEN | {"model": "tts-1"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "empty_response")
    assert far.rows(gateway)[0]["quota"] == 0


def test_a_caller_who_leaves_before_the_sound_begins_pays_nothing(gateway: RunningGateway) -> None:
    def scene(peer: Peer, request: Received) -> None:
        peer.wait_until_left()
        raise ConnectionError("left")

    with far.elsewhere(gateway, {"speech": scene}, "tts-1") as server:
        body = {"model": "tts-1", "input": "x" * 100, "voice": "alloy"}
        far.leave(gateway, SPEECH, lambda: bool(server.received), json=body)
        assert server.left.get(timeout=10) == "speech"
        row = far.rows(gateway)[0]
    assert (row["type"], row["quota"]) == (5, 0)


def test_a_caller_who_leaves_in_the_middle_ends_the_call_and_pays(gateway: RunningGateway) -> None:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin("Content-Type: audio/mpeg")
        peer.chunk(MP3[:2048])
        peer.wait_until_left()
        raise ConnectionError("left")

    with far.elsewhere(gateway, {"speech": scene}, "tts-1") as server:
        headers = {"authorization": f"Bearer {gateway.key}"}
        body = {"model": "tts-1", "input": "x" * 100, "voice": "alloy"}
        with (
            httpx2.Client(headers=headers, timeout=20) as client,
            client.stream("POST", gateway.base_url + SPEECH, json=body) as reply,
        ):
            assert next(reply.iter_raw()) == MP3[:2047]  # the very last byte waits for the bill
        assert server.left.get(timeout=10) == "speech"
        row = far.rows(gateway)[0]
    assert (row["type"], row["quota"]) == (2, 750)


def test_recordings_arrive_as_they_were_sent(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_KEY", "sk-far")
    cues = "1\n00:00:00,000 --> 00:00:01,000\nGrüße\n\n".encode()
    scene = far.answering(cues, "Content-Type: application/x-subrip", "X-Request-Id: up-1")
    channel = far.elsewhere(
        gateway, {"transcriptions": scene}, "whisper-1", keys=("env:FAR_KEY",),
        mapping={"whisper-1": "large"},
    )  # fmt: skip
    fields = {"response_format": "srt", "hotwords": ["a", "b"], "vad_filter": "true"}
    with channel as server:
        reply = far.post(gateway, HEARD, files={"file": ("a.mp3", MP3)}, data=fields)
        (seen,) = server.received
    assert (reply.content, reply.headers["content-type"]) == (cues, "application/x-subrip")
    assert reply.headers["x-request-id"] == "up-1"
    assert seen.headers["authorization"] == "Bearer sk-far"
    assert gateway.key.encode() not in seen.body
    for part in (
        b'name="model"\r\n\r\nlarge\r\n',
        b'name="hotwords"\r\n\r\na\r\n',
        b'name="hotwords"\r\n\r\nb\r\n',
        b'name="vad_filter"\r\n\r\ntrue\r\n',
        b'name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n' + MP3 + b"\r\n",
    ):
        assert part in seen.body


@pytest.mark.parametrize(
    ("reply", "prompt", "quota"),
    [
        ({"text": "x"}, 1500, 22_500),  # contract 5.8, 20: 90 seconds
        ({"text": "x", "usage": {"type": "duration", "seconds": 30}}, 500, 7_500),
        ({"text": "x", "usage": {"total_tokens": 0}}, 1500, 22_500),
    ],
)
def test_a_recording_is_billed_by_what_is_told_or_by_its_length(
    gateway: RunningGateway, reply: dict[str, Any], prompt: int, quota: int
) -> None:
    far.price(gateway, "whisper-1", Price.per_million(30))
    with far.elsewhere(gateway, {"transcriptions": far.answering(reply)}, "whisper-1"):
        sent = far.post(gateway, HEARD, files={"file": ("a.wav", wav(90))})
    assert (sent.json(), sent.headers["x-nexhina-quota"]) == (reply, str(quota))
    row = far.rows(gateway)[0]
    assert (row["prompt_tokens"], row["quota"]) == (prompt, quota)


def test_a_recording_that_cannot_be_read_is_billed_by_its_size(gateway: RunningGateway) -> None:
    far.price(gateway, "whisper-1", Price.per_million(2))
    with far.elsewhere(gateway, {"transcriptions": far.answering({"text": "x"})}, "whisper-1"):
        far.post(gateway, HEARD, files={"file": ("a.mp3", b"\x00" * 10_000)})
    assert (far.rows(gateway)[0]["prompt_tokens"], far.rows(gateway)[0]["quota"]) == (10, 10)


def test_tokens_of_sound_have_their_own_ratios(gateway: RunningGateway) -> None:
    usage = {
        "type": "tokens",
        "input_tokens": 300,
        "input_token_details": {"text_tokens": 100, "audio_tokens": 200},
        "output_tokens": 350,
        "output_token_details": {"text_tokens": 50, "audio_tokens": 300},
        "total_tokens": 650,
    }
    # Contract 5.8, 17: model ratio 2.5, completion 4, audio 8, audio completion 2.
    ratios = Price.per_million(5, 20, audio=40, audio_output=80)
    far.price(gateway, "gpt-hears", ratios)
    scenes = {"transcriptions": far.answering({"text": "x", "usage": usage})}
    with far.elsewhere(gateway, scenes, "gpt-hears"):
        far.post(gateway, HEARD, files=A_WAV, data={"model": "gpt-hears"})
    assert far.rows(gateway)[0]["quota"] == 16_750


DELTA = encode('{"type":"transcript.text.delta","delta":"Hi"}')
TOLD = {"type": "tokens", "input_tokens": 7, "output_tokens": 2, "total_tokens": 9}


@pytest.mark.parametrize("usage", [TOLD, None])
def test_transcripts_of_others_stream(gateway: RunningGateway, usage: Any) -> None:
    far.price(gateway, "hears", Price.per_million(2, 2))
    done = encode(json.dumps({"type": "transcript.text.done", "text": "Hi", "usage": usage}))
    scenes = {"transcriptions": far.sending("text/event-stream", DELTA, done)}
    with far.elsewhere(gateway, scenes, "hears"):
        fields = {"model": "hears", "stream": "true"}
        text = far.post(gateway, HEARD, files={"file": ("a.wav", wav(6))}, data=fields).text
    assert text.index(DELTA.decode()) < text.index(done.decode())
    assert far.rows(gateway)[0]["quota"] == (9 if usage else 100)


def test_a_transcript_that_breaks_off_is_no_whole_one(gateway: RunningGateway) -> None:
    far.price(gateway, "hears", Price.per_million(2, 2))
    with far.elsewhere(
        gateway, {"transcriptions": far.sending("text/event-stream", DELTA)}, "hears"
    ):
        fields = {"model": "hears", "stream": "true"}
        text = far.post(gateway, HEARD, files={"file": ("a.wav", wav(6))}, data=fields).text
    assert '"delta":"Hi"' in text
    assert "event: error" in text
    assert "transcript.text.done" not in text
    assert far.rows(gateway)[0]["quota"] == 100


def test_whisper_answers_whole_whatever_is_asked(gateway: RunningGateway) -> None:
    with far.elsewhere(gateway, {"transcriptions": far.answering({"text": "x"})}, "whisper-1"):
        fields = {"model": "whisper-1", "stream": "true"}
        reply = far.post(gateway, HEARD, files=A_WAV, data=fields)
    assert reply.json() == {"text": "x"}
    assert not far.rows(gateway)[0]["is_stream"]


@pytest.mark.parametrize("path", [SPEECH, HEARD, IN_ENGLISH])
def test_refusals_of_others_come_back_as_they_are(gateway: RunningGateway, path: str) -> None:
    error = {"error": {"message": "slow down", "type": "x", "code": "y"}}
    headers = ("Retry-After: 9", "X-Request-Id: up-9")
    scene = far.answering(error, *headers, status="429 Too Many Requests")
    with far.elsewhere(gateway, {path.rpartition("/")[2]: scene}, "whisper-1", "tts-1") as server:
        options: dict[str, Any] = {"json": SPOKEN} if path == SPEECH else {"files": A_WAV}
        reply = far.post(gateway, path, **options)
        assert len(server.received) == 1
    assert (reply.status_code, reply.json()) == (429, error)
    assert (reply.headers["retry-after"], reply.headers["x-request-id"]) == ("9", "up-9")
    assert (far.rows(gateway)[0]["type"], far.rows(gateway)[0]["quota"]) == (5, 0)
