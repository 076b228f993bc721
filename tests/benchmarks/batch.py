"""What `nx.embed` does in a second, beside the openai SDK and openaivec on the same server.

python tests/benchmarks/batch.py [--rows 100000] [--rounds 3] [--latency 0.1] [--openaivec PYTHON]
    [--tools DIR [--faults mild|hard|rate|cap]] [NAME …]

A mock answers on loopback, after ``--latency`` seconds, with vectors of 1,536 numbers; 30 % of the
texts are duplicates. Each contender (NAME, else all) runs in a process of its own, in interleaved
rounds, with 256 texts a request; the SDK is used as its users do, with `AsyncOpenAI`,
`asyncio.gather` and a semaphore of 8. The cache is on where it says so. Every vector is checked,
and a contender that gives up has no figures. The figures are medians of one run: compare only
within it. "above" is the peak of memory above what was there before, with the input.

``--openaivec`` is a Python that has openaivec. ``--tools`` is a folder with another mock,
`mock_upstream.py`, that takes ``--port``, makes the same vectors, and fails as ``--faults`` says.
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

PORT, SLOTS, BATCH, AT_ONCE = 9310, 1024, 256, 8
LENGTH = int(os.environ.get("BENCH_LENGTH", "1536"))
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

    def __init__(self, latency: float, vectors: dict[str, list[bytes]]) -> None:
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
        asked = orjson.loads(body) if body else {"input": []}
        inputs, vectors = asked["input"], self.vectors[asked.get("encoding_format", "float")]
        rows = [
            b'{"object":"embedding","index":%d,"embedding":%s}' % (i, vectors[slot(text)])
            for i, text in enumerate(inputs)
        ]
        usage = b'{"prompt_tokens":%d,"total_tokens":%d}' % (len(inputs), len(inputs))
        head = b'{"object":"list","model":"m","usage":%s,"data":[' % usage
        data = head + b",".join(rows) + b"]}"
        start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(start % len(data) + data)


def serve(latency: float) -> None:
    """The mock, until the process is ended."""
    vectors = {
        "base64": [b'"%s"' % base64.b64encode(row.tobytes()) for row in bank()],
        "float": [orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) for row in bank()],
    }

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Mock(latency, vectors), "127.0.0.1", PORT)
        await server.serve_forever()

    asyncio.run(main())


def ours(rows: list[str], cache: Any = False, floats: bool = False) -> Any:
    """`nx.embed` on a polars frame."""
    import polars as pl

    import nexhina_nb as nx

    with nx.Client(BASE_URL, "sk-mock") as client:
        if floats:  # as after a refusal of base64
            client._session.vectors_as = "float"
        frame = pl.DataFrame({"text": rows})
        made = nx.embed(frame, "text", client=client, model="m", cache=cache, batch_size=BATCH)
    return nx.matrix(made["embedding"])


def sdk(rows: list[str], **more: Any) -> Any:
    """The openai SDK, as one would write it."""
    import openai

    async def main() -> list[list[float]]:
        few = asyncio.Semaphore(AT_ONCE)
        async with openai.AsyncOpenAI(base_url=BASE_URL, api_key="sk-mock") as client:

            async def one(part: list[str]) -> list[list[float]]:
                async with few:
                    answer = await client.embeddings.create(model="m", input=part, **more)
                return [item.embedding for item in answer.data]

            parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
            return [row for part in await asyncio.gather(*map(one, parts)) for row in part]

    return asyncio.run(main())


def openaivec(rows: list[str]) -> Any:
    """openaivec's accessor, asynchronous as its documentation recommends for speed."""
    import openai
    import openaivec as vec
    import pandas as pd
    from openaivec import pandas_ext  # noqa: F401 - it adds the accessor

    vec.set_async_client(openai.AsyncOpenAI(base_url=BASE_URL, api_key="sk-mock"))
    vec.set_embeddings_model("text-embedding-3-small")
    column: Any = pd.Series(rows)
    call = column.aio.embeddings(max_concurrency=AT_ONCE, show_progress=False, batch_size=BATCH)
    made = asyncio.run(call)
    if hasattr(made.array, "__arrow_array__"):
        values = made.array.__arrow_array__().combine_chunks().values
        return np.asarray(values).reshape(len(rows), LENGTH)
    return made.tolist()


def kept(rows: list[str]) -> Any:
    """`nx.embed` with a new cache."""
    return ours(rows, Path(os.environ["BENCH_CACHE"]) / "answers.db")


CONTENDERS: dict[str, Callable[[list[str]], Any]] = {
    "openai": sdk,
    "openai-float": functools.partial(sdk, encoding_format="float"),
    "openaivec": openaivec,
    "nexhina": ours,
    "nexhina-float": functools.partial(ours, floats=True),
    "nexhina-new-cache": kept,
    "nexhina-all-known": kept,
}
FEWER = 10  # times fewer rows where one would wait for minutes
SLOW = {"openai-float"}
FAULTS: dict[str, dict[str, float]] = {
    "none": {},
    "mild": {"p429": 0.05, "retry_after": 1.0, "p500": 0.03},
    "hard": {"p429": 0.25, "retry_after": 1.0, "p500": 0.05, "p_drop": 0.02},
    "rate": {"rps": 20, "burst": 5, "retry_after": 1.0},
    "cap": {"max_inflight": 6, "retry_after": 1.0},
}


def run(name: str, count: int) -> None:
    """One contender in this process; prints its figures."""
    rows = texts(count // FEWER if name in SLOW else count)
    CONTENDERS[name](rows[:1])  # imports and first connection
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, worked = time.perf_counter(), time.process_time()
    made = CONTENDERS[name](rows)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    expected = [slot(text) for text in rows]
    right = all(np.allclose(made[at], bank()[expected[at]]) for at in range(len(rows)))
    figures = {
        "rate": len(rows) / seconds, "cpu": cpu / len(rows) * 1e6,
        "peak": peak, "above": peak - before, "right": right,
    }  # fmt: skip
    print(json.dumps(figures))


def one(name: str, options: argparse.Namespace, folder: str) -> dict[str, float] | None:
    """The figures of one contender; None if it gave up."""
    python = options.openaivec if name == "openaivec" else sys.executable
    command = [python, __file__, "--run", name, "--rows", str(options.rows)]
    environ = os.environ | {
        "NEXHINA_HOME": folder, "BENCH_CACHE": folder,
        "OPENAI_API_KEY": "sk-mock", "OPENAI_BASE_URL": BASE_URL,
    }  # fmt: skip
    done = subprocess.run(command, env=environ, text=True, capture_output=True, check=False)
    if done.returncode:
        print(name, "gave up:", (done.stderr.strip().splitlines() or ["?"])[-1][:200])
        return None
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(options: argparse.Namespace) -> None:
    """All contenders in turn, and the medians."""
    names = options.names or [
        name for name in CONTENDERS if name != "openaivec" or options.openaivec
    ]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, runs in found.items():
                set_faults(options)
                figures = one(name, options, folder)
                runs += [] if figures is None else [figures]
    print("| client | rows/s | CPU µs/row | peak MB | above MB | all right |")
    print("|---|---|---|---|---|---|")
    for name, runs in found.items():
        if not runs:
            print(f"| {name} | gave up | – | – | – | – |")
            continue
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print(
            f"| {name} | {middle['rate']:,.0f} | {middle['cpu']:,.0f} | {middle['peak']:,.0f} | "
            f"{middle['above']:,.0f} | {all(run['right'] for run in runs)} |"
        )


def set_faults(options: argparse.Namespace) -> None:
    """Tell the other mock how to fail, each contender from the same beginning."""
    if options.tools:
        knobs = {"latency_ms": options.latency * 1000, "seed": 1} | FAULTS[options.faults]
        body = json.dumps(knobs).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/admin", body).close()


def main() -> None:
    """Start the mock, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*CONTENDERS, []], metavar="NAME")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--openaivec", metavar="PYTHON")
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--faults", choices=[*FAULTS], default="none")
    parser.add_argument("--run", choices=[*CONTENDERS], help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.latency)
    if options.run:
        return run(options.run, options.rows)
    if options.faults != "none" and not options.tools:
        parser.error("--faults needs the mock of --tools")
    mock = [sys.executable, __file__, "--serve", "--latency", str(options.latency)]
    if options.tools:
        mock = [sys.executable, str(options.tools / "mock_upstream.py"), "--port", str(PORT)]
    with subprocess.Popen(mock) as process:
        time.sleep(3)
        try:
            measure(options)
        finally:
            process.terminate()
    return None


if __name__ == "__main__":
    main()
