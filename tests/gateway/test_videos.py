"""Videos: ordered in two styles, followed, downloaded, remixed, paid back when nothing comes."""

from __future__ import annotations

import io
import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import OpenAI
from PIL import Image

from nexhina_nb.gateway import tasks
from nexhina_nb.gateway.tasks.polling import State, read_state
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.prices import set_price
from nexhina_nb.store.tasks import Task, add_task
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway
from tests.gateway.film_server import FILM, FilmServer, film_server

# The SDK says so of OpenAI's own service; its calls are the form that others took over.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

MakeGateway = Callable[..., AbstractContextManager[RunningGateway]]
PRICE = Price.per_call_usd("0.01", unit="second")
DONE = {"status": "completed", "progress": 100}
ORDER = {"model": "sora-2", "prompt": "waves", "seconds": "4", "size": "720x1280"}


def route_to(gateway: RunningGateway, films: FilmServer, **options: Any) -> None:
    with gateway.store.writing() as connection:
        row = Channel(
            name=f"films {time.monotonic_ns()}", type="openai", models=("sora-2",),
            base_url=films.base_url, **options,
        )  # fmt: skip
        add_channel(connection, row)


def sdk(gateway: RunningGateway, key: str | None = None) -> OpenAI:
    return OpenAI(base_url=gateway.base_url, api_key=key or gateway.key, max_retries=0)


def get(
    gateway: RunningGateway, path: str, key: str | None = None, **options: Any
) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key or gateway.key}"} | options.pop("headers", {})
    return httpx2.get(gateway.base_url + path, headers=headers, **options)


def post(gateway: RunningGateway, path: str, key: str | None = None, **options: Any) -> Any:
    headers = {"authorization": f"Bearer {key or gateway.key}"}
    return httpx2.post(gateway.base_url + path, headers=headers, **options)


def until(
    gateway: RunningGateway, task: str, *statuses: str, key: str | None = None
) -> dict[str, Any]:
    for _ in range(600):
        found: dict[str, Any] = get(gateway, f"/videos/{task}", key).json()
        if found["status"] in statuses:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def wallet(gateway: RunningGateway, key: str) -> int:
    url = gateway.base_url.removesuffix("/v1") + "/api/usage/token"
    data = httpx2.get(url, headers={"authorization": f"Bearer {key}"}).json()["data"]
    return int(data["total_available"])


def test_the_sdk_orders_follows_and_downloads(gateway: RunningGateway) -> None:
    with film_server(
        {"status": "queued"}, {"status": "in_progress", "progress": 40}, DONE
    ) as films:
        route_to(gateway, films)
        client = sdk(gateway)
        order = client.videos.create(model="sora-2", prompt="waves", seconds="4", size="720x1280")
        assert order.id.startswith("task_")
        assert (order.status, order.seconds, order.size) == ("queued", "4", "720x1280")
        until(gateway, order.id, "completed")
        found = client.videos.retrieve(order.id)
        assert (found.status, found.progress) == ("completed", 100)
        assert client.videos.download_content(order.id).read() == FILM
        assert [row.id for row in client.videos.list()] == [order.id]
        assert client.videos.delete(order.id).deleted
        assert list(client.videos.list()) == []
    assert films.orders[0] == {
        "prompt": "waves",
        "seconds": "4",
        "size": "720x1280",
        "model": "sora-2",
    }
    assert all(gateway.key not in str(headers) for _, _, headers in films.seen)


def test_a_range_is_asked_of_the_upstream(gateway: RunningGateway) -> None:
    with film_server(DONE) as films:
        route_to(gateway, films)
        task = post(gateway, "/videos", json=ORDER).json()["id"]
        until(gateway, task, "completed")
        part = get(gateway, f"/videos/{task}/content", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, FILM[10:20])
    assert part.headers["cache-control"] == "public, max-age=86400"


def test_both_styles_know_the_same_video(gateway: RunningGateway) -> None:
    done = {"status": "SUCCESS", "progress": "100%", "result_url": "http://films.example/a.mp4"}
    with film_server(done, style="generations") as films:
        route_to(gateway, films)
        placed = post(gateway, "/video/generations", json={"duration": 5} | ORDER).json()
        assert placed["task_id"] == placed["id"]
        video = until(gateway, placed["id"], "completed")
        task = get(gateway, f"/video/generations/{placed['id']}").json()
        assert task["data"]["status"] == "SUCCESS"
        assert (task["status"], task["code"]) == ("completed", "success")
        assert task["data"]["result_url"] == video["url"]
        gone = get(gateway, f"/videos/{placed['id']}/content", follow_redirects=False)
        assert (gone.status_code, gone.headers["location"]) == (307, "http://films.example/a.mp4")


def test_the_price_is_taken_at_once_and_given_back_on_failure(gateway: RunningGateway) -> None:
    failed = {"status": "failed", "error": {"code": "moderation_blocked", "message": "not this"}}
    key = gateway.new_key(quota=5_000_000)
    with film_server({"status": "queued"}) as films:
        route_to(gateway, films)
        reply = post(gateway, "/videos", key, json=ORDER)
        price = int(reply.headers["x-nexhina-quota"])
        assert price == 4 * 50_000  # 0.10 USD a second
        assert wallet(gateway, key) == 5_000_000 - price
        films.states[:] = [failed]
        video = until(gateway, reply.json()["id"], "failed", key=key)
    assert video["error"] == {"code": "moderation_blocked", "message": "not this"}
    assert wallet(gateway, key) == 5_000_000
    with gateway.store.reading() as connection:
        assert verify(connection) == []
    rows = (
        sqlite3.connect(gateway.settings.home / "nexhina.db")
        .execute("select type, quota, other from logs order by id")
        .fetchall()
    )
    assert [(kind, amount) for kind, amount, _ in rows] == [(2, price), (6, price)]
    assert json.loads(rows[1][2])["task_id"] == video["id"]


def test_an_order_that_is_refused_costs_nothing_and_says_why(gateway: RunningGateway) -> None:
    key = gateway.new_key(quota=5_000_000)
    with film_server(DONE) as films:
        route_to(gateway, films)
        reply = post(gateway, "/videos", key, json=ORDER | {"prompt": "forbidden"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "moderation")
    assert reply.headers["retry-after"] == "7"
    assert wallet(gateway, key) == 5_000_000


def test_a_picture_reaches_the_upstream_as_it_was(gateway: RunningGateway) -> None:
    with film_server(DONE) as films:
        route_to(gateway, films)
        picture = ("start.png", io.BytesIO(b"not looked at here"), "image/png")
        sdk(gateway).videos.create(model="sora-2", prompt="waves", input_reference=picture)
    assert films.orders[0]["input_reference"] == b"not looked at here"
    assert films.orders[0]["model"] == "sora-2"


def test_a_remix_goes_to_the_channel_of_the_original(gateway: RunningGateway) -> None:
    with film_server(DONE) as films, film_server(DONE) as others:
        route_to(gateway, films, priority=5)
        first = sdk(gateway).videos.create(model="sora-2", prompt="waves", seconds="8")
        until(gateway, first.id, "completed")
        route_to(gateway, others, priority=9)
        time.sleep(1.1)  # until the new channel is seen
        second = sdk(gateway).videos.remix(first.id, prompt="at night")
        assert second.remixed_from_video_id == first.id
        assert second.seconds == "8"
    assert films.orders[1] == {"prompt": "at night"}
    assert others.orders == []


def test_a_stranger_sees_nothing(gateway: RunningGateway) -> None:
    with film_server(DONE) as films:
        route_to(gateway, films)
        task = post(gateway, "/videos", json=ORDER).json()["id"]
        key = gateway.new_key()
        headers = {"authorization": f"Bearer {key}"}
        for path in ("", "/content"):
            reply = httpx2.get(f"{gateway.base_url}/videos/{task}{path}", headers=headers)
            assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")
        assert httpx2.get(f"{gateway.base_url}/videos", headers=headers).json()["data"] == []


def test_the_list_is_paged(gateway: RunningGateway) -> None:
    with film_server(DONE) as films:
        route_to(gateway, films)
        made = [post(gateway, "/videos", json=ORDER).json()["id"] for _ in range(3)]
        pages, after = [], ""
        while True:
            page = get(gateway, f"/videos?limit=2{after}").json()
            pages.append([row["id"] for row in page["data"]])
            if not page["has_more"]:
                break
            after = f"&after={page['last_id']}"
    assert sorted(row for page in pages for row in page) == sorted(made)
    assert [len(page) for page in pages] == [2, 1]


@pytest.mark.parametrize(
    ("path", "status", "param"),
    [
        ("/videos?limit=0", 400, "limit"),
        ("/videos?limit=x", 400, "limit"),
        ("/videos?order=up", 400, "order"),
        ("/videos?after=task_none", 404, None),
        ("/videos/task_none", 404, None),
        ("/videos/task_none/content", 404, None),
        ("/video/generations/task_none", 404, None),
    ],
)
def test_bad_questions(
    shared_gateway: RunningGateway, path: str, status: int, param: str | None
) -> None:
    reply = get(shared_gateway, path)
    assert (reply.status_code, reply.json()["error"]["param"]) == (status, param)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"prompt": None}, 400, "missing_required_parameter"),
        ({"model": "sora-9"}, 404, "model_not_found"),
        ({"model": None}, 400, "missing_required_parameter"),
        ({"seconds": "0"}, 400, "invalid_value"),
        ({"seconds": "3601"}, 400, "invalid_value"),
        ({"seconds": 4}, 400, "invalid_type"),
        ({"size": "720×1280"}, 400, "invalid_value"),
        ({"n": 0}, 400, "invalid_value"),
        ({"duration": -1}, 400, "invalid_value"),
    ],
)
@pytest.mark.parametrize("path", ["/videos", "/video/generations"])
def test_bad_orders(
    gateway: RunningGateway, path: str, change: dict[str, Any], status: int, code: str
) -> None:
    body = {k: v for k, v in (ORDER | change).items() if v is not None}
    with film_server(DONE) as films:
        route_to(gateway, films)
        reply = post(gateway, path, json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert films.orders == []
    assert get(gateway, "/videos").json()["data"] == []


def test_what_was_under_way_is_taken_up_again(make_gateway: MakeGateway) -> None:
    with film_server({"status": "in_progress", "progress": 30}) as films:
        with make_gateway("one") as first:
            route_to(first, films)
            task = post(first, "/videos", json=ORDER).json()["id"]
            assert until(first, task, "in_progress")["progress"] == 30
            never_charged = Task(1, 1, "no such call", "sora-2", {}, upstream_id="x")
            with first.store.writing() as connection:
                add_task(connection, never_charged)
        films.states[:] = [DONE]
        with make_gateway("one") as second:
            assert until(second, task, "completed")["progress"] == 100
            rows = get(second, "/videos").json()["data"]
            assert [row["id"] for row in rows] == [task]


def money(gateway: RunningGateway) -> list[tuple[int, int]]:
    """Type and quota of every row of the log."""
    path = gateway.settings.home / "nexhina.db"
    rows = sqlite3.connect(path).execute("select type, quota from logs order by id").fetchall()
    return [(kind, quota) for kind, quota in rows]


def test_new_apis_words_for_a_failure(gateway: RunningGateway) -> None:
    with film_server({"status": "in_progress"}) as films:
        route_to(gateway, films)
        task = post(gateway, "/videos", json=ORDER).json()["id"]
        until(gateway, task, "in_progress")
        films.states[:] = [{"status": "failed", "fail_reason": "quota of the upstream"}]
        assert until(gateway, task, "failed")["error"]["message"] == "quota of the upstream"


def test_a_channel_that_is_gone_fails_the_video_once(make_gateway: MakeGateway) -> None:
    with film_server({"status": "in_progress"}) as films, make_gateway("one") as first:
        route_to(first, films)
        reply = post(first, "/videos", json=ORDER)
        task, price = reply.json()["id"], int(reply.headers["x-nexhina-quota"])
        with first.store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM channels")
    for _ in range(2):
        with make_gateway("one") as later:
            assert until(later, task, "failed")["error"]["code"] == "channel_removed"
            assert money(later) == [(2, price), (6, price)]


def test_whatever_breaks_the_engine_is_paid_back(gateway: RunningGateway) -> None:
    pytest.importorskip("av", reason='install the extra "local"')
    gateway.settings.home.joinpath("videos").write_text("no folder")
    reply = post(gateway, "/videos", json=LOCAL)
    video = until(gateway, reply.json()["id"], "failed")
    assert video["error"]["code"] == "internal_error"
    price = int(reply.headers["x-nexhina-quota"])
    assert money(gateway) == [(2, price), (6, price)]


def test_a_store_that_fails_at_the_end_is_tried_again(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_PATIENCE", 0.05)

    def rename(table: str, name: str) -> None:
        with gateway.store.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")

    with film_server({"status": "queued"}) as films:
        route_to(gateway, films)
        reply = post(gateway, "/videos", json=ORDER)
        task, price = reply.json()["id"], int(reply.headers["x-nexhina-quota"])
        rename("tasks", "away")
        films.states[:] = [{"status": "failed"}]
        seen = len(films.seen)
        while len(films.seen) < seen + 1:
            time.sleep(0.02)
        time.sleep(0.2)
        rename("away", "tasks")
        assert until(gateway, task, "failed")["error"]["message"] == "the upstream gave up"
    assert money(gateway) == [(2, price), (6, price)]


def test_deleting_ends_the_asking_and_costs_what_it_cost(gateway: RunningGateway) -> None:
    with film_server({"status": "in_progress"}) as films:
        route_to(gateway, films)
        reply = post(gateway, "/videos", json=ORDER)
        task = reply.json()["id"]
        until(gateway, task, "in_progress")
        headers = {"authorization": f"Bearer {gateway.key}"}
        url = f"{gateway.base_url}/videos/{task}"
        with ThreadPoolExecutor(2) as pool:
            gone = list(pool.map(lambda _: httpx2.delete(url, headers=headers), range(2)))
        assert {reply.status_code for reply in gone} <= {200, 404}
        assert get(gateway, f"/videos/{task}").status_code == 404
        seen = len(films.seen)
        time.sleep(0.6)
        assert len(films.seen) == seen
    assert money(gateway) == [(2, int(reply.headers["x-nexhina-quota"]))]


def test_what_says_nothing_is_still_in_the_making() -> None:
    assert read_state({}) == State("in_progress")
    assert read_state({"data": [1], "status": 7, "progress": -3}) == State("in_progress")
    assert read_state({"status": "SUCCEEDED", "url": "https://a/b"}) == State(
        "completed", url="https://a/b"
    )


LOCAL = {"model": "local/video", "prompt": "a red circle", "seconds": "1", "size": "128x96"}


def test_the_built_in_engine_makes_a_film(gateway: RunningGateway, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason='install the extra "local"')
    made = post(gateway, "/videos", json=LOCAL)
    assert made.json()["status"] == "queued"
    assert int(made.headers["x-nexhina-quota"]) == 500
    task = made.json()["id"]
    assert until(gateway, task, "completed", "failed")["error"] is None
    whole = get(gateway, f"/videos/{task}/content").content
    path = tmp_path / "film.mp4"
    path.write_bytes(whole)
    with av.open(str(path)) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (128, 96)
    part = get(gateway, f"/videos/{task}/content", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, whole[4:8]) == (206, b"ftyp")
    for variant, kind in (("thumbnail", "WEBP"), ("spritesheet", "JPEG")):
        picture = get(gateway, f"/videos/{task}/content?variant={variant}")
        assert picture.headers["content-type"] == f"image/{kind.lower()}"
        assert Image.open(io.BytesIO(picture.content)).format == kind
    assert get(gateway, f"/videos/{task}/content?variant=sound").status_code == 400


def test_what_is_not_finished_is_not_remixed(gateway: RunningGateway) -> None:
    with film_server({"status": "in_progress"}) as films:
        route_to(gateway, films)
        task = post(gateway, "/videos", json=ORDER).json()["id"]
        early = post(gateway, f"/videos/{task}/remix", json={"prompt": "blue"})
    assert (early.status_code, early.json()["error"]["param"]) == (400, "id")
    assert len(films.orders) == 1


def test_a_remix_is_filmed_anew_and_deleting_removes_the_file(gateway: RunningGateway) -> None:
    pytest.importorskip("av", reason='install the extra "local"')
    first = post(gateway, "/videos", json=LOCAL).json()["id"]
    until(gateway, first, "completed")
    second = post(gateway, f"/videos/{first}/remix", json={"prompt": "blue"}).json()
    assert (second["remixed_from_video_id"], second["seconds"]) == (first, "1")
    assert second["prompt"] == "blue. a red circle"
    until(gateway, second["id"], "completed")
    headers = {"authorization": f"Bearer {gateway.key}"}
    for task in (first, second["id"]):
        gone = httpx2.delete(f"{gateway.base_url}/videos/{task}", headers=headers)
        assert gone.json() == {"id": task, "object": "video.deleted", "deleted": True}
    assert list((gateway.settings.home / "videos").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"seconds": "61"}, "seconds"),
        ({"size": "9x9"}, "size"),
        ({"size": "big"}, "size"),
        ({"n": 2}, "n"),
        ({"image": "no base64!"}, "image"),
        ({"image": "aGVsbG8="}, "image"),
    ],
)
def test_what_the_engine_cannot_film_costs_nothing(
    shared_gateway: RunningGateway, change: dict[str, Any], param: str
) -> None:
    key = shared_gateway.new_key(quota=100_000)
    reply = post(shared_gateway, "/videos", key, json=LOCAL | change)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
    assert wallet(shared_gateway, key) == 100_000
    assert get(shared_gateway, "/videos", key).json()["data"] == []


def test_a_film_in_the_making_is_made_anew_after_a_restart(make_gateway: MakeGateway) -> None:
    pytest.importorskip("av", reason='install the extra "local"')
    with make_gateway("one") as first:
        long = LOCAL | {"seconds": "20", "size": "640x360"}
        task = post(first, "/videos", json=long).json()["id"]
        until(first, task, "in_progress")
    with make_gateway("one") as second:
        assert until(second, task, "in_progress", "completed")
        headers = {"authorization": f"Bearer {second.key}"}
        httpx2.delete(f"{second.base_url}/videos/{task}", headers=headers)
        assert list((second.settings.home / "videos").iterdir()) == []


def test_an_engine_by_another_name_films(gateway: RunningGateway) -> None:
    mapping = {"our-films": "local/video"}
    with gateway.store.writing() as connection:
        add_channel(connection, Channel("films", "local", ("our-films",), mapping=mapping))
        set_price(connection, "our-films", json.dumps(to_pricing_row("our-films", PRICE)), since=1)
    key = gateway.new_key()
    order = {"model": "our-films", "prompt": "a ball", "seconds": "1", "size": "64x64"}
    made = post(gateway, "/videos", key, json=order)
    assert made.status_code == 200, made.text
    found = until(gateway, made.json()["id"], "completed", "failed", key=key)
    assert (found["status"], found["model"]) == ("completed", "our-films")
    root = gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {key}"}
    usage = httpx2.get(f"{root}/api/usage/token/", headers=headers).json()["data"]
    assert usage["total_used"] == int(made.headers["x-nexhina-quota"]) == 5_000
