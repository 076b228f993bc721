"""The gateway's memory under large calls, by hand: ``python tests/benchmarks/memory.py``.

A real gateway process in front of a server on this machine that reads whatever comes. Three kinds
of calls, several of each: a form with a file of 30 MB, a chat of 100,000 tokens, and a speech of
30 MB on its way back. Resident memory (MB) before, at most during, and after.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

CALLS = 8
UPLOAD = 30 << 20
USAGE = {"prompt_tokens": 100_000, "completion_tokens": 1, "total_tokens": 100_001}


async def answer(request: Request) -> Response:
    """Read everything, hold nothing."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
    if request.url.path.endswith("/speech"):
        return StreamingResponse(_sound(), media_type="audio/mpeg")
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "ok"},
        "finish_reason": "stop",
    }
    reply = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "text": "ok"}
    return JSONResponse(reply | {"choices": [choice], "usage": USAGE, "size": size})


async def _sound():  # type: ignore[no-untyped-def]
    for _ in range(UPLOAD // 65_536):
        yield b"\0" * 65_536


@contextmanager
def upstream() -> Iterator[str]:
    app = Starlette(routes=[Route("/v1/{path:path}", answer, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server.should_exit = True
    thread.join()


@contextmanager
def gateway(home: Path, upstream_url: str) -> Iterator[tuple[str, str, int]]:
    """A gateway process in an empty home: its address, a key, its process."""
    environ = os.environ | {"NEXHINA_HOME": str(home)}
    program = [sys.executable, "-m", "nexhina_nb"]
    models = "gpt-4o,whisper-1,tts-1"
    add = ["channels", "add", "--name", "up", "--type", "openai", "--base-url", upstream_url]
    subprocess.run([*program, *add, "--models", models], env=environ, check=True)
    serve = [*program, "gateway", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(serve, env=environ, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    try:
        yield told["base_url"], told["admin_key"], process.pid
    finally:
        process.terminate()
        process.wait(60)


def resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def measured(pid: int, work: Callable[[], None]) -> tuple[float, float, float]:
    """MB before, at most during, and after."""
    before, most, done = resident(pid), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.005):
            most = max(most, resident(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    time.sleep(0.5)
    return before, most, resident(pid)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, upstream() as url:
        home = Path(folder) / "home"
        file = Path(folder) / "a.wav"
        file.write_bytes(b"RIFF" + os.urandom(1 << 20) * 30)
        words = "the river is long " * 25_000
        with gateway(home, url) as (base_url, key, pid):
            client = httpx2.Client(
                base_url=base_url, headers={"authorization": f"Bearer {key}"}, timeout=120
            )

            def upload() -> None:
                for _ in range(CALLS):
                    with file.open("rb") as sound:
                        files = {"file": ("a.wav", sound), "model": (None, "whisper-1")}
                        client.post("/audio/transcriptions", files=files).raise_for_status()

            def chat() -> None:
                body = {"model": "gpt-4o", "messages": [{"role": "user", "content": words}]}
                for _ in range(CALLS):
                    client.post("/chat/completions", json=body).raise_for_status()

            def speak() -> None:
                body = {"model": "tts-1", "voice": "alloy", "input": "a"}
                for _ in range(CALLS):
                    with client.stream("POST", "/audio/speech", json=body) as reply:
                        assert sum(len(piece) for piece in reply.iter_bytes()) >= UPLOAD

            client.post(
                "/chat/completions",
                json={"model": "gpt-4o", "messages": [{"role": "user", "content": "warm"}]},
            )
            for name, work in (("upload", upload), ("chat", chat), ("speech", speak)):
                for turn in ("first", "again"):
                    before, most, after = measured(pid, work)
                    print(f"{name:<7} {turn:<6} {before:7.1f} {most:7.1f} {after:7.1f}")


if __name__ == "__main__":
    main()
