"""`logs`: the usage log, wherever it is, as a polars LazyFrame with one schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from glob import glob
from pathlib import Path
from typing import Any

import polars as pl

from nexhina_nb import discovery, settings as settings_module
from nexhina_nb.analysis.facts import rows_as_columns
from nexhina_nb.analysis.moments import Moment
from nexhina_nb.analysis.schema import RECORDED, conform
from nexhina_nb.analysis.selection import Names, Selection, Types
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.settings import Settings

# what `logs` reads: None is the store of this machine's gateway
Source = str | Path | pl.LazyFrame | pl.DataFrame | Iterable[Mapping[str, Any]] | Any

_STORE_SUFFIXES = (".db", ".sqlite", ".sqlite3")
_MOMENTS_AS_NUMBERS = ("created_at", "type")


def logs(
    source: Source = None,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    key: Names = None,
    model: Names = None,
    type: Types = None,
    channel: int | None = None,
    group: str | None = None,
    request_id: str | None = None,
    last: int | None = None,
    settings: Settings | None = None,
) -> pl.LazyFrame:
    """The usage log as a LazyFrame: one row per call, with the columns of `schema.SCHEMA`.

    ``source`` is nothing (the store of this machine's gateway, whether or not it runs), an
    SQLAlchemy URL or SQLite file, a Parquet or CSV file, glob or folder, a list of rows as
    `Client.logs` gives them, or a Client (the newest 1,000 calls of its key). A store is read when
    the frame is collected, in batches, read-only, and as it was when `logs` was called.

    ``since`` is included, ``until`` is not; both take a datetime, a date (for ``until``, all of
    that day), ISO text, or a span such as "7d" or "24h". ``key`` and ``model`` are names or globs,
    or lists of them; ``type`` is "consume", "error", "refund" and so on; ``channel``
    is a number, ``group`` and ``request_id`` are exact. ``last`` keeps the newest so many rows.
    Quota: 500,000 = 1 USD.

    Raises StoreError if there is no store, BadInput for a source that is no log.
    """
    wanted = Selection.read(
        since, until, key, model, type, channel=channel, group=group, request_id=request_id
    )
    if last is not None and last < 0:
        raise BadInput(f"last = {last} makes no sense", hint="how many rows, 0 or more")
    return read(source, wanted, last, settings)


def read(
    source: Source, wanted: Selection, last: int | None = None, settings: Settings | None = None
) -> pl.LazyFrame:
    """`logs` for a selection that has been read."""
    url = store_url(settings) if source is None else _url(source)
    if url is not None:
        from nexhina_nb.analysis.scan import scan  # noqa: PLC0415 - it loads SQLAlchemy

        return scan(url, wanted, last)
    rows = wanted.apply(_frame(source))
    return rows if last is None else rows.sort("created_at", maintain_order=True).tail(last)


def store_url(settings: Settings | None = None) -> str:
    """Where this machine's gateway keeps its log."""
    from nexhina_nb.store.db import default_url  # noqa: PLC0415 - it loads SQLAlchemy

    known = settings_module.load() if settings is None else settings
    if known.store:
        return known.store
    running = discovery.find(known.home)
    # What a gateway announces has no password in it, so that only a file can be opened by it.
    announced = running.store if running is not None else ""
    return announced if announced.startswith("sqlite:") else default_url(known.home)


def is_store(source: Source) -> bool:
    """Whether it is a database, which is slower to read than a file."""
    return source is None or _url(source) is not None


def _url(source: Source) -> str | None:
    if isinstance(source, str) and "://" in source:
        return source
    if isinstance(source, str | Path) and Path(source).suffix in _STORE_SUFFIXES:
        return f"sqlite:///{source}"
    return None


def _frame(source: Source) -> pl.LazyFrame:
    if isinstance(source, pl.LazyFrame | pl.DataFrame):
        return conform(source.lazy())
    if isinstance(source, str | Path):
        return _file(Path(source))
    if hasattr(source, "logs"):
        source = list(reversed(_asked(source)))
    if isinstance(source, Iterable) and not isinstance(source, Mapping):
        rows = list(source)
        if all(isinstance(row, Mapping) for row in rows):
            return from_rows(rows)
    raise BadInput(
        f"{kind_of(source)} is no usage log",
        hint="pass a file, a store's URL, rows of client.logs(), a Client, or a polars frame",
    )


def _asked(client: Any) -> list[dict[str, Any]]:
    rows = client.logs()
    if not isinstance(rows, list):
        if hasattr(rows, "close"):
            rows.close()  # a coroutine that nobody will await
        raise BadInput("an AsyncClient cannot be read here", hint="nx.logs(await client.logs())")
    return rows


def from_rows(rows: Iterable[Mapping[str, Any]]) -> pl.LazyFrame:
    """Rows as they travel (contract 8.1), in their order."""
    series = []
    for name, values in rows_as_columns(rows, RECORDED).items():
        dtype = pl.Int64() if name in _MOMENTS_AS_NUMBERS else RECORDED[name]
        series.append(_series(name, values, dtype))
    return conform(pl.LazyFrame(series))


def _series(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=dtype, strict=False)
    except (UnicodeEncodeError, TypeError, OverflowError):
        # half of a character, or not a value at all: other gateways send what they like
        if dtype != pl.String:
            numbers = [v if isinstance(v, int | float) else None for v in values]
            return pl.Series(name, numbers, dtype=dtype, strict=False)
        texts = [None if v is None else str(v).encode("utf-8", "replace").decode() for v in values]
        return pl.Series(name, texts, dtype=dtype)


def _file(path: Path) -> pl.LazyFrame:
    try:
        return conform(_scanned(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        if not (path.exists() or _matching(path)):
            raise BadInput(f"there is no file {path}", hint="check the path") from None
        reason = " ".join(str(error).split())
        raise BadInput(f"{path} cannot be read as a log: {reason:.200}") from None


def _scanned(path: Path) -> pl.LazyFrame:
    if path.is_dir():
        files = sorted(path.rglob("*.parquet"))
        if not files:
            raise BadInput(f"the folder {path} holds no Parquet files", hint="name a file")
        return pl.scan_parquet(files, glob=False, missing_columns="insert")
    is_pattern = not path.exists()  # what is there by this name is meant, brackets and all
    if path.suffix == ".csv":
        return pl.scan_csv(path, glob=is_pattern, infer_schema=False)
    if path.suffix in (".parquet", ".pq"):
        return pl.scan_parquet(path, glob=is_pattern, missing_columns="insert")
    raise BadInput(f"{path}: unknown kind of file", hint=".parquet, .csv or .db")


def _matching(pattern: Path) -> bool:
    return any(mark in str(pattern) for mark in "*?[") and bool(glob(str(pattern), recursive=True))
