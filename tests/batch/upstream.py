"""A server of embeddings, rankings, answers, verdicts and transcripts that counts what it is asked
for, and fails as it is told.

It speaks plain HTTP/1.1 on asyncio, in a thread of its own. The vector of a text is made from a
digest of it, so that a wrong one is seen; so are its verdict, and what is heard in a recording. A
text counts as answered when its answer was written, and as *read* when the next request came on the
same connection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nexhina_nb.wire.moderation import CATEGORIES

LENGTH = 8
Reply = tuple[int, dict[str, str], bytes]


def vector(text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The one right vector of a text."""
    digest = np.frombuffer(hashlib.sha256(text.encode()).digest(), "<u4")
    return (digest / 2**32).astype(np.float32)


@dataclass
class Faults:
    """Shares of the requests that go wrong; ``refusal`` (text → bool) makes a 400 of a batch."""

    busy: float = 0.0
    retry_after: str = "0.05"
    broken: float = 0.0
    dropped: float = 0.0
    junk: float = 0.0
    latency: float = 0.0
    per_second: float | None = None
    most: int | None = None
    knows_base64: bool = True
    refusal: Callable[[str], bool] = field(default=lambda text: False)
    answer: Callable[[dict[str, Any]], Reply | None] = field(default=lambda body: None)
    slow: Callable[[list[str]], float] = field(default=lambda texts: 0.0)
    length: int = LENGTH
    says: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda body: {})


@dataclass
class Upstream:
    """The running server and what it has seen."""

    base_url: str = ""
    faults: Faults = field(default_factory=Faults)
    requests: int = 0
    refused: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)  # of answers, besides their own
    under_way: int = 0
    left: int = 0
    on_answer: Callable[[Upstream], None] = lambda upstream: None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    _allowed: float = 0.0
    _since: float = 0.0

    def forget(self) -> None:
        """Count from nothing."""
        self.sent, self.answered, self.read = Counter(), Counter(), Counter()
        self.requests = self.refused = self.left = 0
        self.bodies.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        last: list[str] = []
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.read.update(last)
                headers = dict(
                    line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:-2]
                )
                data = await reader.readexactly(int(headers.get("content-length", 0)))
                self.tags.append(headers.get("x-nexhina-tags", ""))
                path = head.split()[1].decode()
                body = form(data) if data.startswith(b"--") else json.loads(data or b"{}")
                last = await self._one(path, body, reader, writer)
        writer.transport.abort()

    async def _one(
        self, path: str, body: dict[str, Any], reader: Any, writer: asyncio.StreamWriter
    ) -> list[str]:
        texts = body.get("input") or body.get("documents") or []
        texts = [heard(body["file"])] if "file" in body else texts
        texts = [body["messages"][-1]["content"]] if "messages" in body else texts
        self.requests += 1
        self.bodies.append(body)
        self.sent.update(texts)
        self.under_way += 1
        try:
            await self._wait(reader, self.faults.latency + self.faults.slow(texts))
            status, headers, data = self._reply(path, body, texts)
        finally:
            self.under_way -= 1
        told = {**self.headers, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n{lines}\r\n".encode() + data
        )
        await writer.drain()
        if status != 200 or b'"junk"' in data:
            return []
        self.answered.update(texts)
        self.on_answer(self)
        return texts

    async def _wait(self, reader: asyncio.StreamReader, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            await asyncio.sleep(min(rest, 0.02))
            if reader.at_eof():
                self.left += 1
                raise ConnectionError
        if self.dice.random() < self.faults.dropped:
            raise ConnectionError

    def _reply(self, path: str, body: dict[str, Any], texts: list[str]) -> Reply:
        chance, faults = self.dice.random(), self.faults
        if (made := faults.answer(body)) is not None:
            return made
        if path.endswith("/models"):
            data = [{"id": "embedder", "object": "model"}]
            return 200, {}, json.dumps({"object": "list", "data": data}).encode()
        if chance < faults.busy or self._is_too_much():
            self.refused += 1
            return 429, {"Retry-After": faults.retry_after}, error("rate_limit_exceeded", "slow")
        if chance < faults.busy + faults.broken:
            return 500, {}, error("internal_error", "it broke")
        if chance < faults.busy + faults.broken + faults.junk:
            return (
                200,
                {},
                self.dice.choice([b'<html class="junk">', b'{"junk": 1}', b'{"data": ["junk"]}']),
            )
        if any(map(faults.refusal, texts)):
            return 400, {}, error("invalid_value", "one of the inputs is not welcome")
        if path.endswith("/rerank"):
            return 200, {}, ranking(body)
        if path.endswith("/moderations"):
            judged = {"model": "judge", "results": [verdict(text) for text in texts]}
            return 200, {"X-Nexhina-Quota": str(len(texts))}, json.dumps(judged).encode()
        if "messages" in body:
            return 200, {"X-Nexhina-Quota": "2"}, chat(faults.says(body), texts[0])
        if "file" in body:
            headers = {"Content-Type": "application/json", "X-Nexhina-Quota": "3"}
            return 200, headers, json.dumps({"text": texts[0]}).encode()
        if body.get("encoding_format") == "base64" and not faults.knows_base64:
            return 400, {}, error("invalid_value", "encoding_format must be float")
        return 200, {"X-Nexhina-Quota": str(len(texts))}, self._embeddings(body, texts)

    def _is_too_much(self) -> bool:
        if self.faults.most is not None and self.under_way > self.faults.most:
            return True
        if self.faults.per_second is None:
            return False
        now = time.monotonic()
        gained = (now - self._since) * self.faults.per_second
        self._allowed, self._since = min(4.0, self._allowed + gained), now
        if self._allowed < 1:
            return True
        self._allowed -= 1
        return False

    def _embeddings(self, body: dict[str, Any], texts: list[str]) -> bytes:
        as_base64 = body.get("encoding_format") == "base64"
        rows = []
        for index, text in enumerate(texts):
            numbers = np.resize(vector(text), body.get("dimensions") or self.faults.length)
            packed = base64.b64encode(numbers.tobytes()).decode()
            rows.append({"index": index, "embedding": packed if as_base64 else numbers.tolist()})
        usage = {"prompt_tokens": 2 * len(texts), "total_tokens": 2 * len(texts)}
        return json.dumps({"data": rows[::-1], "model": "embedder", "usage": usage}).encode()


def score(query: str, document: str) -> float:
    """The one right score."""
    return float(vector(f"{query}\0{document}")[0])


def ranking(body: dict[str, Any]) -> bytes:
    """The answer to a rerank."""
    scores = [score(body["query"], document) for document in body["documents"]]
    best = sorted(range(len(scores)), key=lambda index: -scores[index])[: body.get("top_n")]
    results = [{"index": index, "relevance_score": scores[index]} for index in best]
    usage = {"total_tokens": len(scores)}
    return json.dumps({"results": results, "model": "ranker", "usage": usage}).encode()


def verdict(text: str) -> dict[str, Any]:
    """The one right verdict: of a model that does not know "illicit", but knows "gambling"."""
    numbers = np.resize(vector(text), len(CATEGORIES)).tolist()
    scores = {**dict(zip(CATEGORIES, numbers, strict=True)), "illicit": None, "gambling": 0.5}
    applies = {name: score is not None and score > 0.8 for name, score in scores.items()}
    flagged = any(applies.values())
    return {"flagged": flagged, "categories": applies, "category_scores": scores}


def said(prompt: str) -> str:
    """The one right answer to a prompt."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:12]


def chat(choice: dict[str, Any], prompt: str) -> bytes:
    """The answer to a chat; ``choice`` is what is not as usual about it."""
    message = {"role": "assistant", "content": said(prompt), **choice.get("message", {})}
    usual = {"index": 0, "finish_reason": "stop", **choice, "message": message}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return json.dumps({"choices": [usual], "model": "chatter", "usage": usage}).encode()


def heard(recording: bytes) -> str:
    """What is said in a recording."""
    return hashlib.sha256(recording).hexdigest()[:12]


def form(data: bytes) -> dict[str, Any]:
    """The fields of a multipart form as texts, its file as bytes."""
    boundary = data.partition(b"\r\n")[0]
    fields: dict[str, Any] = {}
    for part in data.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = re.findall(rb' name="([^"]+)"', head)[0].decode()
        fields[name] = content[:-2] if name == "file" else content[:-2].decode()
        fields |= {found[0].decode(): found[1].decode() for found in _FILE_NAME.findall(head)}
    return fields


_FILE_NAME = re.compile(rb'(filename)="([^"]+)"')


def error(code: str, message: str) -> bytes:
    """An error body in the OpenAI form."""
    return json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()


def interrupt() -> None:
    """Interrupt the main thread, whatever thread this is."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@contextmanager
def serve(faults: Faults | None = None) -> Iterator[Upstream]:
    """A server in a thread for the length of the block."""
    upstream = Upstream(faults=faults or Faults())
    started, stop = threading.Event(), asyncio.Event()
    loop: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        loop.append(asyncio.get_running_loop())
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=1 << 24)
        port = server.sockets[0].getsockname()[1]
        upstream.base_url = f"http://127.0.0.1:{port}/v1"
        started.set()
        await stop.wait()
        server.close()
        for writer in upstream.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(10)
    try:
        yield upstream
    finally:
        loop[0].call_soon_threadsafe(stop.set)
        thread.join(10)
