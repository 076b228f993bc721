"""``nexhina logs``: the usage log of the gateway, as a file for other tools."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.common import SPAN, json_option, opened, print_json, store_option
from nexhina_nb.cli.files import private
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
@click.option("--type", "type_", multiple=True, help="Only rows of this type; repeatable.")
@click.option("--channel", type=int, help="Only calls that this channel answered.")
@click.option("--group", help="Only calls of this group.")
@click.option("--request-id", help="Only this call.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@store_option
def export(
    file: Path,
    type_: tuple[str, ...],
    force: bool,
    store: str | None,
    **wanted: Any,
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
    rows = frames.logs(source, type=type_, **wanted)
    with private(file) as part:
        count = _write(rows, part, file.suffix)
    click.echo(f"{count:,} rows, {_size(file)}: {file}")


@logs.command("prune")
@click.option("--before", metavar="TIME", help="Rows before then, for example 2026-03-04.")
@click.option("--older-than", type=SPAN, help="Rows older than that, for example 90d.")
@store_option
def prune(before: str | None, older_than: int | None, store: str | None) -> None:
    """Delete old rows of the log; the ledger stays whole.

    Example: nexhina logs prune --older-than 90d
    """
    from nexhina_nb.analysis import moments
    from nexhina_nb.store.pruning import prune_logs

    moment = moments.parse(before)
    if (moment is None) == (older_than is None):
        raise BadInput("say which rows are old", hint="either --before TIME or --older-than 90d")
    limit = int(time.time()) - (older_than or 0) if moment is None else int(moment.timestamp())
    total = 0
    with opened(store) as found:
        while True:
            with found.writing() as connection:
                count = prune_logs(connection, limit)
            total += count
            if not count:
                break
    click.echo(f"{total:,} rows are deleted.")


@logs.command("stat")
@store_option
@json_option
def stat(store: str | None, as_json: bool) -> None:
    """What was spent, and the calls and tokens of the last minute. Example: nexhina logs stat"""
    from nexhina_nb.pricing.cost import format_usd, usd
    from nexhina_nb.store.log_search import LogFilter, stat_of_logs

    with opened(store) as found, found.reading() as connection:
        figures = stat_of_logs(connection, LogFilter())
    if as_json:
        print_json(figures)
        return
    spent = format_usd(usd(figures["quota"]))
    click.echo(f"{spent} spent; last minute: {figures['rpm']} calls, {figures['tpm']} tokens.")


def _check(file: Path, *, force: bool) -> None:
    if file.suffix not in (".parquet", ".csv"):
        raise BadInput(f"{file}: unknown kind of file", hint="name it .parquet or .csv")
    if file.exists() and not force:
        raise BadInput(f"{file} is there already", hint="another name, or --force")


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
