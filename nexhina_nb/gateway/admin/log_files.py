"""The usage log as a file (CSV or Parquet), made and sent a batch at a time: memory does not grow
with the log, and no transaction stays open while somebody's line is slow.
"""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from nexhina_nb.errors import BadInput
from nexhina_nb.store.db import Store
from nexhina_nb.store.log_search import COLUMNS, LogFilter, batch_of_logs

Rows = list[dict[str, Any]]
_PIECE = 1 << 16
_KINDS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


async def log_file(store: Store, wanted: LogFilter, name: str) -> Response:
    """All rows, newest first, as a download. Raises BadInput for another kind of file."""
    if name not in _KINDS:
        raise BadInput(f"there is no format {name!r}", hint=" or ".join(_KINDS))
    batches = _batches(store, wanted)
    # Before the answer begins, so that what fails is still told as an error.
    first = await run_in_threadpool(next, batches, Rows())
    rows = itertools.chain([first], batches)
    pieces = _lines(rows) if name == "csv" else _pieces(await run_in_threadpool(_parquet, rows))
    headers = {"content-disposition": f'attachment; filename="nexhina-logs.{name}"'}
    return StreamingResponse(pieces, media_type=_KINDS[name], headers=headers)


def _batches(store: Store, wanted: LogFilter) -> Iterator[Rows]:
    last: int | None = None
    while True:
        with store.reading() as connection:
            rows = batch_of_logs(connection, wanted, last)
        if not rows:
            return
        last = rows[-1]["id"]
        yield rows


def _lines(batches: Iterator[Rows]) -> Iterator[str]:
    head: Rows = [{name: name for name in COLUMNS}]
    for rows in itertools.chain([head], batches):
        text = io.StringIO()
        csv.writer(text).writerows([row[name] for name in COLUMNS] for row in rows)
        yield text.getvalue()


def _parquet(batches: Iterator[Rows]) -> IO[bytes]:
    """A file without a name: it is gone as soon as it is closed, whatever happens."""
    import polars as pl  # noqa: PLC0415 - heavy, and only this needs it
    from polars.io.plugins import register_io_source  # noqa: PLC0415 - likewise

    kinds = {int: pl.Int64(), bool: pl.Boolean(), str: pl.String()}
    schema = {name: kinds[kind] for name, kind in COLUMNS.items()}

    def frames(*_: Any) -> Iterator[pl.DataFrame]:
        for rows in batches:
            yield pl.DataFrame(rows, schema=schema)

    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        register_io_source(frames, schema=schema).sink_parquet(file, engine="streaming")
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
