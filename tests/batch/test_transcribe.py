"""`nx.transcribe`: a column of paths, each different recording heard once."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import threading
import time
import wave
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.client import Client
from nexhina_nb.client.texts import is_missing
from nexhina_nb.tabular.rows import over_rows
from nexhina_nb.tabular.transcripts import Translate
from tests.batch.upstream import Upstream, error, heard, interrupt, serve
from tests.conftest import RunningGateway
from tests.magics.kernels import environment

GOOD = {"a.wav": 1, "b.wav": 2, "copy of a.wav": 1, "c.mp3": 3}
# Path → how its reason begins.
BAD = {
    "nix.wav": "BadInput: there is no file nix.wav",
    "nix/a.wav": "BadInput: there is no file nix/a.wav",
    "a.wav/b.wav": "BadInput: there is no file a.wav/b.wav",
    "folder": "BadInput: folder is a folder",
    "empty.wav": "BadInput: empty.wav is empty",
    "notes.txt": "BadInput: notes.txt is no sound but text",
    "picture.png": "BadInput: picture.png is no sound but image/png",
    "https://x.example/a.wav": "BadInput: a link is no recording",
    "x" * 300: f"BadInput: {'x' * 300} cannot be read",
    "~nobody-of-this-name/a.wav": "BadInput: ~nobody-of-this-name/a.wav cannot be read",
    "": "empty: the path is empty",
}
PATHS = st.lists(st.none() | st.sampled_from([*GOOD, *BAD]), max_size=10)
KINDS = st.sampled_from(["pandas", "paths", "polars", "lazy", "pyarrow"])


def sound(number: int, seconds: float = 0.1) -> bytes:
    """A small recording; each number has one of its own."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(number.to_bytes(2, "little") * int(seconds * 16_000))
    return buffer.getvalue()


def enormous(path: Path, gigabytes: int) -> None:
    """A recording that takes no room, since it is almost all zeros."""
    path.write_bytes(sound(1))
    os.truncate(path, gigabytes << 30)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with recordings and other things in it."""
    monkeypatch.chdir(tmp_path)
    for name, number in GOOD.items():
        (tmp_path / name).write_bytes(sound(number))
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.wav").touch()
    (tmp_path / "notes.txt").write_text("Grüß dich\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    return tmp_path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A client for many examples, and a folder for their answers."""
    with serve() as upstream, Client(upstream.base_url, "sk-test") as client:
        yield client, tmp_path_factory.mktemp("answers")
        assert set(upstream.sent.values()) == {1}


def frame_of(kind: str, paths: list[Any]) -> Any:
    """The paths as a frame of a kind, with an odd index where there is one, and another column."""
    rows = list(range(len(paths)))
    if kind in ("pandas", "paths"):
        index = pd.Index([7] * len(paths))
        if kind == "paths":
            paths = [Path(path) if path else path for path in paths]
        column = pd.Series(paths, dtype=object, index=index)
        return pd.DataFrame({"path": column, "n": rows}, index=index)
    if kind == "pyarrow":
        return pa.table({"path": pa.array(paths, pa.string()), "n": rows})
    made = pl.DataFrame({"path": paths, "n": rows}, schema={"path": pl.String, "n": pl.Int64})
    return made.lazy() if kind == "lazy" else made


def column(frame: Any, name: str) -> list[Any]:
    """The values of a column, whatever the frame; all missing if there is none."""
    made = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    table = nw.from_native(made, eager_only=True)
    values = table[name].to_list() if name in table.columns else [None] * len(table)
    return [None if is_missing(value) else value for value in values]


def check(paths: list[Any], made: Any) -> None:
    """Every recording has its text; what cannot be heard has none, and says why."""
    why = column(made, "transcribe_error")
    for path, text, reason in zip(paths, column(made, "text"), why, strict=True):
        if path in GOOD:
            assert (text, reason) == (heard(sound(GOOD[path])), None)
        else:
            assert text is None
            # pathlib writes an address with one slash.
            assert reason.startswith((BAD.get(path, "missing: there is no path"), "BadInput: "))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, KINDS)
def test_frames(shared: tuple[Client, Path], paths: list[Any], kind: str) -> None:
    client, answers = shared
    frame = frame_of(kind, paths)
    for _ in range(2):  # the second time from the disk
        made = nx.transcribe(frame, "path", client=client, cache=answers, progress=False)
        assert type(made) is type(frame)
        check(paths, made)
        assert column(made, "n") == list(range(len(paths)))
        if isinstance(frame, pd.DataFrame):
            pd.testing.assert_index_equal(made.index, frame.index)
            pd.testing.assert_frame_equal(made[["path", "n"]], frame)
        elif kind != "pyarrow":
            assert made.lazy().collect_schema()["text"] == pl.String


def test_what_is_wrong_is_said(upstream: Upstream, client: Client) -> None:
    paths: list[Any] = [*BAD, None]
    why = column(
        nx.transcribe(frame_of("polars", paths), "path", client=client), "transcribe_error"
    )
    assert upstream.requests == 0
    for reason, begins in zip(why, [*BAD.values(), "missing: there is no path"], strict=True):
        assert reason.startswith(begins)


def test_what_is_no_path(client: Client) -> None:
    frame = pd.DataFrame({"path": ["a.wav", 3, b"a.wav", float("nan"), "a.wav\0"]}, dtype=object)
    assert column(nx.transcribe(frame, "path", client=client), "transcribe_error")[1:] == [
        "not_a_path: an int stands where a path should",
        "not_a_path: a bytes stands where a path should",
        "missing: there is no path",
        "BadInput: a.wav\0 cannot be read: embedded null byte",
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_a_pipe_is_not_read(client: Client) -> None:
    os.mkfifo("pipe.wav")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("socket.wav")
        frame = frame_of("polars", ["pipe.wav", "socket.wav", "/dev/zero"])
        why = column(nx.transcribe(frame, "path", client=client), "transcribe_error")
    assert [reason.partition(" is ")[2] for reason in why] == ["no ordinary file"] * 3


def test_equal_recordings_are_heard_once(upstream: Upstream, client: Client, folder: Path) -> None:
    frame = frame_of("polars", ["a.wav", "copy of a.wav", "a.wav", "./a.wav", "b.wav"])
    made = nx.transcribe(frame, "path", client=client)
    assert upstream.requests == 2
    assert len(set(column(made, "text"))) == 2
    (folder / "a.wav").rename(folder / "moved.wav")
    made = nx.transcribe(frame_of("pandas", ["moved.wav", "b.wav"]), "path", client=client)
    assert upstream.requests == 2
    assert column(made, "text") == [heard(sound(1)), heard(sound(2))]
    (folder / "b.wav").write_bytes(sound(9))
    made = nx.transcribe(frame_of("pandas", ["b.wav"]), "path", client=client)
    assert column(made, "text") == [heard(sound(9))]


def test_what_is_asked_is_part_of_the_name(upstream: Upstream, client: Client) -> None:
    frame = frame_of("polars", ["a.wav"])
    ways: list[Any] = [
        {}, {"language": "de"}, {"prompt": "Ada"}, {"temperature": 0.5}, {"model": "m"},
        {"cache": False},
    ]  # fmt: skip
    for way in ways:
        nx.transcribe(frame, "path", client=client, **way)
        nx.transcribe(frame, "path", client=client, **way)
    assert upstream.requests == len(ways) + 1
    sent = [{**body, "file": None} for body in upstream.bodies[:4]]
    plain = {
        "model": "local/transcribe", "response_format": "json", "file": None, "filename": "a.wav"
    }  # fmt: skip
    assert sent == [
        plain,
        {**plain, "language": "de"},
        {**plain, "prompt": "Ada"},
        {**plain, "temperature": "0.5"},
    ]


def test_home_and_a_column_of_another_name(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    frame = pd.DataFrame({"file": ["~/a.wav"], "text": ["kept"]})
    made = nx.transcribe(frame, "file", into="said", client=client)
    assert made["said"].tolist() == [heard(sound(1))]
    assert made["text"].tolist() == ["kept"]


def test_names_that_no_form_can_carry(upstream: Upstream, client: Client, folder: Path) -> None:
    name = os.fsdecode(b"\xff.wav")
    try:
        (folder / name).write_bytes(sound(1))
    except OSError:
        pytest.skip("this file system takes no such names")
    made = nx.transcribe(pd.DataFrame({"path": [name]}, dtype=object), "path", client=client)
    assert column(made, "text") == [heard(sound(1))]
    assert upstream.bodies[0]["filename"] == "?.wav"


def test_only_as_many_files_are_open_as_calls_are_under_way(
    upstream: Upstream, client: Client, folder: Path
) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files cannot be counted here")
    most: Counter[str] = Counter()

    def count(seen: Upstream) -> None:
        names = []
        for entry in Path("/proc/self/fd").iterdir():
            try:
                names.append(str(entry.readlink()))
            except OSError:
                continue
        most["open"] = max(most["open"], sum(name.startswith(str(folder)) for name in names))

    upstream.on_answer = count
    upstream.faults.latency = 0.01
    for number in range(40):
        (folder / f"{number}.wav").write_bytes(sound(number))
    paths = [f"{number}.wav" for number in range(40)]
    options: Any = {"client": client, "max_concurrency": 3, "cache": False}
    made = nx.transcribe(frame_of("polars", paths), "path", **options)
    assert column(made, "text") == [heard(sound(number)) for number in range(40)]
    assert 1 <= most["open"] <= 3


def test_a_file_that_changes_under_way(upstream: Upstream, client: Client, folder: Path) -> None:
    def change(seen: Upstream) -> None:
        (folder / "b.wav").write_bytes(sound(7, seconds=0.2))
        (folder / "c.mp3").unlink(missing_ok=True)

    upstream.on_answer = change
    options: Any = {"client": client, "max_concurrency": 1}
    frame = frame_of("polars", ["a.wav", "b.wav", "c.mp3"])
    made = nx.transcribe(frame, "path", **options)
    assert column(made, "text") == [heard(sound(1)), None, None]
    why = made["transcribe_error"].to_list()
    assert why[1].endswith("b.wav has changed since the batch began")
    assert "c.mp3 cannot be read any more: " in why[2]
    assert all(reason.startswith("Changed: ") for reason in why[1:])
    made = nx.transcribe(frame[:2], "path", **options)
    assert column(made, "text") == [heard(sound(1)), heard(sound(7, seconds=0.2))]


@pytest.mark.parametrize(("status", "code"), [(415, "unsupported_media_type"), (413, "too_big")])
def test_what_the_gateway_refuses(
    upstream: Upstream, client: Client, status: int, code: str
) -> None:
    upstream.faults.answer = lambda body: (
        (status, {}, error(code, "not this one")) if body["file"] == sound(1) else None
    )
    made = nx.transcribe(frame_of("polars", ["a.wav", "b.wav"]), "path", client=client)
    assert column(made, "transcribe_error") == [f"{code}: not this one", None]
    with pytest.raises(errors.BatchFailed) as caught:
        nx.transcribe(frame_of("polars", ["a.wav"]), "path", client=client, errors="raise")
    assert column(caught.value.partial, "text") == [None]


def test_what_ends_the_batch(upstream: Upstream, client: Client) -> None:
    upstream.faults.answer = lambda body: (
        (401, {}, error("invalid_api_key", "no")) if body.get("file") == sound(2) else None
    )
    frame = frame_of("polars", ["a.wav", "b.wav", "c.mp3"])
    with pytest.raises(errors.Authentication) as caught:
        nx.transcribe(frame, "path", client=client, max_concurrency=1)
    assert column(caught.value.partial, "text") == [heard(sound(1)), None, None]


def test_tries_that_fail_read_the_file_again(upstream: Upstream, client: Client) -> None:
    upstream.faults.busy, upstream.faults.broken = 0.4, 0.2
    paths = ["a.wav", "b.wav", "c.mp3"] * 2
    check(paths, nx.transcribe(frame_of("polars", paths), "path", client=client))


def test_an_interrupt_keeps_what_is_done(upstream: Upstream, client: Client) -> None:
    def interrupt_once(seen: Upstream) -> None:
        if len(seen.answered) == 2:
            seen.on_answer, seen.faults.latency = (lambda _: None), 30.0
            interrupt()

    upstream.on_answer = interrupt_once
    frame = frame_of("polars", ["a.wav", "b.wav", "c.mp3"])
    with pytest.raises(errors.Stopped, match="run it again to go on") as caught:
        nx.transcribe(frame, "path", client=client, max_concurrency=1)
    assert column(caught.value.partial, "text")[0] == heard(sound(1))
    assert column(caught.value.partial, "text")[2] is None
    upstream.faults.latency = 0.0
    check(["a.wav", "b.wav", "c.mp3"], nx.transcribe(frame, "path", client=client))
    assert upstream.sent[heard(sound(1))] == 1


def test_reading_can_be_interrupted(upstream: Upstream, client: Client, folder: Path) -> None:
    enormous(folder / "long.wav", gigabytes=200)  # minutes, if it were read to its end
    began: list[float] = []

    def stop() -> None:
        began.append(time.monotonic())
        interrupt()

    timer = threading.Timer(0.3, stop)
    timer.start()
    with pytest.raises(errors.Stopped, match="while it read the recordings, before any was sent"):
        nx.transcribe(frame_of("polars", ["a.wav", "long.wav"]), "path", client=client)
    assert time.monotonic() - began[0] < 1.0
    timer.join()
    assert upstream.requests == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("progress", [True, False])
def test_reading_is_shown_if_it_takes_long(folder: Path, progress: bool) -> None:
    import pty

    enormous(folder / "long.wav", gigabytes=200)
    program = (
        "import os, signal, threading, pandas as pd, nexhina_nb as nx\n"
        "threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "frame = pd.DataFrame({'path': ['a.wav', 'b.wav', 'long.wav']})\n"
        f"nx.transcribe(frame, 'path', client=nx.Client('http://x', 'k'), progress={progress})"
    )
    ours, theirs = pty.openpty()
    env = environment(folder / "home", TERM="xterm", COLUMNS="120")
    done = subprocess.Popen([sys.executable, "-c", program], env=env, stderr=theirs)
    os.close(theirs)
    written = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    assert done.wait(30) != 0
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written)
    assert bool(re.search(r"reading recordings .*━.* 2 / 3", plain)) is progress
    assert ("■ reading recordings stopped · 2 of 3 rows" in plain) is progress


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side has closed it
        return b""


def test_nothing_is_sent_before_a_lazy_frame_is_collected(
    upstream: Upstream, client: Client
) -> None:
    lazy = nx.transcribe(frame_of("lazy", ["a.wav", "b.wav", "nix.wav"]), "path", client=client)
    assert lazy.collect_schema()["text"] == pl.String
    assert upstream.requests == 0
    check(["a.wav"], lazy.filter(pl.col("path") == "a.wav").collect())
    assert upstream.requests == 1


def test_the_price_before(upstream: Upstream, client: Client, folder: Path) -> None:
    (folder / "minute.wav").write_bytes(sound(5, seconds=60))
    (folder / "other.wav").write_bytes(sound(6, seconds=30))
    frame = frame_of("polars", ["minute.wav", "minute.wav", "other.wav", "nix.wav"])
    options: Any = {"client": client, "model": "whisper-1"}
    estimate = nx.transcribe(frame, "path", dry_run=True, **options)
    assert (estimate.verb, estimate.amount) == ("transcribe", "90 s")
    assert estimate.usd[0] == Decimal("0.009")
    assert nx.transcribe(frame.lazy(), "path", dry_run=True, **options) == estimate
    assert nx.estimate("transcribe", frame, column="path", **options) == estimate
    with pytest.raises(errors.BudgetExceeded, match="this batch may cost"):
        nx.transcribe(frame, "path", budget="0.008", **options)
    (folder / "fake.mp3").write_bytes(b"ID3" + bytes(200))
    fake = frame_of("polars", ["fake.mp3", "other.wav"])
    unknown = nx.transcribe(fake, "path", dry_run=True, **options)
    assert (unknown.amount, unknown.usd) == ("of unknown length", None)
    with pytest.raises(errors.BudgetExceeded, match="not known how long"):
        nx.transcribe(fake, "path", budget=1, **options)
    assert not [body for body in upstream.bodies if body]
    nx.transcribe(frame, "path", budget="0.009", **options)
    done = nx.transcribe(frame, "path", dry_run=True, **options)
    assert (done.input_tokens, done.quota) == (0, (0, 0))
    nx.transcribe(frame, "path", budget=0, **options)


@pytest.mark.parametrize(
    ("frame", "column", "options", "said"),
    [
        (pl.DataFrame({"path": ["a"]}), "paths", {}, "no column 'paths' → did you mean path?"),
        (pl.DataFrame({"n": [1]}), "n", {}, "the column 'n' holds no paths but int"),
        (pl.DataFrame({"text": ["a"]}), "text", {}, "'text', which is read, would be overwritten"),
        (pl.DataFrame({"path": ["a"]}), "path", {"into": 3}, "into cannot be 3"),
        (pl.DataFrame({"path": ["a"]}), "path", {"into": "transcribe_error"}, "into cannot be"),
        (pl.DataFrame({"path": ["a.wav"]}), "path", {"temperature": 7}, "'temperature' must be"),
        (pl.DataFrame({"path": ["a.wav"]}), "path", {"language": 7}, "'language' must be"),
    ],
)
def test_what_cannot_be_used_is_said(
    upstream: Upstream, client: Client, frame: Any, column: str, options: Any, said: str
) -> None:
    with pytest.raises(errors.BadInput) as caught:
        nx.transcribe(frame, column, client=client, **options)
    assert said in str(caught.value)
    assert upstream.requests == 0


def test_translating_is_the_same_in_english(upstream: Upstream, client: Client) -> None:
    frame = frame_of("polars", ["a.wav", "nix.wav"])
    outcome = over_rows(Translate("path", prompt="Ada"), frame, Options(client=client))
    assert isinstance(outcome, Outcome)
    assert list(outcome.frame.columns) == ["path", "n", "text", "translate_error"]
    assert column(outcome.frame, "text") == [heard(sound(1)), None]
    assert outcome.cost.quota == 3


def test_with_the_real_gateway(shared_gateway: RunningGateway, folder: Path) -> None:
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        client.speak("Good morning everybody. Open the door.", format="wav").save("talk.wav")
        client.speak("The sea is calm.", format="mp3").save("sea.mp3")
        (folder / "fake.mp3").write_bytes(b"ID3" + bytes(200))
        frame = pd.DataFrame({"path": [Path("talk.wav"), Path("fake.mp3"), Path("sea.mp3")]})
        made = nx.transcribe(frame, "path", client=client)
        again = nx.transcribe(frame[["path"]].iloc[[2, 0]], "path", client=client)
        alone = client.transcribe("talk.wav")
    assert made["text"][0] == alone.text
    assert "door" in made["text"][0]
    assert isinstance(made["text"][2], str)
    assert column(made, "text")[1] is None
    assert made["transcribe_error"][1].startswith("invalid_value: ")
    assert again["text"].to_dict() == {2: made["text"][2], 0: made["text"][0]}


def test_the_estimate_is_the_bill(shared_gateway: RunningGateway, folder: Path) -> None:
    for number in range(3):
        (folder / f"{number}.wav").write_bytes(sound(number, seconds=0.7 + number))
    frame = frame_of("pandas", ["0.wav", "1.wav", "2.wav", "0.wav"])
    with Client(shared_gateway.base_url, shared_gateway.key) as client, nx.budget(1) as kept:
        estimate = nx.transcribe(frame, "path", client=client, dry_run=True)
        assert kept.spent == 0
        made = nx.transcribe(frame, "path", client=client)
    assert column(made, "transcribe_error") == [None] * 4
    assert estimate.amount == "5.1 s"
    assert estimate.usd == (kept.spent, kept.spent)
