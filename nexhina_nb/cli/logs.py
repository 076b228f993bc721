"""``nexhina logs``: the usage log of the gateway, as a file for other tools."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nexhina_nb.cli.common import store_option
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    import polars as pl

_TIME = "2026-03-04, 2026-03-04T12:30, or 7d for the last seven days"


@click.group()
def logs() -> None:
    """The usage log of the gateway: one row for each call."""


@logs.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", metavar="TIME", help=f"Rows from then on: {_TIME}.")
@click.option("--until", metavar="TIME", help="Rows before then; of a date, all of the day.")
@click.option("--key", multiple=True, help="Only the key of this name, or a glob; repeatable.")
@click.option("--model", multiple=True, help="Only this model, or a glob; repeatable.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@store_option
def export(
    file: Path,
    since: str | None,
    until: str | None,
    key: tuple[str, ...],
    model: tuple[str, ...],
    force: bool,
    store: str | None,
) -> None:
    """Write the log to FILE.parquet or FILE.csv, which only you can read.

    The gateway may run meanwhile. Times are UTC, money is quota: 500,000 are 1 USD. `nx.logs(FILE)`
    reads both.
    """
    from nexhina_nb.analysis import frames
    from nexhina_nb.settings import load

    _check(file, force=force)
    settings = load(store=store)
    source = frames.store_url(settings)
    rows = frames.logs(source, since=since, until=until, key=key, model=model)
    with _private(file) as part:
        count = _write(rows, part, file.suffix)
    click.echo(f"{count:,} rows, {_size(file)}: {file}")


def _check(file: Path, *, force: bool) -> None:
    if file.suffix not in (".parquet", ".csv"):
        raise BadInput(f"{file}: unknown kind of file", hint="name it .parquet or .csv")
    if file.exists() and not force:
        raise BadInput(f"{file} is there already", hint="another name, or --force")


@contextlib.contextmanager
def _private(file: Path) -> Iterator[Path]:
    """A file for its owner only, which gets its name when it is whole."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield part
        part.replace(file)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _write(rows: pl.LazyFrame, path: Path, suffix: str) -> int:
    """Batch by batch; the number of rows."""
    import polars as pl

    if suffix == ".parquet":
        rows.sink_parquet(path, engine="streaming")
        written = pl.scan_parquet(path)
    else:
        rows.sink_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ", engine="streaming")
        written = pl.scan_csv(path, infer_schema=False)
    count: int = written.select(pl.len()).collect().item()
    return count


def _size(file: Path) -> str:
    size = float(file.stat().st_size)
    for unit in ("bytes", "KB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} MB"
