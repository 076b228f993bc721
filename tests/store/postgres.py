"""A private PostgreSQL server for the tests: its own folder, its own port, ended with the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True)
class Server:
    """A server that runs, and can be stopped and started again."""

    folder: Path
    port: int

    def fresh_url(self, name: str) -> str:
        """The URL of a new, empty database."""
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()
        return self._url(name)

    def stop(self) -> None:
        """End it as a crash would."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 -c fsync=off"
        self._control("start", "-w", "-o", options, "-l", str(self.folder / "log"))

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def _control(self, *words: str) -> None:
        run_as_owner("pg_ctl", "-D", str(self.folder / "data"), *words)


def run_as_owner(program: str, *words: str) -> None:
    """Run a program of PostgreSQL, which refuses to serve as root."""
    command = [str(_BINARIES[-1] / program), *words]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A server until the block ends; the test is skipped where PostgreSQL is not installed."""
    pytest.importorskip("psycopg", reason='install the extra "postgres"')
    if not _BINARIES:
        pytest.skip("PostgreSQL is not installed")
    # Not below the folder of the test, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    try:
        run_as_owner(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "-N",
        )
        server = Server(folder, port)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
