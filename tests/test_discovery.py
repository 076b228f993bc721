"""The discovery file: private, whole, and never a ghost."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nexhina_nb import discovery
from nexhina_nb.discovery import Running
from nexhina_nb.errors import ConfigError
from nexhina_nb.secret import Secret


def _running(pid: int | None = None) -> Running:
    return Running("http://127.0.0.1:1/v1", pid or os.getpid(), Secret("sk-x"), "sqlite:///x")


def test_round_trip(tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert discovery.find(home) is None
    assert not home.exists()
    with discovery.holding(home):
        assert discovery.is_held(home)
        assert discovery.find(home) is None
        path = discovery.announce(home, _running())
        assert discovery.find(home) == _running()
        for file in (path, home / discovery.LOCK_NAME):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not path.exists()
    assert not discovery.is_held(home)
    assert discovery.find(home) is None


def test_a_file_that_nobody_holds_is_no_gateway(tmp_path: Path) -> None:
    discovery.announce(tmp_path, _running())
    assert discovery.find(tmp_path) is None
    with discovery.holding(tmp_path):
        assert not (tmp_path / discovery.FILE_NAME).exists()


def test_what_a_killed_gateway_leaves_is_no_gateway(tmp_path: Path) -> None:
    """Its process number may be anybody's by now: here it is this very process's."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom nexhina_nb import discovery\n"
        "from nexhina_nb.secret import Secret\nhome, pid = Path(sys.argv[1]), int(sys.argv[2])\n"
        "with discovery.holding(home):\n"
        "    discovery.announce(home, discovery.Running('http://h/v1', pid, Secret('sk-x')))\n"
        "    print('ready', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(os.getpid())]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = discovery.find(tmp_path)
        assert found is not None
        assert found.pid == os.getpid()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / discovery.FILE_NAME).exists()
    assert discovery.find(tmp_path) is None


def finders(home: Path, found: list[Running | None]) -> list[threading.Thread]:
    """Threads that look for a gateway, all at once, again and again."""
    threads = [
        threading.Thread(target=lambda: found.extend(discovery.find(home) for _ in range(300)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    return threads


def test_finders_do_not_take_each_other_for_a_gateway(tmp_path: Path) -> None:
    with discovery.holding(tmp_path):
        pass
    discovery.announce(tmp_path, _running())
    found: list[Running | None] = []
    for thread in finders(tmp_path, found):
        thread.join()
    assert found == [None] * 1800


def test_finders_do_not_keep_a_gateway_out(tmp_path: Path) -> None:
    with discovery.holding(tmp_path):
        pass
    threads = finders(tmp_path, [])
    for _ in range(3):
        with discovery.holding(tmp_path):
            assert discovery.is_held(tmp_path)
    for thread in threads:
        thread.join()


def test_one_gateway_a_home(tmp_path: Path) -> None:
    with (
        discovery.holding(tmp_path),
        pytest.raises(ConfigError, match="another gateway runs on"),
        discovery.holding(tmp_path),
    ):
        pass
    with discovery.holding(tmp_path):
        discovery.announce(tmp_path, _running())
        assert discovery.find(tmp_path) == _running()


def test_a_gateway_is_found_in_a_home_that_cannot_be_written_to(tmp_path: Path) -> None:
    with discovery.holding(tmp_path):
        discovery.announce(tmp_path, _running())
        (tmp_path / discovery.LOCK_NAME).chmod(0o400)
        tmp_path.chmod(0o500)
        try:
            assert discovery.find(tmp_path) == _running()
        finally:
            tmp_path.chmod(0o700)


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nobody/home")):
        assert discovery.find(home) is None
        with pytest.raises(ConfigError, match="cannot be used"), discovery.holding(home):
            pass


def test_a_dead_process_is_no_gateway(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with discovery.holding(tmp_path):
        discovery.announce(tmp_path, _running(process.pid))
        assert discovery.find(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"base_url": 1}', '{"base_url": "", "pid": "x", "key": ""}', "null"]
    + [f'{{"base_url": "", "pid": {pid}, "key": ""}}' for pid in ("1e999", "9" * 30, "-1")],
)
def test_a_broken_file_is_no_gateway(text: str, tmp_path: Path) -> None:
    with discovery.holding(tmp_path):
        (tmp_path / discovery.FILE_NAME).write_text(text)
        assert discovery.find(tmp_path) is None


def test_nobody_has_number_zero() -> None:
    assert not discovery.is_alive(0)
    assert discovery.is_alive(os.getpid())
