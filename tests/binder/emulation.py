"""What Binder would do with this repository, step by step and without Docker: on demand.

    python -m pytest tests/binder/emulation.py -s

It asks repo2docker for its Dockerfile, makes an environment of the versions that its base image
holds (read from its own lock file), installs a clean copy of the tree as `binder/` says, starts
JupyterLab through `binder/start`, waits for the gateway, runs the tour, and prints the memory that
all of it took. About five minutes; it needs the Python and npm registries.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
# What Binder gives a visitor at the least.
LEAST_MEMORY = 1 << 30
PINNED = re.compile(
    r"^(jupyter|jupyterlab|ipy|ipykernel|ipywidgets|notebook|tornado|nb|comm|trait)"
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git would check out."""
    copy = tmp_path_factory.mktemp("binder") / "repository"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with repo2docker; its bin folder."""
    return _environment(tmp_path_factory.mktemp("tools"), "jupyter-repo2docker")


@pytest.fixture(scope="module")
def image(tools: Path, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the image would hold, with this package in it; its bin folder."""
    folder = next(tools.parent.glob("lib/python*/site-packages/repo2docker/buildpacks/conda"))
    lock = (folder / "environment.py-3.11-linux-64.lock").read_text()
    found = re.findall(r"/([\w.-]+)-([\d.]+)-[\w.]+\.(?:conda|tar\.bz2)", lock)
    # Conda parts some packages that are one on the Python registry.
    parts = [(re.sub("-(base|core)$", "", name), version) for name, version in found]
    pins = {name: version for name, version in parts if PINNED.match(name)}
    for conda_only in ("jupyterhub-singleuser", "jupyterlab_pygments"):
        pins.pop(conda_only, None)
    assert pins["jupyterlab"].startswith("4."), pins
    base = ["jupyterlab", "notebook", "ipykernel", "ipywidgets", "jupyter-resource-usage"]
    bin_ = _environment(
        tmp_path_factory.mktemp("image"), *base, *(f"{n}=={v}" for n, v in sorted(pins.items()))
    )
    environ = _environ(bin_) | {"HOME": str(tmp_path_factory.mktemp("home"))}
    install = ["python", "-m", "pip", "install", "-q", "-r", "binder/requirements.txt"]
    subprocess.run(install, cwd=tree, env=environ, check=True)
    subprocess.run(["binder/postBuild"], cwd=tree, env=environ, check=True)
    return bin_


def test_repo2docker_reads_the_files(tools: Path, tree: Path) -> None:
    command = [tools / "python", "-m", "repo2docker", "--no-build", "--debug", "--user-id", "1000"]
    done = subprocess.run(
        [*command, "--user-name", "jovyan", tree], capture_output=True, text=True, check=True
    )
    dockerfile = done.stdout + done.stderr
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    assert "R2D_ENTRYPOINT" in dockerfile
    assert "binder/start" in dockerfile


def test_a_visitor_gets_the_tour_with_the_gateway_running(
    image: Path, tree: Path, tmp_path: Path
) -> None:
    environ = _environ(image) | {"HOME": str(tmp_path), "NEXHINA_HOME": str(tmp_path / "nexhina")}
    port = _free_port()
    command = ["binder/start", "jupyter", "lab", f"--port={port}", "--no-browser", "--allow-root"]
    log = (tmp_path / "lab.log").open("wb")
    server = subprocess.Popen(
        [*command, "--IdentityProvider.token=visitor", "--ServerApp.port_retries=0"],
        cwd=tree, env=environ, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        status = _wait_for_gateway(port)
        idle = _memory(server.pid)
        peak = max(idle, *_run_tour(image, tree, environ, server.pid))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/?token=visitor") as page:
            first = page.url
        today = _status(port)["today"]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        log.close()
    assert status["owned"] is True
    assert status["key"] is not None
    assert "/lab/tree/notebooks/01_quickstart.ipynb" in first
    assert today["calls"] > 0
    sys.stdout.write(f"\nmemory in MB: idle {idle >> 20}, at most during the tour {peak >> 20}\n")
    assert peak < LEAST_MEMORY


def _environment(folder: Path, *requirements: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", *requirements]
    subprocess.run(pip, check=True)
    return folder / "bin"


def _environ(bin_: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXHINA_")}
    path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "VIRTUAL_ENV": str(bin_.parent)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _status(port: int) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/nexhina/api/status?token=visitor"
    with urllib.request.urlopen(url, timeout=10) as answer:
        status: dict[str, Any] = json.load(answer)
        return status


def _wait_for_gateway(port: int) -> dict[str, Any]:
    for _ in range(600):
        try:
            status = _status(port)
        except OSError:
            status = {}
        if status.get("state") == "running":
            return status
        time.sleep(0.1)
    raise AssertionError("the gateway did not come up with the server")


def _run_tour(image: Path, tree: Path, environ: dict[str, str], server: int) -> Iterator[int]:
    """Run the tour as a visitor would, cell after cell; the memory in use on the way, in bytes."""
    command = ["jupyter", "execute", "notebooks/01_quickstart.ipynb"]
    run = subprocess.Popen(command, cwd=tree, env=environ)
    while run.poll() is None:
        yield _memory(server) + _memory(run.pid)
        time.sleep(0.2)
    assert run.returncode == 0


def _memory(pid: int) -> int:
    """The memory of a process and its children that nobody shares with them, in bytes."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += process.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total
