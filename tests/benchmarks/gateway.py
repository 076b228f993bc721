"""What the gateway costs: CPU per request and added latency, beside a direct call and beside peers.

python tests/benchmarks/gateway.py --tools DIR [--litellm BIN] [--rounds 3] [--secs 2]

``--tools`` is a folder with the load generator `sseload`, the mock `mock_upstream` and `bench.py`,
built by `make`. Everything of the gateway is on: hashed keys, quota, ledger, log. Mock and load run
on core 1, the gateways on core 0, in interleaved rounds; the figures are medians of one run. CPU
per request repeats from run to run; requests per second compare only within one. All traffic stays
on loopback, and everything that was started here is ended here. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MOCK = "http://127.0.0.1:9100/v1"
SCENES = ("chat_c1", "chat_c32", "embed_c32", "paced_c32")


@contextlib.contextmanager
def ours(home: Path) -> Iterator[dict[str, Any]]:
    """This project's gateway in front of the mock, with prices set for its models."""
    environ = os.environ | {"NEXHINA_HOME": str(home)}
    nexhina = [sys.executable, "-m", "nexhina_nb"]
    channel = ["--name", "mock", "--type", "openai", "--base-url", MOCK]
    for arguments in (
        ["channels", "add", *channel, "--models", "mock-model,mock-embed"],
        ["prices", "set", "mock-model", "--input", "0.1", "--output", "0.4"],
        ["prices", "set", "mock-embed", "--input", "0.02"],
    ):
        subprocess.run([*nexhina, *arguments], env=environ, check=True, stdout=subprocess.DEVNULL)
    command = ["taskset", "-c", "0", *nexhina, "gateway", "serve", "--port", "0", "--json"]
    began = time.monotonic()
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield {
            "name": "nexhina_nb",
            "base_url": ready["base_url"],
            "key": ready["admin_key"],
            "pid": process.pid,
            "cold_s": time.monotonic() - began,
        }
        process.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def litellm(binary: str, home: Path, bench: Any) -> Iterator[dict[str, Any]]:
    """LiteLLM's proxy with a master key and no database: the lightest it can be."""
    config, port, key = home / "litellm.yaml", 9231, "sk-bench-only"
    params = f"api_base: {MOCK}, api_key: sk-mock"
    config.write_text(
        "model_list:\n"
        f"  - {{model_name: mock-model, litellm_params: {{model: openai/mock-model, {params}}}}}\n"
        f"  - {{model_name: mock-embed, litellm_params: {{model: openai/mock-embed, {params}}}}}\n"
        f"general_settings: {{master_key: {key}}}\n"
    )
    environ = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = ["taskset", "-c", "0", binary, "--config", str(config), "--port", str(port)]
    began = time.monotonic()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet, cwd=home) as process:
        target = {"name": "LiteLLM", "base_url": f"http://127.0.0.1:{port}/v1", "key": key}
        while time.monotonic() - began < 120:
            if bench.load(target["base_url"], key, "mock-model", 1, 0.01).get("ok"):
                break
            time.sleep(0.2)
        yield target | {"pid": process.pid, "cold_s": time.monotonic() - began}
        process.send_signal(signal.SIGTERM)


def measure(bench: Any, targets: list[dict[str, Any]], rounds: int, secs: float) -> None:
    """Load each target scene by scene, rounds interleaved, and print the medians."""
    scenes = [scene for scene in bench.SCENES if scene[0] in SCENES]
    found: dict[str, dict[str, list[Any]]] = {
        target["name"]: {scene[0]: [] for scene in scenes} for target in targets
    }
    for target in targets:
        bench.load(target["base_url"], target["key"], "mock-model", 8, 1, cpu=1)
    for _ in range(rounds):
        for target in targets:
            for scene in scenes:
                found[target["name"]][scene[0]].append(bench.scene(target, scene, secs, 1))
    direct = bench.summary(found["direct"]["chat_c1"])
    print(
        "| gateway | req/s, 32 callers | CPU µs/request | embed CPU µs/request | added p50 ms, 1 "
        "caller | CPU µs/chunk, paced | chunk delay p50 ms | memory MB | cold start s | errors |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for target in targets:
        rows = {name: bench.summary(runs) for name, runs in found[target["name"]].items()}
        print_row(target, rows, direct, bench.rss_mb(target["pid"]) if "pid" in target else None)


def print_row(target: Any, rows: Any, direct: Any, memory: float | None) -> None:
    """One line of the table."""

    def figure(scene: str, key: str, scale: float = 1, digits: int = 0) -> str:
        value = rows[scene].get(key)
        return "–" if value is None else f"{value / scale:,.{digits}f}"

    added = (rows["chat_c1"].get("p50_us", 0) - direct["p50_us"]) / 1000
    cold = target.get("cold_s")
    print(
        f"| {target['name']} | {figure('chat_c32', 'rps')} | {figure('chat_c32', 'cpu_us')} | "
        f"{figure('embed_c32', 'cpu_us')} | {added:.2f} | {figure('paced_c32', 'cpu_us_chunk')} | "
        f"{figure('paced_c32', 'chunk_delay_p50_us', 1000, 2)} | {memory or '–'} | "
        f"{'–' if cold is None else f'{cold:.2f}'} | {sum(row['err'] for row in rows.values())} |"
    )


def main() -> None:
    """Start the mock and the gateways, measure, end them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", required=True, type=Path)
    parser.add_argument("--litellm", help="path of the litellm command")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=2)
    options = parser.parse_args()
    sys.path.insert(0, str(options.tools))
    bench = importlib.import_module("bench")
    mock = bench.start_mock()
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if mock is not None:
            stack.callback(mock.wait)
            stack.callback(mock.terminate)
            os.sched_setaffinity(mock.pid, {1})
        targets = [{"name": "direct", "base_url": MOCK, "key": "x"}]
        targets.append(stack.enter_context(ours(home / "ours")))
        if options.litellm:
            targets.append(stack.enter_context(litellm(options.litellm, home, bench)))
        for target in targets:
            target |= {"model": "mock-model", "embed_model": "mock-embed"}
        measure(bench, targets, options.rounds, options.secs)


if __name__ == "__main__":
    main()
