"""What `nx.embed` does in a second, beside the openai SDK on the same server.

python tests/benchmarks/batch.py [--rows 100000] [--rounds 3] [--latency 0.1] [--tools DIR]

A mock answers on loopback, after ``--latency`` seconds, with vectors of 1,536 numbers; 30 % of the
texts are duplicates. Each contender runs in a process of its own, in interleaved rounds, with 256
texts a request; the SDK is used as its users do, with `AsyncOpenAI`, `asyncio.gather` and a
semaphore of 8. The cache is on where it says so. Every vector is checked. The figures are medians
of one run: compare only within it. ``--tools`` is a folder with another mock, `mock_upstream.py`,
that takes ``--port`` and makes the same vectors.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import functools
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson

PORT, LENGTH, SLOTS, BATCH, AT_ONCE = 9310, 1536, 1024, 256, 8
BASE_URL = f"http://127.0.0.1:{PORT}/v1"


def texts(rows: int) -> list[str]:
    """Texts of about 200 characters, 30 % of them duplicates."""
    dice = random.Random(3)
    words = [
        "".join(dice.choices("etaoinshrdlucmfwyp", k=dice.randrange(2, 9))) for _ in range(4000)
    ]
    different = [" ".join(dice.choices(words, k=33)) + f" #{i}" for i in range(rows * 7 // 10)]
    all_rows = different + dice.choices(different, k=rows - len(different))
    dice.shuffle(all_rows)
    return all_rows


@functools.cache
def bank() -> Any:
    """The vectors that there are; a text has the one that its checksum says."""
    made = np.random.default_rng(LENGTH).standard_normal((SLOTS, LENGTH)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def slot(text: str) -> int:
    return zlib.crc32(text.encode()) % SLOTS


class Mock(asyncio.Protocol):
    """One connection of the mock."""

    def __init__(self, latency: float, vectors: list[bytes]) -> None:
        self.latency, self.vectors, self.data = latency, vectors, bytearray()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.data[:end]).lower()
        length = int(head.partition(b"content-length: ")[2].split(b"\r")[0] or 0)
        if len(self.data) < end + 4 + length:
            return
        body = bytes(self.data[end + 4 : end + 4 + length])
        del self.data[: end + 4 + length]
        asyncio.get_running_loop().call_later(self.latency, self.answer, body)

    def answer(self, body: bytes) -> None:
        inputs = orjson.loads(body)["input"] if body else []
        rows = [
            b'{"object":"embedding","index":%d,"embedding":"%s"}' % (i, self.vectors[slot(text)])
            for i, text in enumerate(inputs)
        ]
        usage = b'{"prompt_tokens":%d,"total_tokens":%d}' % (len(inputs), len(inputs))
        head = b'{"object":"list","model":"m","usage":%s,"data":[' % usage
        data = head + b",".join(rows) + b"]}"
        start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(start % len(data) + data)


def serve(latency: float) -> None:
    """The mock, until the process is ended."""
    vectors = [base64.b64encode(row.tobytes()) for row in bank()]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Mock(latency, vectors), "127.0.0.1", PORT)
        await server.serve_forever()

    asyncio.run(main())


def ours(rows: list[str], cache: Any = False) -> Any:
    """`nx.embed` on a pandas frame."""
    import pandas as pd

    import nexhina_nb as nx

    with nx.Client(BASE_URL, "sk-mock") as client:
        frame = pd.DataFrame({"text": rows})
        made = nx.embed(frame, "text", client=client, model="m", cache=cache, batch_size=BATCH)
    return nx.matrix(made["embedding"])


def sdk(rows: list[str]) -> Any:
    """The openai SDK, as one would write it."""
    import openai

    async def main() -> list[list[float]]:
        few = asyncio.Semaphore(AT_ONCE)
        async with openai.AsyncOpenAI(base_url=BASE_URL, api_key="sk-mock") as client:

            async def one(part: list[str]) -> list[list[float]]:
                async with few:
                    answer = await client.embeddings.create(model="m", input=part)
                return [item.embedding for item in answer.data]

            parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
            return [row for part in await asyncio.gather(*map(one, parts)) for row in part]

    return asyncio.run(main())


def kept(rows: list[str]) -> Any:
    """`nx.embed` with a new cache."""
    return ours(rows, Path(os.environ["BENCH_CACHE"]) / "answers.db")


CONTENDERS: dict[str, Callable[[list[str]], Any]] = {
    "openai SDK": sdk,
    "nx.embed, no cache": ours,
    "nx.embed, new cache": kept,
    "nx.embed, known answers": kept,
}


def run(name: str, count: int) -> None:
    """One contender in this process; prints its figures."""
    rows = texts(count)
    CONTENDERS[name](rows[:1])  # imports and first connection
    began, worked = time.perf_counter(), time.process_time()
    made = CONTENDERS[name](rows)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    expected = [slot(text) for text in rows]
    right = all(np.allclose(made[at], bank()[expected[at]]) for at in range(count))
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "right": right}))


def measure(count: int, rounds: int) -> None:
    """All contenders in turn, and the medians."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, runs in found.items():
                command = [sys.executable, __file__, "--run", name, "--rows", str(count)]
                environ = os.environ | {"NEXHINA_HOME": folder, "BENCH_CACHE": folder}
                said = subprocess.check_output(command, env=environ, text=True)
                runs.append(json.loads(said.splitlines()[-1]))
    print("| client | rows/s | CPU µs/row | peak MB | all right |\n|---|---|---|---|---|")
    for name, runs in found.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print(
            f"| {name} | {count / middle['seconds']:,.0f} | {middle['cpu'] / count * 1e6:,.0f} | "
            f"{middle['peak']:,.0f} | {all(run['right'] for run in runs)} |"
        )


def main() -> None:
    """Start the mock, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--run", choices=[*CONTENDERS], help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.latency)
    if options.run:
        return run(options.run, options.rows)
    mock = [sys.executable, __file__, "--serve", "--latency", str(options.latency)]
    if options.tools:
        mock = [sys.executable, str(options.tools / "mock_upstream.py"), "--port", str(PORT)]
    with subprocess.Popen(mock) as process:
        time.sleep(3)
        if options.tools:
            knobs = json.dumps({"latency_ms": options.latency * 1000}).encode()
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/admin", knobs).close()
        try:
            measure(options.rows, options.rounds)
        finally:
            process.terminate()
    return None


if __name__ == "__main__":
    main()
