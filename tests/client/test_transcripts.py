"""The verbs transcribe and translate, plain and streamed, and what they give back."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb import errors
from nexhina_nb.client import Client, TranscriptReply, core
from nexhina_nb.client.exchange import Request
from nexhina_nb.client.transcripts import as_json as parsed
from tests.client.flows import answer, drive, session
from tests.client.mock_server import MockServer, Play, as_json, error, events
from tests.client.test_pictures import parts
from tests.client.test_speech import spoken, wav


def segment(start: float, end: float, text: str, **more: Any) -> dict[str, Any]:
    return {"id": 0, "start": start, "end": end, "text": text} | more


VERBOSE = {
    "task": "transcribe", "language": "english", "duration": 4.5, "text": "Hi, $5. Bye!",
    "segments": [segment(0, 1.25, " Hi, $5."), segment(61.5, 3661.999, " Bye!")],
    "words": [{"word": "Hi", "start": 0, "end": 0.5}],
    "usage": {"type": "duration", "seconds": 5},
}  # fmt: skip
SRT = "1\n00:00:00,000 --> 00:00:01,250\nHi, $5.\n\n2\n00:01:01,500 --> 01:01:01,999\nBye!\n"
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHi, $5.\n\n00:01:01.500 --> 01:01:01.999\nBye!\n"
WAV = wav()


def heard(body: Any = VERBOSE, **options: Any) -> TranscriptReply:
    flow = core.transcribe(session(), WAV, **options)
    reply, _ = drive(flow, answer(body, content_type="application/json"))
    assert isinstance(reply, TranscriptReply)
    return reply


def test_a_file_is_sent_as_a_form(server: MockServer, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "Größe.wav"
    path.write_bytes(WAV)
    server.play(as_json(VERBOSE, **{"X-Nexhina-Quota": "8"}), as_json({"text": "Hi"}))
    reply = client.transcribe(str(path), language="en", prompt="names", words=True, temperature=0.5)
    assert (reply.text, reply.cost.quota, reply.model) == ("Hi, $5. Bye!", 8, "local/transcribe")
    assert server.seen[0].path == "/v1/audio/transcriptions"
    form = parts(server.seen[0])
    assert form["file"] == [("Größe.wav", WAV)]
    assert form["timestamp_granularities[]"] == [(None, b"word"), (None, b"segment")]
    plain = {name: rows[0][1].decode() for name, rows in form.items() if name != "file"}
    assert plain == {
        "model": "local/transcribe", "language": "en", "prompt": "names", "temperature": "0.5",
        "response_format": "verbose_json", "timestamp_granularities[]": "word",
    }  # fmt: skip
    assert client.translate(path, model="gpt-4o-transcribe").text == "Hi"
    assert server.seen[1].path == "/v1/audio/translations"
    assert parts(server.seen[1])["response_format"] == [(None, b"json")]


def test_everything_that_is_a_recording(server: MockServer, client: Client) -> None:
    from IPython.display import Audio

    unnamed = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    unnamed.write(WAV)
    given = [
        WAV, bytearray(WAV), io.BytesIO(WAV), unnamed, Audio(WAV), spoken(bytes(480), "pcm"),
        spoken(b"ID3xyz", "mp3"), b"OggS....", b"\0\0\0\0ftypM4A ", b"what is this",
    ]  # fmt: skip
    server.play(*[as_json({"text": "x"})] * len(given))
    for sound in given:
        client.transcribe(sound)
    unnamed.close()
    files = [parts(seen)["file"][0] for seen in server.seen]
    assert [name for name, _ in files] == [
        *["audio.wav"] * 5, "speech.wav", "speech.mp3", "audio.ogg", "audio.m4a", "audio",
    ]  # fmt: skip
    assert all(data == WAV for _, data in files[:5])
    assert files[5][1].startswith(b"RIFF")


class OneWay(io.RawIOBase):
    """A file that can be read only once, such as a pipe."""

    def __init__(self, data: bytes) -> None:
        self._left = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self._left.read(size)


def test_only_a_file_that_can_be_rewound_is_sent_again(server: MockServer) -> None:
    busy = error(503, None, **{"Retry-After": "0"})
    with Client(server.base_url, "sk-test", max_retries=1) as client:
        server.play(busy, as_json({"text": "x"}), Play(reset=True), as_json({"text": "x"}))
        with io.BytesIO(WAV) as file:
            assert client.transcribe(file).text == "x"
            assert client.transcribe(file).text == "x"
        assert [parts(seen)["file"][0][1] for seen in server.seen[:2]] == [WAV, WAV]
        server.play(busy)
        with pytest.raises(errors.ServiceUnavailable):
            client.transcribe(OneWay(b"x"))


def test_the_file_is_closed_and_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    flow = core.transcribe(session(), path)
    request = next(flow)
    assert isinstance(request, Request)
    assert request.form is not None
    file: Any = request.form.files[0].content
    assert not file.closed
    flow.close()
    assert file.closed
    assert "RIFF" not in repr(request)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        ("/no/such.wav", "No such file"),
        (Path("/"), "folder|directory|Is a dir"),
        ("https://x/y.mp3", "link"),
        (b"", "empty"),
        (io.BytesIO(), "empty"),
        (io.StringIO("x"), "text"),
        (5, "int is no recording"),
        ("bad\0name", "cannot be read"),
    ],
)
def test_what_is_no_recording(sound: Any, words: str) -> None:
    with pytest.raises(errors.BadInput, match=words):
        next(core.transcribe(session(), sound))


def test_other_bad_input(tmp_path: Path) -> None:
    empty = tmp_path / "a.wav"
    empty.touch()
    closed = empty.open("rb")
    closed.close()
    for sound, options, words in (
        (str(empty), {}, "is empty"),
        (closed, {}, "is closed"),
        (WAV, {"format": "docx"}, "response_format"),
        (WAV, {"words": True, "format": "json"}, "verbose_json"),
        (WAV, {"temperature": 5}, "temperature"),
        (WAV, {"languages": "en"}, "did you mean 'language'"),
    ):
        with pytest.raises(errors.BadInput, match=words):
            next(core.transcribe(session(), sound, **options))  # type: ignore[arg-type]


def test_the_reply(tmp_path: Path) -> None:
    reply = heard()
    assert (reply.language, reply.duration, str(reply)) == ("english", 4.5, VERBOSE["text"])
    assert [row.end for row in reply.segments] == [1.25, 3661.999]
    assert reply.words[0].word == "Hi"
    assert reply.usage is not None
    assert (reply.srt, reply.vtt) == (SRT, VTT)
    for suffix, text in (("srt", SRT), ("vtt", VTT), ("txt", "Hi, $5. Bye!\n")):
        assert reply.save(tmp_path / f"a.{suffix}").read_text() == text
    assert json.loads(reply.save(tmp_path / "a.json").read_text()) == VERBOSE
    assert reply.save(tmp_path / "a").name == "a.txt"
    with pytest.raises(
        errors.BadInput, match=r"nothing is written as \.doc → end the name in \.txt or"
    ):
        reply.save(tmp_path / "a.doc")
    data, more = reply._repr_mimebundle_()
    assert data["text/markdown"] == "`0:00` Hi, \\$5\\.  \n`1:01` Bye\\!"
    assert data["text/plain"] == "0:00  Hi, $5.\n1:01  Bye!"
    assert more["nexhina"]["duration"] == 4.5
    assert repr(reply) == "<TranscriptReply 'Hi, $5. Bye!', 4.5 s, local/transcribe>"


def test_little_is_told() -> None:
    reply = heard({"text": "*Hi*", "usage": {"type": "duration", "seconds": 3.0}})
    assert (reply.duration, reply.segments, reply.words, reply.language) == (3.0, [], [], None)
    assert reply._repr_mimebundle_()[0]["text/markdown"] == "\\*Hi\\*"
    with pytest.raises(errors.NexhinaError, match="tells no times"):
        _ = reply.srt
    odd = heard({"text": "x", "segments": [5, {"start": None}], "words": 7, "duration": "long"})
    assert (odd.segments, odd.words, odd.duration) == ([], [], None)
    assert "x" in repr(odd)
    who = heard({"text": "x", "segments": [segment(0, 1, "Hi", speaker="A")]})
    assert "A: Hi" in who.srt


@pytest.mark.parametrize(
    ("body", "kind"),
    [(SRT, "text/plain"), (VTT, "text/vtt; charset=utf-8"), ("Hi, $5. Bye!", "text/plain")],
)
def test_the_other_forms(body: str, kind: str) -> None:
    flow = core.transcribe(session(), WAV, format="srt")
    reply, _ = drive(flow, answer(body.encode(), content_type=kind))
    assert isinstance(reply, TranscriptReply)
    assert reply.text == "Hi, $5. Bye!"
    if "-->" in body:
        assert (reply.srt, reply.vtt) == (SRT, VTT)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),
            st.integers(0, 10**7),
            st.text("abc -", min_size=1, max_size=9).map(str.strip).filter(bool),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_subtitles_come_back(rows: list[tuple[int, int, str]]) -> None:
    cues = [segment(start / 1000, end / 1000, " ".join(text.split())) for start, end, text in rows]
    reply = heard({"text": "x", "segments": cues})
    for form in (reply.srt, reply.vtt):
        back = parsed(form)["segments"]
        assert [(round(r["start"], 3), round(r["end"], 3), r["text"]) for r in back] == [
            (c["start"], c["end"], c["text"]) for c in cues
        ]


def test_junk() -> None:
    for reply in (answer(b"<html>", content_type="text/html"),
                  answer({}, content_type="application/json")):  # fmt: skip
        with pytest.raises(errors.Upstream, match="no transcript"):
            drive(core.transcribe(session(), WAV), reply)


def test_a_stream(server: MockServer, client: Client) -> None:
    rows = [{"type": "transcript.text.delta", "delta": text} for text in ("Hi", ", you")]
    part = {"type": "transcript.text.segment", "start": 0, "end": 1, "text": "Hi", "id": "s"}
    usage = {"type": "tokens", "input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    done = {"type": "transcript.text.done", "text": "Hi, you", "usage": usage}
    server.play(events(*rows, part, done, quota=6), as_json(VERBOSE), events(rows[0], cut=True))
    server.play(Play(SRT.encode(), content_type="text/plain"))
    with client.transcribe(WAV, stream=True) as stream:
        assert next(stream) == "Hi"
        assert stream.text == "Hi"
        assert list(stream) == [", you"]
    assert (stream.reply.text, stream.reply.cost.quota) == ("Hi, you", 6)
    assert stream.reply.segments[0].end == 1
    assert parts(server.seen[0])["stream"] == [(None, b"true")]
    assert parts(server.seen[0])["response_format"] == [(None, b"json")]
    assert list(client.transcribe(WAV, stream=True)) == [VERBOSE["text"]]
    with pytest.raises(errors.StreamBroken) as caught:
        client.transcribe(WAV, stream=True).read()
    assert caught.value.partial == "Hi"
    assert client.transcribe(WAV, stream=True, format="srt").read().srt == SRT
