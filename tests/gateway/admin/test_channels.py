"""Channels over HTTP: written, listed, switched, tried at a real upstream; never their keys."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel, find_channel, list_channels
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway
from tests.gateway.elsewhere import answering, price, sending
from tests.gateway.sick_server import Peer, Received, Scene, SickServer

CANARY = "sk-canary-0123456789abcdef"
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "far",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hello"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
Make = Callable[..., AbstractContextManager[RunningGateway]]


class Scenes(dict[str, Scene]):
    """Found by their name also where a query follows it."""

    def __missing__(self, name: str) -> Scene:
        return self[name.partition("?")[0]]


def ask(
    gateway: RunningGateway, method: str, path: str, body: Any = None, *, key: str = ""
) -> httpx2.Response:
    root = gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {key or gateway.key}"}
    url = f"{root}/api/channel{path}"
    return httpx2.request(method, url, json=body, headers=headers, timeout=30)


def well(gateway: RunningGateway, method: str, path: str, body: Any = None) -> Any:
    """What stands in ``data`` of an answer that is a success, and shows no key."""
    reply = ask(gateway, method, path, body)
    assert reply.json()["success"], reply.text
    assert CANARY not in reply.text
    return reply.json()["data"]


def refused(gateway: RunningGateway, method: str, path: str, body: Any = None) -> str:
    reply = ask(gateway, method, path, body)
    assert (reply.status_code, reply.json()["success"]) == (200, False), reply.text
    assert CANARY not in reply.text
    return str(reply.json()["message"])


def stored(gateway: RunningGateway) -> list[Channel]:
    with gateway.store.reading() as connection:
        return list_channels(connection)


def files(gateway: RunningGateway) -> list[Path]:
    folder = gateway.settings.home / "channel-keys"
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def opened(make_gateway: Make) -> Iterator[RunningGateway]:
    """A gateway whose administrators may use private networks."""
    with make_gateway(allow_private_urls=True) as running:
        yield running


@pytest.fixture
def upstream() -> Iterator[SickServer]:
    models = {"data": [{"id": "far"}, {"id": "farther"}, {"id": "far"}, {"no": 1}]}
    vectors = {"object": "list", "data": [{"index": 0, "embedding": [1.0]}]}
    scenes = Scenes(
        completions=answering(CHAT),
        embeddings=answering(vectors),
        models=answering(models),
        subscription=answering({"hard_limit_usd": 12.5}),
        usage=answering({"total_usage": 325}),
    )
    with SickServer(scenes) as server:
        yield server


def body(url: str, **more: Any) -> dict[str, Any]:
    return {"name": "one", "type": 1, "models": "far", "key": CANARY, "base_url": url} | more


def make(gateway: RunningGateway, url: str, mode: str = "single", **more: Any) -> list[int]:
    told = well(gateway, "POST", "/", {"mode": mode, "channel": body(url, **more)})
    ids: list[int] = told["ids"]
    return ids


def test_a_channel_is_made_and_serves_and_its_key_lies_in_a_file_only(
    opened: RunningGateway, upstream: SickServer
) -> None:
    (number,) = make(opened, upstream.url)
    price(opened, "far", Price.per_call_usd("0.001"))
    time.sleep(1.1)  # a running gateway notices what is new within a second
    with openai.OpenAI(base_url=opened.base_url, api_key=opened.key) as sdk:
        reply = sdk.chat.completions.create(
            model="far", messages=[{"role": "user", "content": "hello"}]
        )
    assert reply.choices[0].message.content == "hello"
    assert upstream.received[-1].headers["authorization"] == f"Bearer {CANARY}"
    (file,) = files(opened)
    assert file.read_text() == f"{CANARY}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    database = opened.settings.home / "nexhina.db"
    written = b"".join(path.read_bytes() for path in database.parent.glob("nexhina.db*"))
    assert CANARY.encode() not in written
    shown = well(opened, "GET", f"/{number}/")
    assert (shown["name"], shown["models"], shown["group"]) == ("one", "far", "default")
    assert shown["health"] == []
    assert "never shown" in refused(opened, "POST", f"/{number}/key")
    assert well(opened, "DELETE", f"/{number}") == 1
    assert files(opened) == []
    assert "no channel" in refused(opened, "GET", f"/{number}")


def test_only_administrators_see_channels(gateway: RunningGateway) -> None:
    reply = ask(gateway, "GET", "/", key=gateway.new_key())
    assert (reply.status_code, reply.json()["success"]) == (200, False)


def test_private_networks_are_closed_at_first(gateway: RunningGateway) -> None:
    for url in ("http://127.0.0.1:9/v1", "http://localhost/v1", "http://[::1]/"):
        told = refused(gateway, "POST", "/", {"channel": body(url)})
        assert "allow_private_urls" in told
        assert "allow_private_urls" in refused(gateway, "POST", "/fetch_models", {"base_url": url})
    assert (stored(gateway), files(gateway)) == ([], [])


NONSENSE: list[dict[str, Any]] = [
    {"channel": 3},
    {"channel": {"name": "x"}},
    {"channel": body("http://host/v1", models="")},
    {"channel": body("ftp://host/v1")},
    {"channel": body("http://host/v1", type=14)},
    {"channel": body("http://host/v1", name="n" * 65)},
    {"channel": body("http://host/v1", key=f"{CANARY}\nsk-2")},
    {"channel": body("http://host/v1", key=f"{CANARY} x")},
    {"mode": "all", "channel": body("http://host/v1")},
    {"multi_key_mode": "best", "channel": body("http://host/v1")},
]


def test_channels_that_make_no_sense_leave_nothing_behind(opened: RunningGateway) -> None:
    for wrong in NONSENSE:
        assert refused(opened, "POST", "/", wrong)
    assert (stored(opened), files(opened)) == ([], [])


def test_many_keys_make_many_channels_or_one(opened: RunningGateway) -> None:
    url, keys = "http://host/v1", "\n".join(f"{CANARY}{n}" for n in range(3))
    assert len(make(opened, url, "batch", key=keys)) == 3
    assert len(make(opened, url, "multi_to_single", key=keys, name="two")) == 1
    bare = well(opened, "POST", "/", body(url, key=keys, name="three"))
    assert len(bare["ids"]) == 3
    rows = stored(opened)
    assert [row.name for row in rows] == [
        "one 1", "one 2", "one 3", "two", "three 1", "three 2", "three 3",
    ]  # fmt: skip
    assert len(files(opened)) == 7
    assert well(opened, "GET", "/4")["channel_info"]["multi_key_size"] == 3
    assert "already a channel" in refused(opened, "POST", "/", {"channel": body(url, name="two")})
    assert len(files(opened)) == 7


def test_keys_stay_are_replaced_or_are_added(opened: RunningGateway) -> None:
    (number,) = make(opened, "http://host/v1")

    def change(**values: Any) -> list[str]:
        well(opened, "PUT", "/", {"id": number, **values})
        return [file.read_text().strip() for file in files(opened)]

    assert change(priority=7) == [CANARY]
    assert change(key="sk-**********def", remark="x") == [CANARY]
    assert sorted(change(key="sk-second", key_mode="append")) == sorted([CANARY, "sk-second"])
    assert change(key="sk-third", multi_key_mode="polling") == ["sk-third"]
    (row,) = stored(opened)
    assert (row.priority, row.remark, row.multi_key_mode) == (7, "x", "polling")


def test_a_key_does_not_follow_a_channel_to_another_server(opened: RunningGateway) -> None:
    (number,) = make(opened, "http://host/v1")
    elsewhere = {"id": number, "base_url": "http://thief/v1"}
    assert "send the key" in refused(opened, "PUT", "/", elsewhere)
    more = {"key": "sk-more", "key_mode": "append"}
    assert "send the key" in refused(opened, "PUT", "/", elsewhere | more)
    # On a shared host the path says whose place it is.
    assert "send the key" in refused(
        opened, "PUT", "/", {"id": number, "base_url": "http://host/v2"}
    )
    well(opened, "PUT", "/", {"id": number, "base_url": "http://host/v1/"})
    well(opened, "PUT", "/", elsewhere | {"key": "sk-other"})
    assert [file.read_text() for file in files(opened)] == ["sk-other\n"]


def test_what_the_owner_wrote_cannot_be_led_into_a_private_network(gateway: RunningGateway) -> None:
    own = Channel(name="own", type="openai", models=("m",), base_url="http://127.0.0.1:9/v1")
    with gateway.store.writing() as connection:
        number = add_channel(connection, own)
    well(gateway, "PUT", "/", {"id": number, "priority": 1, "base_url": own.base_url + "/"})
    away = {"id": number, "base_url": "http://127.0.0.1:10/v1"}
    assert "allow_private_urls" in refused(gateway, "PUT", "/", away)
    assert stored(gateway)[0].allow_private


def test_lists_are_filtered_sorted_and_counted(opened: RunningGateway) -> None:
    make(opened, "http://host/v1", name="a", priority=1, tag="t")
    make(opened, "http://host/v1", name="b", priority=3, groups="vip", type=43)
    make(opened, "http://other/v1", name="c", priority=2, models="near,m", tag="t")
    make(opened, "http://other/v1", name="d", status=2, tag="u")

    def names(path: str) -> list[str]:
        return [row["name"] for row in well(opened, "GET", path)["items"]]

    assert names("/") == ["b", "c", "a", "d"]
    assert names("/?id_sort=true") == ["d", "c", "b", "a"]
    assert names("/?sort_by=name&sort_order=asc&p=2&page_size=3") == ["d"]
    assert names("/?status=disabled") == ["d"]
    assert names("/?status=1&group=vip") == ["b"]
    assert names("/search?keyword=OTHER&status=enabled") == ["c"]
    assert names("/search?keyword=3") == ["c"]
    assert names("/search?keyword=&model=nea") == ["c"]
    assert names("/?tag_mode=true&page_size=1") == ["c", "a"]
    page = well(opened, "GET", "/?type=43&page_size=2")
    assert (page["total"], page["type_counts"]) == (1, {"1": 3, "43": 1})
    assert well(opened, "GET", "/?tag_mode=1")["total"] == 2
    assert well(opened, "GET", "/models_enabled") == ["far", "m", "near"]
    assert "local/embed" in [row["id"] for row in well(opened, "GET", "/models")]
    assert well(opened, "POST", "/fix") == {"success": 4, "fails": 0}


def test_channels_are_switched_tagged_copied_and_deleted(opened: RunningGateway) -> None:
    ids = [make(opened, "http://host/v1", name=name)[0] for name in "abc"]

    def states() -> list[int]:
        return [row.status for row in stored(opened)]

    well(opened, "POST", f"/{ids[0]}/status", {"status": 2})
    assert states() == [2, 1, 1]
    assert well(opened, "POST", "/status/batch", {"ids": ids[1:], "status": 2}) == 2
    assert refused(opened, "POST", "/status/batch", {"ids": [*ids, 99], "status": 1})
    assert states() == [2, 2, 2]
    assert well(opened, "POST", "/batch/tag", {"ids": ids[:2], "tag": "t"}) == 2
    assert well(opened, "POST", "/tag/enabled", {"tag": "t"}) == 2
    assert states() == [1, 1, 2]
    edit = {"tag": "t", "new_tag": "u", "models": "x,y", "groups": "vip", "weight": 5}
    assert well(opened, "PUT", "/tag", edit) == 2
    assert well(opened, "GET", "/tag/models?tag=u") == "x,y"
    assert [(row.tag, row.weight) for row in stored(opened)] == [("u", 5), ("u", 5), ("", 1)]
    assert "no channel has the tag" in refused(opened, "POST", "/tag/disabled", {"tag": "t"})
    copied = well(opened, "POST", f"/copy/{ids[0]}?suffix=-2")["id"]
    with opened.store.reading() as connection:
        copy, first = find_channel(connection, copied), find_channel(connection, ids[0])
    assert (copy.name, copy.models) == ("a-2", ("x", "y"))
    assert copy.keys != first.keys
    assert len(files(opened)) == 4
    assert well(opened, "DELETE", "/disabled") == 1
    assert well(opened, "POST", "/batch", {"ids": ids[:2]}) == 2
    assert [row.id for row in stored(opened)] == [copied]
    assert [file.read_text() for file in files(opened)] == [f"{CANARY}\n"]


def test_what_was_done_is_in_the_log_and_no_key_is(opened: RunningGateway) -> None:
    (number,) = make(opened, "http://host/v1")
    secret = {"id": number, "header_override": json.dumps({"x-k": CANARY})}
    assert ask(opened, "PUT", "/", secret).json()["success"]
    root = opened.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {opened.key}"}
    reply = httpx2.get(f"{root}/api/log/?type=3", headers=headers)
    rows = reply.json()["data"]["items"]
    assert [row["content"] for row in rows] == ["change channel", "create channels"]
    assert CANARY not in reply.text


def test_each_key_of_a_channel_is_switched_and_deleted(opened: RunningGateway) -> None:
    keys = [f"{CANARY}{n}" for n in range(4)]
    (number,) = make(opened, "http://host/v1", "multi_to_single", key="\n".join(keys))

    def manage(action: str, **more: Any) -> Any:
        wanted = {"channel_id": number, "action": action, **more}
        return well(opened, "POST", "/multi_key/manage", wanted)

    def states() -> list[int]:
        return [row["status"] for row in manage("get_key_status")["keys"]]

    manage("disable_key", key_index=1)
    manage("disable_key", key_index=3)
    assert states() == [1, 2, 1, 2]
    told = manage("get_key_status", page_size=1, page=2, status=2)
    assert [row["index"] for row in told["keys"]] == [3]
    assert (told["total"], told["total_pages"], told["enabled_count"]) == (2, 2, 2)
    assert manage("delete_key", key_index=0) == 1
    assert states() == [2, 1, 2]
    assert [file.read_text().split() for file in files(opened)] == [keys[1:]]
    assert manage("delete_disabled_keys") == 0
    manage("enable_all_keys")
    assert states() == [1, 1, 1]
    manage("disable_all_keys")
    assert states() == [2, 2, 2]
    wrong = {"channel_id": number, "action": "delete_key", "key_index": 3}
    assert "below 3" in refused(opened, "POST", "/multi_key/manage", wrong)
    for _ in range(2):
        manage("delete_key", key_index=0)
    last = wrong | {"key_index": 0}
    assert "needs a key" in refused(opened, "POST", "/multi_key/manage", last)


def test_a_trial_is_a_real_call_that_nobody_pays(
    opened: RunningGateway, upstream: SickServer
) -> None:
    (number,) = make(opened, upstream.url, model_mapping='{"far": "farther"}')
    told = ask(opened, "GET", f"/test/{number}").json()
    assert (told["success"], told["message"]) == (True, "")
    assert told["time"] >= 0
    sent = json.loads(upstream.received[-1].body)
    assert sent["messages"] == [{"role": "user", "content": "hi"}]
    assert (sent["model"], sent["max_tokens"]) == ("farther", 16)
    (row,) = stored(opened)
    assert row.test_time > 0
    assert ask(opened, "GET", f"/test/{number}?model=my-embed").json()["success"]
    assert upstream.received[-1].scene == "embeddings"
    failed = ask(opened, "GET", f"/test/{number}?endpoint_type=nothing").json()
    assert not failed["success"]
    root = opened.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {opened.key}"}
    rows = httpx2.get(f"{root}/api/log/", headers=headers).json()["data"]["items"]
    trials = [row for row in rows if row["content"] == "channel test"]
    assert [(row["type"], row["quota"]) for row in trials] == [(5, 0), (2, 0), (2, 0)]
    with opened.store.reading() as connection:
        assert verify(connection) == []


def test_a_trial_tells_what_the_upstream_said_but_no_key(opened: RunningGateway) -> None:
    error = {"error": {"message": f"no such key: {CANARY}", "code": "invalid_api_key"}}
    scenes = {"completions": answering(error, status="401 Unauthorized")}
    with SickServer(scenes) as server:
        (number,) = make(opened, server.url)
        reply = ask(opened, "GET", f"/test/{number}")
    assert CANARY not in reply.text
    told = reply.json()
    assert (told["success"], told["error_code"]) == (False, "invalid_api_key")
    assert "401: no such key" in told["message"]
    assert stored(opened)[0].response_time == 0


@pytest.mark.parametrize(
    ("frame", "is_well"),
    [(b'data: {"choices": []}\n\n', True), (b'data: {"error": {"message": "no"}}\n\n', False)],
)
def test_a_stream_is_tried_too(opened: RunningGateway, frame: bytes, is_well: bool) -> None:
    scene = sending("text/event-stream", frame, b"data: [DONE]\n\n")
    with SickServer({"completions": scene}) as server:
        (number,) = make(opened, server.url)
        told = ask(opened, "GET", f"/test/{number}?stream=true").json()
        assert json.loads(server.received[-1].body)["stream"] is True
    assert told["success"] is is_well, told


def test_the_built_in_engines_are_tried_by_their_kind(gateway: RunningGateway) -> None:
    own = {"name": "own", "type": 100, "models": "local/embed,local/rerank,local/chat"}
    (number,) = well(gateway, "POST", "/", {"channel": own})["ids"]
    for model in own["models"].split(","):  # type: ignore[attr-defined]
        told = ask(gateway, "GET", f"/test/{number}?model={model}").json()
        assert told["success"], told
    assert "no upstream" in refused(gateway, "GET", f"/fetch_models/{number}")


def test_keys_of_the_machine_s_owner_are_told_by_their_place_only(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANNEL_KEYS", f"{CANARY}\n{CANARY}2")
    own = Channel(
        name="own", type="openai", models=("m",), base_url="http://host/v1",
        keys=("env:CHANNEL_KEYS",),
    )  # fmt: skip
    with gateway.store.writing() as connection:
        number = add_channel(connection, own)
    wanted = {"channel_id": number, "action": "delete_key", "key_index": 1}
    assert "env:CHANNEL_KEYS" in refused(gateway, "POST", "/multi_key/manage", wanted)
    copied = well(gateway, "POST", f"/copy/{number}")["id"]
    moved = {"id": copied, "base_url": "http://203.0.113.9/v1"}
    assert refused(gateway, "PUT", "/", moved)
    assert [row.keys for row in stored(gateway)] == [own.keys, own.keys]


def test_all_are_tried_in_the_background_once_at_a_time(opened: RunningGateway) -> None:
    may_answer = threading.Event()

    def slow(peer: Peer, _: Received) -> None:
        assert may_answer.wait(20)
        peer.answer(json.dumps(CHAT).encode(), "Content-Type: application/json")

    with SickServer({"completions": slow}) as server:
        make(opened, server.url, "batch", key="sk-1\nsk-2")
        make(opened, server.url, name="off", status=2)
        assert well(opened, "GET", "/test")["status"] == "running"
        assert ask(opened, "GET", "/test").status_code == 409
        may_answer.set()
        deadline = time.monotonic() + 10
        while sum(row.test_time > 0 for row in stored(opened)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(server.received) == 2
    assert [row.test_time > 0 for row in stored(opened)] == [True, True, False]


def test_an_upstream_is_asked_for_models_and_balance(
    opened: RunningGateway, upstream: SickServer
) -> None:
    (number,) = make(opened, upstream.url)
    assert well(opened, "GET", f"/fetch_models/{number}") == ["far", "farther"]
    new = {"base_url": upstream.url, "type": 1, "key": "sk-new"}
    assert well(opened, "POST", "/fetch_models", new) == ["far", "farther"]
    assert upstream.received[-1].headers["authorization"] == "Bearer sk-new"
    told = ask(opened, "GET", f"/update_balance/{number}").json()
    assert told == {"success": True, "message": "", "balance": 9.25}
    assert stored(opened)[0].balance == 9.25
    make(opened, upstream.url, "multi_to_single", name="two", key="sk-1\nsk-2")
    assert "one key" in refused(opened, "GET", f"/update_balance/{number + 1}")
    gone = {"base_url": "http://127.0.0.1:9/v1"}
    assert refused(opened, "POST", "/fetch_models", gone)
