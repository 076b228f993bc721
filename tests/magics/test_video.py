"""``video`` in a cell and in a line: a film is asked for, waited for, found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nexhina_nb.client import VideoJob
from nexhina_nb.errors import APIError, BadInput, ConnectionFailed, NotFound
from tests.client.mock_server import MockServer, Play, as_json
from tests.magics.conftest import Notebook

SMALL = "--seconds 1 --size 128x72"


def status(state: str, **more: Any) -> Play:
    """What a gateway says of a job."""
    return as_json({"id": "video_1", "object": "video", "model": "m", "status": state, **more})


def test_a_film_is_made_shown_and_saved(served: Notebook, tmp_path: Path) -> None:
    served.names["when"] = "morning"
    cell = served.run(f"%%nexhina video {SMALL} --seed 3 -o film --save film.mp4\nA {{{{when}}}}")
    assert cell.error is None
    assert cell.data["text/html"].startswith("<video controls")
    assert "data:video/mp4;base64," in cell.data["text/html"]
    assert cell.data["text/plain"].startswith("<video of ")
    assert cell.outputs[1]["data"]["text/plain"] == "saved as film.mp4"
    film = served.names["film"]
    assert isinstance(film, VideoJob)
    assert (film.status, film.video[4:8]) == ("completed", b"ftyp")
    assert (tmp_path / "film.mp4").read_bytes() == film.video
    assert served.magics.state.costs == [film.cost]
    for name in (film.id, "film"):
        again = served.run(f"%nexhina video {name} -o found --save again")
        assert again.error is None
        assert again.data["text/html"] == cell.data["text/html"]
        assert served.names["found"].id == film.id
        assert (tmp_path / "again.mp4").read_bytes() == film.video


def test_a_job_can_be_left_alone(served: Notebook) -> None:
    cell = served.run(f"%%nexhina video {SMALL} --no-wait -o film\nStars")
    assert cell.error is None
    assert cell.value is served.names["film"]
    assert cell.value.id in cell.data["text/plain"]
    assert "%nexhina video" in cell.data["text/plain"]
    assert served.run(f"%nexhina video {cell.value.id}").data["text/html"].startswith("<video")


def test_every_option_is_sent(online: Notebook, server: MockServer) -> None:
    server.play(status("queued"), status("queued"))
    cell = online.run(
        "%%nexhina video -m m --seconds 4 --size 640x360 --seed 7 "
        "--image https://x.example/a.png --no-wait\nStars"
    )
    assert cell.error is None
    order = next(row for row in server.seen if row.method == "POST")
    assert order.json == {
        "model": "m", "prompt": "Stars", "seconds": "4", "size": "640x360", "seed": 7,
        "image": "https://x.example/a.png",
    }  # fmt: skip


def test_how_far_a_job_is(online: Notebook, server: MockServer) -> None:
    server.play(status("in_progress", progress=40))
    cell = online.run("%nexhina video video_1 --no-wait -o job")
    assert (cell.value.progress, online.names["job"].status) == (40, "in_progress")
    assert cell.outputs == []


def test_a_film_that_fails_says_why(online: Notebook, server: MockServer) -> None:
    wrong = {"code": "bad_prompt", "message": "nothing to see"}
    server.play(status("queued"), status("failed", error=wrong))
    cell = online.run("%%nexhina video -o film\nStars")
    assert isinstance(cell.error, APIError)
    assert "video video_1 failed: nothing to see" in cell.line
    assert cell.data["text/plain"] == "video video_1: failed"
    assert online.names["film"].status == "failed"


def test_a_film_outlives_the_connection(online: Notebook, server: MockServer) -> None:
    online.run("%config Nexhina.max_retries = 0")
    server.play(status("queued"), Play(reset=True))
    cell = online.run("%%nexhina video -o film\nStars")
    assert isinstance(cell.error, ConnectionFailed)
    shown = [output["data"]["text/plain"] for output in cell.outputs]
    assert shown[0] == "video video_1: queued"
    assert shown[1].startswith("come back with %nexhina video video_1 or job = client.video_job(")


def test_a_job_that_is_not_there(served: Notebook) -> None:
    assert isinstance(served.run("%nexhina video task_nix").error, NotFound)


def test_prices(online: Notebook, server: MockServer) -> None:
    online.run("%%nexhina video -m sora-2 --seconds 8 --dry-run -o e\nStars")
    assert online.names["e"].amount == "8 s"
    eight = online.names["e"].usd[1]
    online.run("%%nexhina video -m sora-2 --seconds 4 --dry-run -o e\nStars")
    assert online.names["e"].usd[1] * 2 == eight
    cell = online.run("%%nexhina video -m sora-2 --seconds 8 --budget 0.1\nStars")
    assert "the budget is $0.1 → nothing was sent" in cell.line
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%%nexhina video", "the prompt is empty → write what to film below the first line"),
        ("%%nexhina video --seconds 0\nx", "'seconds' must be a whole number from 1"),
        ("%%nexhina video --seconds 1.5\nx", "--seconds cannot be '1.5' → it takes a whole number"),
        ("%%nexhina video --size big\nx", "--size cannot be 'big'"),
        ("%%nexhina video --image nix.png\nx", "picture nix.png cannot be read"),
        ("%%nexhina video --save x.avi\nx", "--save cannot write x.avi → end the name in .mp4"),
        ("%%nexhina video --save nix/x.mp4\nx", "there is no folder nix"),
        ("%%nexhina video video_1\nx", "video has no use for 'video_1'"),
        ("%nexhina video", "video needs the argument ID"),
        ("%nexhina video number", "number is no video but an int"),
        ("%nexhina video video_1 --seconds 4", "video has no option --seconds"),
        ("%nexhina video video_1 --save x.avi", "--save cannot write x.avi"),
    ],
)
def test_what_cannot_be_used_is_said(
    online: Notebook, server: MockServer, code: str, said: str
) -> None:
    online.names["number"] = 7
    cell = online.run(code)
    assert isinstance(cell.error, BadInput)
    assert said in cell.line
    assert server.seen == []
