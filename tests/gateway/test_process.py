"""The gateway as a process: ready, found, started twice, gone with its parent, drained, killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from nexhina_nb import discovery
from nexhina_nb.errors import ConfigError, GatewayNotRunning
from nexhina_nb.gateway import process, serve
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings, load
from nexhina_nb.store.accounts import DISABLED
from nexhina_nb.store.db import default_url, open_store
from nexhina_nb.store.tables import tokens
from nexhina_nb.store.verify import verify

SERVE = [sys.executable, "-m", "nexhina_nb", "gateway", "serve", "--port", "0", "--json"]
HELLO = {"model": "local/chat", "messages": [{"role": "user", "content": "What is 6 * 7?"}]}


@contextlib.contextmanager
def serving(
    *options: str, **environ: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`nexhina gateway serve` in a process, with what its first line says."""
    env = os.environ | environ
    with subprocess.Popen([*SERVE, *options], stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        try:
            yield child, json.loads(line)
        finally:
            if child.poll() is None:
                child.kill()


def wait_until(condition: Any, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def chat(ready: dict[str, Any], key: str, **options: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.post(
        f"{ready['base_url']}/chat/completions", headers=headers, json=HELLO, timeout=30, **options
    )


def test_the_first_start_shows_a_key_once_and_the_second_none() -> None:
    with serving() as (child, ready):
        assert ready["pid"] == child.pid
        assert ready["base_url"].endswith("/v1")
        assert chat(ready, ready["admin_key"]).status_code == 200
        child.terminate()
        assert child.wait(20) == 0
    with serving() as (child, again):
        assert "admin_key" not in again
        assert chat(again, ready["admin_key"]).status_code == 200


def test_a_start_that_fails_leaves_the_key_to_the_next_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [*SERVE, "--port", str(other.getsockname()[1])]
        failed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert failed.returncode == 1
    with serving() as (_, ready):
        assert chat(ready, ready["admin_key"]).status_code == 200


def test_a_kernels_gateway_leaves_the_key_to_the_operator() -> None:
    settings = load()
    _, child = process.start(settings)
    process.stop(settings, child)
    with serving() as (_, ready):
        assert chat(ready, ready["admin_key"]).status_code == 200


def test_a_kernels_gateway_takes_the_key_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXHINA_ADMIN_KEY", "sk-given-by-the-operator")
    settings = load()
    running, child = process.start(settings)
    assert chat({"base_url": running.base_url}, "sk-given-by-the-operator").status_code == 200
    process.stop(settings, child)


@pytest.mark.parametrize("change", [{"status": DISABLED}, {"expired_time": 1}])
def test_a_notebook_key_that_is_refused_is_replaced(change: dict[str, int]) -> None:
    home = load().home
    with serving() as (child, _):
        first = discovery.find(home)
        child.terminate()
        child.wait(20)
    with contextlib.closing(open_store(default_url(home))) as store, store.writing() as connection:
        connection.execute(update(tokens).where(tokens.c.name == "notebook").values(**change))
    with serving() as (_, ready):
        second = discovery.find(home)
        assert first is not None
        assert second is not None
        assert second.key != first.key
        assert (home / "notebook.key").read_text() == second.key.reveal()
        assert chat(ready, second.key.reveal()).status_code == 200


def test_a_notebook_key_that_works_is_kept() -> None:
    keys = []
    for _ in range(2):
        with serving() as (child, _ready):
            running = discovery.find(load().home)
            assert running is not None
            keys.append(running.key)
            child.terminate()
            child.wait(20)
    assert keys[0] == keys[1]


def test_the_administrators_key_can_be_given() -> None:
    with serving(NEXHINA_ADMIN_KEY="sk-given-by-the-operator") as (_, ready):
        assert chat(ready, "sk-given-by-the-operator").status_code == 200


def test_the_discovery_file_is_private_and_goes_away() -> None:
    home = load().home
    with serving() as (child, ready):
        running = discovery.find(home)
        assert running is not None
        assert (running.base_url, running.pid) == (ready["base_url"], child.pid)
        assert chat(ready, running.key.reveal()).status_code == 200
        for name in (discovery.FILE_NAME, "notebook.key", "nexhina.db"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
        child.terminate()
        assert child.wait(20) == 0
    assert not (home / discovery.FILE_NAME).exists()


def test_sigterm_lets_a_running_stream_finish() -> None:
    body = HELLO | {
        "stream": True,
        "messages": [{"role": "user", "content": "Repeat this 20 times: tick tock"}],
    }
    with serving(NEXHINA_PACE="0.02") as (child, ready):
        headers = {"authorization": f"Bearer {ready['admin_key']}"}
        url = f"{ready['base_url']}/chat/completions"
        with httpx2.stream("POST", url, headers=headers, json=body, timeout=30) as reply:
            lines = reply.iter_lines()
            next(lines)
            child.send_signal(signal.SIGTERM)
            rest = list(lines)
        assert "data: [DONE]" in rest
        assert child.wait(20) == 0


def refused(*options: str, **environ: str) -> str:
    """What a start says that must fail with one line."""
    done = subprocess.run(
        [*SERVE, *options],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env=os.environ | environ,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_one_gateway_a_store(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shared.db'}"
    with serving("--store", store):
        said = refused("--store", store, NEXHINA_HOME=str(tmp_path / "elsewhere"))
        assert said.startswith(f"Error: another gateway runs on {tmp_path / 'shared.db'}")


def test_a_second_gateway_of_a_home_serves_without_being_found(tmp_path: Path) -> None:
    home, store = load().home, f"sqlite:///{tmp_path / 'other.db'}"
    with serving() as (child, _):
        key_file = (home / "notebook.key").read_bytes()
        with serving("--store", store) as (_, second):
            assert chat(second, second["admin_key"]).status_code == 200
            running = discovery.find(home)
            assert running is not None
            assert running.pid == child.pid
            assert (home / "notebook.key").read_bytes() == key_file
            said = refused("--store", f"{store}2", "--end-with-stdin")
            assert said.startswith(f"Error: another gateway runs on {home}")
        assert discovery.find(home) == running


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with serving() as (_, ready):
        port = ready["base_url"].rpartition(":")[2].removesuffix("/v1")
        said = refused("--port", port, NEXHINA_HOME=str(tmp_path / "elsewhere"))
    assert "cannot listen" in said
    assert "--port 0" in said


def test_two_gateways_do_not_listen_on_one_port() -> None:
    with contextlib.closing(serve._listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 5).close()
        with pytest.raises(ConfigError, match="cannot listen"):
            serve._listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["256.256.256.256", "a..b"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(ConfigError, match="cannot listen"):
        serve._listen(host, 0)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    assert "cannot be used" in refused("--store", f"sqlite:///{below / 'x.db'}")
    with pytest.raises(ConfigError, match="cannot be used"):
        process.start(Settings(home=below))
    assert "not understood" in refused("--store", "nonsense")


def test_a_killed_gateway_takes_nobody_with_it() -> None:
    settings = load()
    with serving() as (child, _), subprocess.Popen(["sleep", "60"]) as bystander:
        child.kill()
        child.wait()
        path = settings.home / discovery.FILE_NAME
        path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": bystander.pid}))
        assert process.stop(settings) is None
        assert bystander.poll() is None
        bystander.kill()


def test_start_twice_is_the_same_gateway_and_stop_ends_it() -> None:
    settings = load()
    running, child = process.start(settings)
    assert child is not None
    again, no_child = process.start(settings)
    assert no_child is None
    assert again == running
    assert process.stop(settings, child) == running
    assert not discovery.is_alive(running.pid)
    assert discovery.find(settings.home) is None
    assert process.stop(settings) is None


def test_two_starts_at_once_give_one_gateway() -> None:
    settings = load()
    found: list[tuple[discovery.Running, process.Child | None]] = []
    threads = [
        threading.Thread(target=lambda: found.append(process.start(settings))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({running.pid for running, _ in found}) == 1
    (child,) = [child for _, child in found if child is not None]
    process.stop(settings, child)


def test_a_slow_winner_is_waited_for() -> None:
    settings = load()
    winner = discovery.Running("http://127.0.0.1:1/v1", os.getpid(), Secret("sk-x"))
    log = settings.home / process.LOG_NAME
    found: list[tuple[discovery.Running, process.Child | None]] = []
    with discovery.holding(settings.home):
        thread = threading.Thread(target=lambda: found.append(process.start(settings)))
        thread.start()
        assert wait_until(lambda: log.exists() and discovery.TAKEN in log.read_text(), 20)
        time.sleep(2.5)
        discovery.announce(settings.home, winner)
        thread.join()
    assert found == [(winner, None)]


def test_a_store_of_another_home_is_not_waited_for(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shared.db'}"
    with serving("--store", store):
        began = time.monotonic()
        with pytest.raises(GatewayNotRunning, match=discovery.TAKEN):
            process.start(Settings(home=tmp_path / "elsewhere", store=store))
        assert time.monotonic() - began < process.START_SECONDS / 2


def test_stop_ends_a_child_that_is_not_announced() -> None:
    settings = load()
    running, child = process.start(settings)
    assert child is not None
    (settings.home / discovery.FILE_NAME).unlink()
    assert process.stop(settings, child) == running
    assert child.process.returncode is not None
    assert process.stop(settings, child) is None


def test_a_gateway_that_cannot_start_says_why() -> None:
    settings = load()
    settings.home.mkdir(parents=True)
    (settings.home / "nexhina.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(GatewayNotRunning, match="not a database"):
        process.start(settings)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_child_is_gone_when_its_parent_is(how: signal.Signals) -> None:
    program = (
        "import time\nfrom nexhina_nb.gateway import process\n"
        "from nexhina_nb.settings import load\n"
        "running, child = process.start(load()); print(running.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert discovery.is_alive(pid)
        parent.send_signal(how)
        parent.wait(10)
    assert wait_until(lambda: not discovery.is_alive(pid))
    assert wait_until(lambda: discovery.find(load().home) is None)


def test_killed_again_and_again_every_answered_call_is_in_the_ledger_once() -> None:
    answered: list[str] = []
    key = "sk-" + "k" * 48
    for round_ in range(4):
        with serving(NEXHINA_ADMIN_KEY=key) as (child, ready):
            stop = threading.Event()

            def ask(ready: dict[str, Any] = ready, stop: threading.Event = stop) -> None:
                with httpx2.Client(headers={"authorization": f"Bearer {key}"}) as client:
                    while not stop.is_set():
                        try:
                            answered.extend(one_call(client, ready["base_url"]))
                        except httpx2.HTTPError:
                            return

            threads = [threading.Thread(target=ask) for _ in range(6)]
            for thread in threads:
                thread.start()
            enough = len(answered) + 15 + 5 * round_
            assert wait_until(lambda enough=enough: len(answered) >= enough, 30)
            child.kill()
            child.wait()
            stop.set()
            for thread in threads:
                thread.join()
    assert len(answered) >= 90
    store = open_store(f"sqlite:///{load().home / 'nexhina.db'}")
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT request_id, amount FROM entries").all()
        charged = [row.request_id for row in rows if row.amount < 0]
        logged = connection.exec_driver_sql("SELECT request_id FROM logs").scalars().all()
        assert verify(connection) == []
    store.close()
    assert len(charged) == len(set(charged))
    assert set(answered) <= set(charged)
    assert sorted(charged) == sorted(logged)


def one_call(client: httpx2.Client, base_url: str) -> list[str]:
    """One streamed and one plain call; the ids of those that were answered whole."""
    done = []
    reply = client.post(f"{base_url}/chat/completions", json=HELLO)
    if reply.status_code == 200:
        done.append(reply.headers["x-oneapi-request-id"])
    body = HELLO | {"stream": True}
    with client.stream("POST", f"{base_url}/chat/completions", json=body) as stream:
        if "data: [DONE]" in list(stream.iter_lines()):
            done.append(stream.headers["x-oneapi-request-id"])
    return done


def test_a_file_of_the_working_folder_cannot_get_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token.py").write_text("raise RuntimeError('somebody else's module')")
    monkeypatch.chdir(tmp_path)
    settings = load()
    running, child = process.start(settings)
    assert child is not None
    assert discovery.is_alive(running.pid)
    process.stop(settings, child)
