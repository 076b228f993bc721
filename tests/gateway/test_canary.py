"""Canaries: keys, a code and a prompt that must be found nowhere after everything was used.

A gateway in a process of its own answers, fails, is told to export and is stopped; then every byte
that it left is searched: the database's pages, its log, its other files, what it printed, what it
answered to others, what was exported.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import text

from nexhina_nb.settings import load
from nexhina_nb.store.db import default_url, open_store
from tests.gateway.test_process import SERVE

FAR = "sk-far-CANARY7b3e55aa90d1f2c4e6a8b0"
FILED = "sk-file-CANARY81c2d3e4f5a6b7c8d9e0f1"
PROMPT = "the heron CANARY stands at 47.3912 and says kleptomania-8841"
MODELS = ("far", "filed")


class Parrot(BaseHTTPRequestHandler):
    """An upstream that fails, and tells everybody what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        said = f"{self.headers['authorization']} was refused for {body.decode()}"
        status = json.loads(body).get("seed") or 500
        if status == 200:  # an error in a stream
            content = b"data: " + json.dumps({"error": {"message": said}}).encode() + b"\n\n"
        else:
            content = json.dumps({"error": {"message": said, "code": "bad"}}).encode()
        self.send_response(status)
        kind = "text/event-stream" if status == 200 else "application/json"
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def parrot() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def command(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nexhina_nb", *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def forms(secret: str) -> set[bytes]:
    """A secret as it might be written."""
    raw = secret.encode()
    found = {raw, quote(secret).encode(), json.dumps(secret)[1:-1].encode()}
    # Base64 of a longer text holds one of three forms of it, less what depends on its neighbours.
    return found | {base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)}


def use_everything(root: str, key: str) -> bytes:
    """Every kind of call; what was answered about calls that failed, and about the gateway."""
    said = b""
    chat = {"messages": [{"role": "user", "content": PROMPT}]}
    with httpx2.Client(headers={"authorization": f"Bearer {key}"}, timeout=30) as http:

        def post(path: str, body: Any, **options: Any) -> httpx2.Response:
            return http.post(f"{root}{path}", json=body, **options)

        for stream in (False, True):
            assert post("/v1/chat/completions", chat | {"model": "local/chat", "stream": stream})
            for model in MODELS:
                for seed in (200, 401, 429, 500):
                    body = chat | {"model": model, "stream": stream, "seed": seed}
                    said += post("/v1/chat/completions", body).read().replace(PROMPT.encode(), b"")
        post("/v1/embeddings", {"model": "local/embed", "input": PROMPT})
        post("/v1/rerank", {"model": "local/rerank", "query": PROMPT, "documents": [PROMPT]})
        post("/v1/moderations", {"model": "local/moderate", "input": PROMPT})
        post("/v1/messages", chat | {"model": "local/chat", "max_tokens": 9})
        post("/v1/completions", {"model": "local/chat", "prompt": PROMPT})
        post("/v1/responses", {"model": "local/chat", "input": PROMPT, "store": False})
        post(
            "/v1/images/generations", {"model": "local/image", "prompt": PROMPT, "size": "256x256"}
        )
        post("/v1/chat/completions", {"model": "local/chat", "messages": PROMPT})
        post("/v1/chat/completions", chat | {"model": PROMPT[:40]})
        http.post(f"{root}/v1/chat/completions", content=PROMPT.encode())
        post("/v1/chat/completions", chat, headers={"authorization": f"Bearer {FAR}x"})
        for path in (
            "/v1/models", "/api/log/", "/api/log/stat", "/api/pricing", "/openapi.json",
            "/api/redemption/", "/api/usage/token", "/api/log/token", "/api/token/",
            "/api/channel/", "/api/user/",
        ):  # fmt: skip
            said += http.get(f"{root}{path}").read()
    return said


@pytest.mark.skipif(os.name != "posix", reason="keys in files want POSIX permissions")
def test_no_canary_is_found_anywhere(tmp_path: Path) -> None:
    home = load().home
    secrets = [FAR, FILED]
    filed = home / "filed.key"
    home.mkdir(parents=True)
    filed.write_text(FILED)
    filed.chmod(0o600)
    errors = tmp_path / "stderr"
    with parrot() as url, errors.open("wb") as stderr:
        for model, place in (
            ("far", ("--key-env", "FAR_KEY")),
            ("filed", ("--key-file", str(filed))),
        ):
            named = ["--name", model, "--type", "openai", "--base-url", url, "--models", model]
            command("channels", "add", *named, *place)
            command("prices", "set", model, "--per-call", "0.001")
        issued = json.loads(command("keys", "create", "--name", "ada", "--usd", "1", "--json"))
        code = json.loads(command("class", "create", "--students", "1", "--usd", "0.1", "--json"))[
            "codes"
        ][0]["code"]
        env = os.environ | {"FAR_KEY": FAR}
        with subprocess.Popen(SERVE, stdout=subprocess.PIPE, stderr=stderr, env=env) as child:
            assert child.stdout is not None
            ready = json.loads(child.stdout.readline())
            root = ready["base_url"].removesuffix("/v1")
            try:
                said = use_everything(root, ready["admin_key"])
                use_everything(root, issued["key"])
                joined = httpx2.post(f"{root}/api/user/redeem_key", json={"key": code}).json()
                assert joined["success"], joined
                said += httpx2.post(f"{root}/api/user/redeem_key", json={"key": code}).read()
                for kind in ("parquet", "csv"):
                    command("logs", "export", str(tmp_path / f"log.{kind}"))
            finally:
                child.terminate()
                printed = child.stdout.read()
                child.wait(20)
    secrets += [ready["admin_key"], issued["key"], joined["data"]["key"], code]
    store = open_store(default_url(home))
    with store.writing() as connection:
        calls = connection.execute(text("SELECT count(*) FROM logs WHERE type IN (2, 5)")).scalar()
        assert calls > 50
    store.close()

    assert said.count(b"was refused for") >= 12  # the parrot was heard
    left = {"answers": said, "stdout": printed}
    for path in [*home.rglob("*"), *tmp_path.glob("log.*"), errors]:
        if path.is_file() and path != filed:
            left[str(path)] = path.read_bytes()
    assert {"nexhina.db", "log.csv", "log.parquet"} <= {Path(name).name for name in left}
    found = [
        (name, secret)
        for name, content in left.items()
        for secret in [*secrets, PROMPT, "kleptomania-8841"]
        if any(form in content for form in forms(secret))
    ]
    assert not found
