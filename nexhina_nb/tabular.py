"""DataFrames in, DataFrames out: `embed` and `rerank` for whole columns.

This is where the parts of a batch are put together: the frame, the client, the cache on disk, the
display of progress. `embed_table` and `rerank_table` also say what it cost, for the magics.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.background import carry_out
from nexhina_nb.batch.desk import Desk, open_desk
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.inputs import Inputs, read
from nexhina_nb.batch.options import Errors, Options, Outcome, check_count, outcome_of, priced
from nexhina_nb.batch.ranked import (
    ERROR,
    RANK,
    SCORE,
    Ranked,
    joined,
    ranked,
    repeated,
    table_of,
)
from nexhina_nb.batch.rerank import Part as RerankPart, Reranking, RerankWork
from nexhina_nb.batch.runner import Answer, Part, Work
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.cost import Cost
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.texts import checked
from nexhina_nb.errors import BadInput, Stopped
from nexhina_nb.origin import current_origin
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.widgets.progress import shown

SUFFIX = "_document"  # of names that two frames share


def embed(
    frame: Any,
    column: Any,
    *,
    model: str | None = None,
    client: Any = None,
    into: str = "embedding",
    dimensions: int | None = None,
    batch_size: int | None = None,
    max_concurrency: int | None = None,
    errors: Errors = "column",
    cache: bool | str | Path = True,
    progress: bool = True,
    budget: Decimal | str | float | None = None,
    dry_run: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Any:
    """A frame and one of its columns → the same kind of frame with one column more, the vectors.

    ``frame`` is of pandas, polars (a LazyFrame is collected, and comes back lazy) or pyarrow; rows,
    order, index and the other columns stay. The vectors are float32: ``Array`` in polars,
    fixed-size lists of Arrow in pandas (objects if pyarrow is not installed; from Parquet, pandas
    reads such a column with ``dtype_backend="pyarrow"``). `nexhina_nb.matrix` makes an array of
    them.

    Equal texts are sent once. Answers are kept on disk as they come (``cache``: a path for another
    file, False for none), so that running again, also after an interrupt or a crash, sends only
    what was not answered. Rows that go wrong have no vector, and the column ``{into}_error`` says
    why; with ``errors="raise"`` that is a BatchFailed at the end, with the frame in ``.partial``.

    ``dry_run`` gives the Estimate of what would be sent; ``budget`` (USD) refuses before anything
    is sent. ``batch_size`` is the most texts in a request, ``max_concurrency`` the most requests at
    once. A client that was made with a ``http_client`` of its own is used in threads.

    Raises BadInput before anything is sent; APIError or ConnectionFailed for what stops the whole
    batch; Stopped, with the frame so far in ``.partial``, on an interrupt.
    """
    options = Options(
        model, client, batch_size, max_concurrency, errors, cache, progress, budget, dry_run,
        tags or {},
    )  # fmt: skip
    found = embed_table(frame, column, options, into=into, dimensions=dimensions)
    return found if isinstance(found, Estimate) else found.frame


def embed_table(
    frame: Any, column: Any, options: Options, *, into: str, dimensions: int | None
) -> Outcome | Estimate:
    """`embed`, with what it took."""
    check_count("dimensions", dimensions)
    if not isinstance(into, str):
        raise BadInput(f"into cannot be {into!r}", hint="a text: the name of the new column")
    table = Table.of(frame)
    values = table.values(column)
    table.check_new((into, f"{into}_error"), column)
    inputs = read(values, f"the column {column!r}")
    tally = Tally(inputs.total)
    with open_desk(options.client, options.cache, options.tags) as desk:
        model = options.model or desk.settings.embed_model
        wanted = Embedding(model, dimensions, options.batch_size)
        address = Address("embed", desk.gateway, model, dimensions=dimensions)
        work = EmbedWork(inputs, wanted, address, desk.cache, tally)
        work.look_up()
        parts = list(work.parts())
        calls = (_embed_call(inputs, part) for part in parts)
        if (estimated := priced(options, "embed", calls, model, ([], {}))) is not None:
            return estimated

        def so_far() -> Any:
            return _embedded(table, work, into, work.errors_so_far())

        _run("embed", desk, work, parts, tally, options, so_far)
    why = work.errors()
    outcome = outcome_of(_embedded(table, work, into, why), tally, model, options, why)
    return replace(outcome, length=work.length)


def _embedded(table: Table, work: EmbedWork, into: str, why: Mapping[int, str]) -> Any:
    columns: dict[str, Column] = {into: work.column()}
    if why:
        columns[f"{into}_error"] = Values(str, [why.get(row) for row in range(len(table))])
    # The error column of an earlier run must not outlive its errors.
    return table.having(columns, without=() if why else (f"{into}_error",)).native


def rerank(
    frame: Any,
    other: Any = None,
    /,
    on: Any = "text",
    *,
    query: Any = None,
    top_n: int | None = None,
    model: str | None = None,
    client: Any = None,
    batch_size: int | None = None,
    max_concurrency: int | None = None,
    errors: Errors = "column",
    cache: bool | str | Path = True,
    progress: bool = True,
    budget: Decimal | str | float | None = None,
    dry_run: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Any:
    """``rerank(frame, query, on="text")`` → the rows in falling order of "relevance_score", with
    their "rank" from 1.

    ``rerank(queries, documents, query="q", on="text")`` takes two frames: each query of the first
    (its column ``query``) ranks the documents of the second (its column ``on``). There is one row
    for each query and document, with the columns of both; names that both have end in "_document".

    ``top_n`` keeps the best so many, of each query. Rows that go wrong come last, without a rank
    and with the reason in "rerank_error"; ``top_n`` leaves them out. The other options are those of
    `embed`. All documents of a query travel in one request unless ``batch_size`` says otherwise or
    the gateway refuses: models that compare documents with each other need them together.
    """
    options = Options(
        model, client, batch_size, max_concurrency, errors, cache, progress, budget, dry_run,
        tags or {},
    )  # fmt: skip
    found = rerank_table(frame, other, options, on=on, query=query, top_n=top_n)
    return found if isinstance(found, Estimate) else found.frame


def rerank_table(
    frame: Any, other: Any, options: Options, *, on: Any, query: Any, top_n: int | None
) -> Outcome | Estimate:
    """`rerank`, with what it took."""
    check_count("top_n", top_n)
    asking, table, queries = _asked(frame, other, query)
    documents = read(table.values(on), f"the column {on!r}")
    table.check_new((SCORE, RANK, ERROR), on)
    tally = Tally(documents.total * len(queries.texts))
    with open_desk(options.client, options.cache, options.tags) as desk:
        model = options.model or desk.settings.rerank_model
        wanted = Reranking(model, top_n, options.batch_size)
        address = Address("rerank", desk.gateway, model, top_n=top_n)
        work = RerankWork(queries.texts, documents, wanted, address, desk.cache, tally)
        work.look_up()
        parts = work.parts()
        calls = (_rerank_call(queries, work, part) for part in parts)
        if (estimated := priced(options, "rerank", calls, model, ("", {}))) is not None:
            return estimated

        def made() -> Any:
            return _reranked(asking, table, queries, documents, work, top_n)

        _run("rerank", desk, work, parts, tally, options, made)
    outcome = outcome_of(made(), tally, model, options, work.errors())
    first = ranked(work.rankings[0], documents, top_n) if work.rankings else Ranked()
    return replace(outcome, best=table_of(first, documents))


def _embed_call(inputs: Inputs, part: Sequence[int]) -> Call:
    return [inputs.texts[place] for place in part], {}


def _rerank_call(queries: Inputs, work: RerankWork, part: RerankPart) -> Call:
    return queries.texts[part.query], {"documents": work.texts(part)}


def _asked(frame: Any, other: Any, query: Any) -> tuple[Table | None, Table, Inputs]:
    """The frame of queries if there is one, the frame of documents, the queries."""
    if other is None or isinstance(other, str):
        if other is not None and query is not None:
            raise BadInput("there are two queries", hint="leave one of them out")
        text = checked(query if other is None else other, "the query")
        return None, Table.of(frame), _good([text], "the query")
    if query is None:
        raise BadInput("with two frames the column of queries is needed", hint='query="column"')
    asking, table = Table.of(frame), Table.of(other)
    asking.names_beside(table, SUFFIX)  # whether they fit is to be known before anything is sent
    return asking, table, _good(asking.values(query), f"the column {query!r}")


def _good(values: Sequence[Any], what: str) -> Inputs:
    queries = read(values, what)
    if queries.bad:
        row, why = min(queries.bad.items())
        raise BadInput(f"row {row} of {what}: {why}", hint="drop or fill such rows first")
    return queries


def _reranked(
    asking: Table | None,
    table: Table,
    queries: Inputs,
    documents: Inputs,
    work: RerankWork,
    top_n: int | None,
) -> Any:
    rankings = [ranked(work.rankings[place], documents, top_n) for place in queries.place]
    rows = joined(rankings)
    made = table.take(rows.rows)
    if asking is not None:
        times = [len(ranking.rows) for ranking in rankings]
        made = asking.take(repeated(range(len(asking)), times)).beside(made, SUFFIX)
    columns = rows.columns()
    return made.having(columns, without=() if ERROR in columns else (ERROR,)).native


def _run(
    verb: str,
    desk: Desk,
    work: Work[Part, Answer],
    parts: Sequence[Part],
    tally: Tally,
    options: Options,
    so_far: Callable[[], Any],
) -> None:
    """Ask for the parts, and show how far that is."""
    most = options.max_concurrency or desk.settings.max_concurrency
    cost = Cost()  # unknown if it does not come to its end: calls under way are billed too
    try:
        with shown(verb, enabled=options.progress) as report:
            if parts:
                carry_out(work, parts, _attributed(desk), most, tally, report)
            cost = tally.cost
            report(tally.progress(finished=True))
    except KeyboardInterrupt:
        is_kept = desk.cache is not None and not desk.cache.fault
        again = "; run it again to go on" if is_kept else ""
        raise Stopped(
            f"{verb} was stopped with {tally.done:,} of {tally.total:,} rows done{again}",
            partial=so_far(),
        ) from None
    finally:
        if tally.bills:
            options.costs.append(cost)


def _attributed(desk: Desk) -> Shell:
    """The client; the gateway of this machine learns which notebook and cell is calling."""
    client = desk.connected()
    if desk.gateway:
        return client
    with contextlib.suppress(BadInput):  # too much for a header is not told
        return client.with_tags(**{**current_origin().tags(), **client.tags})
    return client
