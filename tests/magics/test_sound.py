"""``speak``, ``transcribe`` and ``translate`` with the built-in engines, and what is refused."""

from __future__ import annotations

import io
import json
import wave
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from IPython.display import Audio

from nexhina_nb.client import Client, SpeechReply, TranscriptReply
from nexhina_nb.errors import BadInput, BadRequest, NexhinaError, StreamBroken
from tests.client.mock_server import MockServer, as_json, error, events
from tests.conftest import RunningGateway
from tests.magics.conftest import Notebook

TEXT = "Good morning everybody. Open the door."
WORD = "door"  # which is understood, as the engine speaks it


@pytest.fixture(scope="session")
def recording(shared_gateway: RunningGateway) -> bytes:
    """The text as a wav."""
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        audio: bytes = client.speak(TEXT, format="wav").audio
    return audio


@pytest.fixture
def files(tmp_path: Path, recording: bytes) -> Path:
    """A folder with recordings and other files."""
    (tmp_path / "my talk.wav").write_bytes(recording + bytes(2))
    (tmp_path / "talk.wav").write_bytes(recording)
    (tmp_path / "copy.wav").write_bytes(recording)
    (tmp_path / "fake.mp3").write_bytes(b"ID3" + bytes(200))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "notes.txt").write_text("Grüß dich\n")
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "folder").mkdir()
    return tmp_path


def silence(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(int(seconds * 32_000)))
    return buffer.getvalue()


def test_a_text_is_spoken(served: Notebook, tmp_path: Path) -> None:
    served.names["name"] = "Ada"
    cell = served.run("%%nexhina speak -o hello --save hello.wav\nHello {{name}}.")
    assert cell.error is None
    assert cell.data["text/html"].startswith('<audio controls src="data:audio/wav;base64,')
    reply = served.names["hello"]
    assert isinstance(reply, SpeechReply)
    assert (reply.text, reply.format) == ("Hello Ada.", "wav")
    assert cell.data["text/plain"] == repr(reply)
    assert cell.outputs[1]["data"]["text/plain"] == "saved as hello.wav"
    assert (tmp_path / "hello.wav").read_bytes() == reply.audio
    assert served.magics.state.costs == [reply.cost]
    quick = served.run("%%nexhina speak --format wav --speed 2 --voice nova -o quick\nHello Ada.")
    assert quick.error is None
    assert served.names["quick"].seconds < reply.seconds
    assert "data:audio/mpeg;" in served.run("%%nexhina speak\nHello").data["text/html"]


def test_every_option_of_speak_is_sent(online: Notebook, server: MockServer) -> None:
    server.play(error(400, "no"))
    code = "%%nexhina speak -m m --voice v --speed 0.5 --instructions Softly --format opus\nHi"
    online.run(code)
    assert server.seen[-1].json == {
        "model": "m", "input": "Hi", "voice": "v", "speed": 0.5, "instructions": "Softly",
        "response_format": "opus",
    }  # fmt: skip


@pytest.mark.parametrize("file", ['"my talk.wav"', "talk.wav", "~/talk.wav", "spoken", "sound"])
def test_a_recording_is_written_down(
    served: Notebook, files: Path, recording: bytes, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setenv("HOME", str(files))
    monkeypatch.setenv("USERPROFILE", str(files))
    served.names.update(spoken=recording, sound=Audio(recording))
    cell = served.run(f"%nexhina transcribe {file} --language en -o said")
    assert cell.error is None
    said = served.names["said"]
    assert isinstance(said, TranscriptReply)
    assert WORD in said.text
    assert cell.data["text/plain"] == said.text
    assert cell.facts["model"] == "local/transcribe"
    assert served.magics.state.costs == [said.cost]


def test_times_are_shown_and_saved(served: Notebook, files: Path) -> None:
    cell = served.run("%nexhina transcribe talk.wav --format srt -o said")
    assert cell.data["text/plain"] == served.names["said"].srt
    assert " --> " in cell.data["text/plain"]
    cell = served.run("%nexhina transcribe talk.wav --format vtt --save talk.srt")
    assert cell.data["text/plain"].startswith("WEBVTT\n")
    assert cell.outputs[1]["data"]["text/plain"] == "saved as talk.srt"
    assert (files / "talk.srt").read_text() == served.names["said"].srt
    cell = served.run("%nexhina transcribe talk.wav --words -o said")
    assert WORD in [word.word for word in served.names["said"].words]
    assert cell.data["text/plain"].split()[:3] == ["start", "end", "word"]
    cell = served.run("%nexhina transcribe talk.wav --format segments -o said --save talk.json")
    assert cell.data["text/plain"].split()[:3] == ["start", "end", "text"]
    assert served.names["said"].segments
    assert json.loads((files / "talk.json").read_text())["segments"]


def test_a_model_that_tells_no_times(online: Notebook, server: MockServer, files: Path) -> None:
    for form in ("srt", "segments"):
        server.play(as_json({"text": "said"}))
        cell = online.run(f"%nexhina transcribe talk.wav --format {form} -o said")
        assert cell.error is None
        shown = [output["data"]["text/plain"] for output in cell.outputs]
        assert shown == ["said", "[the model told no times]"]
    server.play(as_json({"text": "said"}))
    cell = online.run("%nexhina transcribe talk.wav --save talk.srt -o other")
    assert "the transcript tells no times" in cell.line
    assert online.names["other"].text == "said"


def test_silence_is_said_to_be_silence(served: Notebook) -> None:
    served.names["quiet"] = silence(1)
    assert served.run("%nexhina transcribe quiet").data == {"text/plain": "(no speech was heard)"}


def test_a_recording_is_translated(served: Notebook, files: Path) -> None:
    cell = served.run("%nexhina translate talk.wav --format srt -o said --save said")
    assert cell.error is None
    assert WORD in served.names["said"].text
    assert " --> " in cell.data["text/plain"]
    assert (files / "said.txt").read_text().strip() == served.names["said"].text


def test_a_text_that_breaks_off_is_kept(online: Notebook, server: MockServer, files: Path) -> None:
    server.play(events({"type": "transcript.text.delta", "delta": "half "}, cut=True))
    cell = online.run("%nexhina transcribe talk.wav -o said")
    assert isinstance(cell.error, StreamBroken)
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["half ", "[broken off]"]
    assert online.names["said"].text == "half "
    sent = server.seen[-1].body
    assert b'name="stream"' in sent
    assert b"RIFF" in sent


def test_no_stream_asks_for_the_whole(online: Notebook, server: MockServer, files: Path) -> None:
    server.play(as_json({"text": "whole"}))
    cell = online.run("%nexhina transcribe talk.wav --no-stream --prompt Ada --language de")
    assert cell.data["text/plain"] == "whole"
    sent = server.seen[-1].body
    assert b'name="stream"' not in sent
    assert b"Ada" in sent
    assert b"verbose_json" in sent


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_column_of_paths(
    online: Notebook,
    server: MockServer,
    files: Path,
    kind: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEXHINA_MAX_CONCURRENCY", "1")
    paths = ["talk.wav", "nix.wav", None, "copy.wav", "my talk.wav", "fake.mp3"]
    online.names["df"] = kind({"path": paths, "n": range(6)})
    heard = [as_json({"text": text}, **{"X-Nexhina-Quota": "2"}) for text in ("one", "two")]
    server.play(*heard, error(415, "unsupported", "no sound"))
    cell = online.run("%nexhina transcribe --from df --column path -o texts")
    assert cell.error is None
    assert len(server.seen) == 3  # equal recordings once, and none for what is not there
    made = online.names["texts"]
    assert type(made) is kind
    assert list(made.columns) == ["path", "n", "text", "transcribe_error"]
    none = None if kind is pl.DataFrame else pytest.approx(float("nan"), nan_ok=True)
    assert made["text"].to_list() == ["one", none, none, "one", "two", none]
    why = made["transcribe_error"].to_list()
    assert why[1].startswith("BadInput: there is no file nix.wav")
    assert (why[2], why[5]) == ("missing: there is no path", "unsupported: no sound")
    said = 'texts: 6 rows, "text" holds what was said; 3 of 6 rows failed, "transcribe_error" says '
    assert cell.data["text/plain"].startswith(said)
    assert cell.facts["cost"]["quota"] == 4
    server.play(error(415, "unsupported", "no sound"))
    cell = online.run("%nexhina transcribe --from df --column path")
    assert len(server.seen) == 4  # only what had no answer
    assert cell.facts["cost"]["quota"] == 0
    assert cell.facts["cached"] == 3
    said = "3 of 6 rows from the cache; 3 of 6 rows failed"
    assert cell.outputs[1]["data"]["text/plain"].startswith(said)
    server.play(*heard, error(415, "unsupported", "no sound"))
    online.run("%nexhina transcribe --from df --column path --no-cache")
    assert len(server.seen) == 7


def test_what_was_heard_before_an_error_is_kept(
    online: Notebook, server: MockServer, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_MAX_CONCURRENCY", "1")
    online.names["df"] = pl.DataFrame({"path": ["talk.wav", "my talk.wav"]})
    server.play(as_json({"text": "one"}), error(401, "invalid_api_key"))
    cell = online.run("%nexhina translate --from df --column path -o texts")
    assert isinstance(cell.error, NexhinaError)
    assert online.names["texts"]["text"].to_list() == ["one", None]
    assert online.names["texts"]["translate_error"][1] == "not_done: the batch was stopped before"


def test_prices(online: Notebook, server: MockServer, files: Path) -> None:
    online.names.update(minute=silence(60), df=pd.DataFrame({"path": ["talk.wav", "copy.wav"]}))
    online.run("%nexhina transcribe minute -m whisper-1 --dry-run -o e")
    assert online.names["e"].amount == "60 s"
    assert online.names["e"].usd[0] == Decimal("0.006")
    online.run("%nexhina translate --from df --column path --dry-run -o e")
    seconds = float(online.names["e"].amount.split()[0])
    assert 1 < seconds < 6
    cell = online.run("%nexhina translate --from df --column path -m whisper-1 --budget 0.0001")
    assert "this batch may cost $0.000" in cell.line
    online.names["df"] = pd.DataFrame({"path": ["talk.wav", "fake.mp3"]})
    cell = online.run("%nexhina translate --from df --column path --budget 1")
    assert "it is not known how long all recordings are" in cell.line
    cell = online.run("%nexhina transcribe minute -m whisper-1 --budget 0.001")
    assert "this call may cost $0.006, the budget is $0.001" in cell.line
    cell = online.run("%nexhina transcribe fake.mp3 --budget 1")
    assert "the length of the recording is not known" in cell.line
    online.run("%%nexhina speak -m tts-1 --dry-run -o e\nHello")
    assert online.names["e"].amount == "5 characters"
    cell = online.run("%%nexhina speak -m tts-1 --budget 0.00001\nHello")
    assert "nothing was sent" in cell.line
    assert {request.method for request in server.seen} <= {"GET"}  # prices are asked for


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("transcribe", "transcribe needs a FILE → a path, or a variable; or --from FRAME"),
        ("transcribe tlak.wav", "there is no file tlak.wav → did you mean talk.wav"),
        ("transcribe nowhere/talk.wav", "there is no folder nowhere"),
        ("transcribe folder", "folder is a folder → name a file in it"),
        ("transcribe empty.wav", "empty.wav is empty → name a recording"),
        ("transcribe notes.txt", "notes.txt is no sound but text"),
        ("transcribe text.wav", "text.wav is no sound but text"),
        ("transcribe df", "a DataFrame is no recording"),
        ("transcribe https://x.example/a.mp3", "a link is no recording"),
        ("transcribe my talk.wav", "put a path with blanks into quotes"),
        ("transcribe talk.wav --format xml", "--format cannot be 'xml'"),
        ("transcribe talk.wav --save a.doc", "--save cannot write a.doc"),
        ("transcribe talk.wav --save nix/a.txt", "there is no folder nix"),
        ("transcribe --column path", "--column needs --from"),
        ("transcribe talk.wav --from df --column path", "a FILE and --from do not go together"),
        ("transcribe --from df --column path --save a.srt", "--save and --from do not go"),
        ("transcribe --from df --column path --words", "--words and --from do not go"),
        ("transcribe --from df --column nix", "df has no column 'nix'"),
        ("transcribe --from df --column n", "the column 'n' holds no paths"),
        ("translate talk.wav --language de", "translate has no option --language"),
        ("translate nix.wav", "there is no file nix.wav"),
    ],
)
def test_what_cannot_be_heard_is_said(
    online: Notebook, server: MockServer, files: Path, code: str, said: str
) -> None:
    online.names["df"] = pd.DataFrame({"path": ["talk.wav"], "n": [1]})
    cell = online.run(f"%nexhina {code}")
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "the text is empty → write what to say below the first line"),
        ("--speed 9\nx", "'speed' must be less than or equal to 4"),
        ("--speed fast\nx", "--speed cannot be 'fast' → it takes a number"),
        ("--format midi\nx", "--format cannot be 'midi'"),
        ("--save x.midi\nx", "--save cannot write x.midi"),
        ("--save x.ogg --format mp3\nx", "x.ogg is the name of opus, --format asks for mp3"),
        ("--save folder\nx", "--save cannot write folder: it is a folder"),
        (f"\n{'x' * 4097}", "'input' "),
    ],
)
def test_what_cannot_be_said_is_said(
    online: Notebook, server: MockServer, files: Path, code: str, said: str
) -> None:
    cell = online.run(f"%%nexhina speak {code}")
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []


def test_what_only_sounds_like_a_recording_is_refused_by_the_gateway(
    served: Notebook, files: Path
) -> None:
    cell = served.run("%nexhina transcribe fake.mp3")
    assert isinstance(cell.error, BadRequest)
    assert "cannot be read as sound" in cell.line
