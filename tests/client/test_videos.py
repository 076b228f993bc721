"""The verb video and its jobs, blocking and awaited."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, Client, VideoJob, VideoStatus, core
from nexhina_nb.client.waiting import Waiting
from tests.client.flows import answer, drive, session
from tests.client.mock_server import MockServer, Play, as_json, error
from tests.client.test_pictures import parts, png

FILM = b"\0\0\0\x18ftypmp42" + bytes(100)


def state(status: str = "queued", progress: Any = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": "task_1", "task_id": "task_1", "object": "video", "model": "local/video",
        "status": status, "progress": progress, "created_at": 1,
    } | more  # fmt: skip


def tell(status: str = "queued", progress: Any = 0, **more: Any) -> Play:
    return as_json(state(status, progress, **more), **{"Retry-After": "0"})


def film(data: bytes = FILM, **more: Any) -> Play:
    return Play(data, content_type="video/mp4", **more)


FAILED = {"status": "failed", "error": {"code": "content_policy_violation", "message": "not that"}}


def started(server: MockServer, client: Client) -> VideoJob:
    server.play(as_json(state(), **{"X-Nexhina-Quota": "50"}))
    return client.video("a red kite")


def test_from_prompt_to_file(server: MockServer, client: Client, tmp_path: Path) -> None:
    job = started(server, client)
    assert server.seen[0].json == {"prompt": "a red kite", "model": "local/video"}
    assert (job.id, job.status, job.progress, job.done) == ("task_1", "queued", 0, False)
    assert repr(job) == "<VideoJob task_1, queued, 0 %, local/video>"
    server.play(tell("in_progress", "10%"))
    shown = job._repr_mimebundle_()[0]  # it looks before it shows
    assert shown["text/plain"] == "video task_1: in progress, 10 %"
    assert '<progress max="100" value="10">' in shown["text/html"]
    seen: list[VideoStatus] = []
    server.play(tell(), tell("in_progress", "40%"), tell("completed"), film())
    assert job.wait(report=seen.append) is job
    assert [(row.status, row.progress) for row in seen] == [
        ("queued", 0), ("in_progress", 40), ("completed", 100)
    ]  # fmt: skip
    assert str(seen[1]) == "video task_1: in progress, 40 %"
    assert (job.cost.quota, job.model, job.usage, job.error) == (50, "local/video", None, None)
    assert (job.raw.status, job.request_id) == ("completed", None)
    assert job.save(tmp_path / "kite") == tmp_path / "kite.mp4"
    assert (tmp_path / "kite.mp4").read_bytes() == FILM
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ""] == ["kite.mp4"]
    with pytest.raises(errors.BadInput):
        job.save(tmp_path / "kite.gif")
    assert [f"{row.method} {row.path}" for row in server.seen] == [
        "POST /v1/videos", *["GET /v1/videos/task_1"] * 4, "GET /v1/videos/task_1/content"
    ]  # fmt: skip


def test_every_argument(server: MockServer, client: Client) -> None:
    server.play(*[as_json(state())] * 3)
    client.video("x", model="m", seconds=4, size="1280x720", seed=3, fps=12)
    assert server.seen[0].json == {
        "prompt": "x", "model": "m", "seconds": "4", "size": "1280x720", "seed": 3, "fps": 12
    }  # fmt: skip
    client.video("x", image="https://x/y.png", seconds="8")
    assert server.seen[1].json["image"] == "https://x/y.png"
    client.video("x", image=png(), seconds=4.0)
    form = parts(server.seen[2])
    assert form["input_reference"] == [("picture.png", png())]
    assert form["seconds"] == [(None, b"4")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "prompt"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 4000}, "seconds"),
        ({"size": "1×1"}, "letter x"),
        ({"image": b"junk"}, "picture"),
    ],
)
def test_bad_input(options: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.BadInput, match=words):
        next(core.video(session(), **({"prompt": "x"} | options)))
    with pytest.raises(errors.BadInput, match="no video"):
        next(core.video_job(session(), ""))


def test_a_failed_job(server: MockServer, client: Client) -> None:
    job = started(server, client)
    server.play(tell("failed", **{k: v for k, v in FAILED.items() if k != "status"}))
    with pytest.raises(errors.BadRequest, match="video task_1 failed: not that"):
        job.wait()
    assert job.status == "failed"
    assert isinstance(job.error, errors.BadRequest)
    assert "not that" in job._repr_mimebundle_()[0]["text/plain"]
    with pytest.raises(errors.BadRequest, match="not that"):
        _ = job.video
    server.play(tell("failed"), tell("failed"))
    with pytest.raises(errors.InternalError, match="could not be made"):
        client.video_job("task_1").wait()


def test_coming_back_and_what_else_can_be_done(
    server: MockServer, client: Client, tmp_path: Path
) -> None:
    server.play(tell("in_progress", 10), tell("in_progress", 20), tell("in_progress", 20))
    job = client.video_job("task_1")
    assert job.progress == 10
    assert job.refresh().latest.progress == 20
    with pytest.raises(errors.NexhinaError, match=r"20 % → wait\(\)"):
        job.save(tmp_path / "x.mp4")
    server.play(tell("completed"), film(), as_json(state(id="task_2")), as_json({"deleted": True}))
    assert job.video == job.video == FILM
    other = job.remix("bluer")
    assert (other.id, server.seen[-1].path) == ("task_2", "/v1/videos/task_1/remix")
    assert server.seen[-1].json == {"prompt": "bluer"}
    other.delete()
    assert (server.seen[-1].method, server.seen[-1].path) == ("DELETE", "/v1/videos/task_2")
    shown = job._repr_mimebundle_()[0]
    assert shown["text/html"].startswith('<video controls style="max-width:100%" src="data:video/')
    server.play(error(404, "task_not_exist"))
    with pytest.raises(errors.NotFound):
        client.video_job("task_9")


def test_the_player_fetches_the_film(server: MockServer, client: Client) -> None:
    server.play(tell("completed"), film())
    assert "<video" in client.video_job("task_1")._repr_mimebundle_()[0]["text/html"]
    server.play(tell("completed"), error(404, None, "gone"))
    shown = client.video_job("task_1")._repr_mimebundle_()[0]
    assert shown == {"text/plain": "video task_1: completed (gone)"}
    server.play(tell("completed"), film(bytes(17 << 20)))
    shown = client.video_job("task_1")._repr_mimebundle_()[0]
    assert "too large to be shown" in shown["text/plain"]


def test_a_film_that_breaks_leaves_no_file(
    server: MockServer, client: Client, tmp_path: Path
) -> None:
    server.play(tell("completed"), film(cut=True), film(cut=True))
    job = client.video_job("task_1")
    with pytest.raises(errors.ConnectionFailed, match="ask for it again"):
        job.save(tmp_path / "x.mp4")
    assert not list(tmp_path.glob("*x.mp4*"))
    with pytest.raises(errors.BadInput, match="cannot be written"):
        job.save(tmp_path / "no" / "x.mp4")


def test_waiting_has_an_end(server: MockServer, client: Client) -> None:
    job = started(server, client)
    server.play(*[as_json(state())] * 2)
    with pytest.raises(errors.TimedOut, match=r"queued, after 0.05 s → .*video_job\('task_1'\)"):
        job.wait(0.05)


@pytest.mark.skipif(os.name == "nt", reason="signals of this kind are POSIX")
def test_an_interrupt_ends_only_the_waiting(server: MockServer, client: Client) -> None:
    job = started(server, client)
    server.play(as_json(state("in_progress", 30), **{"Retry-After": "30"}))
    main = threading.main_thread().ident
    assert main is not None
    looked = threading.Event()

    def interrupt() -> None:
        looked.wait(5)
        time.sleep(0.2)  # until the pause has begun
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(errors.Stopped, match="goes on making it") as caught:
        job.wait(report=lambda status: looked.set())
    assert caught.value.partial.progress == 30


def test_both_styles_of_an_answer() -> None:
    task = {"id": 7, "task_id": "task_1", "status": "IN_PROGRESS", "progress": "55%"}
    inner = {"code": "success", "data": task}
    status, _ = drive(core.video_job(session(), "task_1"), answer(inner))
    assert (status.id, status.status, status.progress) == ("task_1", "in_progress", 55)
    lost = {"task_id": "task_1", "status": "FAILURE", "progress": "x", "fail_reason": "no room"}
    status, _ = drive(core.video_job(session(), "task_1"), answer({"data": lost}))
    assert status.error is not None
    assert "no room" in status.error.message
    for junk in ({}, state(status="?"), state(id=None, task_id=None)):
        with pytest.raises(errors.Upstream, match="no video"):
            drive(core.video_job(session(), "task_1"), answer(junk))
    body = {"error": {"message": "slow", "code": "rate_limit_exceeded"}}
    with pytest.raises(errors.RateLimited):
        drive(core.video(session(), "x"), answer(body))


def test_awaited(server: MockServer, tmp_path: Path) -> None:
    server.play(tell(), tell("in_progress", 5), tell("completed"), film(), film(cut=True))
    server.play(film(), tell(), as_json({}))

    async def main() -> None:
        async with AsyncClient(server.base_url, "sk-test") as client:
            job = await client.video("x")
            assert job._repr_mimebundle_()[0]["text/plain"] == "video task_1: queued"
            assert await (await job.refresh()).wait() is job
            assert "`await job.video` fetches it" in job._repr_mimebundle_()[0]["text/plain"]
            assert (await job.save(tmp_path / "x.mp4")).read_bytes() == FILM
            with pytest.raises(errors.ConnectionFailed):
                await job.video
            assert await job.video == await job.video == FILM
            assert "<video" in job._repr_mimebundle_()[0]["text/html"]
            other = await job.remix("y")
            await other.delete()
            assert repr(other) == "<AsyncVideoJob task_1, queued, 0 %, local/video>"

    asyncio.run(main())


def test_awaited_too_early(server: MockServer) -> None:
    server.play(tell(), tell("failed", error={"message": "no", "code": 500}))

    async def main() -> None:
        async with AsyncClient(server.base_url, "sk-test") as client:
            job = await client.video_job("task_1")
            with pytest.raises(errors.InternalError, match="no"):
                await job.video

    asyncio.run(main())


def test_pauses_grow_and_keep_to_the_time() -> None:
    waiting = Waiting(None)
    pauses = [waiting.pause(answer({})) for _ in range(12)]
    assert pauses[:3] == [0.25, 0.375, 0.5625]
    assert pauses[-1] == 10.0
    assert waiting.pause(answer({}, retry_after="3")) == 3.0
    short = Waiting(0.5)
    assert [short.pause(answer({})) for _ in range(3)] == [0.25, 0.25, None]
