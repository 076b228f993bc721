"""`rerank`: the rows of a frame in the order of their relevance."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, Unpack

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.desk import open_desk
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.inputs import LATE, Inputs, read
from nexhina_nb.batch.options import (
    Common,
    Options,
    Outcome,
    check_count,
    common,
    outcome_of,
    priced,
)
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
from nexhina_nb.batch.rerank import Part, Ranking, Reranking, RerankWork
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.texts import checked, is_missing
from nexhina_nb.errors import BadInput
from nexhina_nb.origin import callers_level
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.prospect import is_frame
from nexhina_nb.tabular.running import carried_out, reading, stoppable

SUFFIX = "_document"  # of names that two frames share
NEW = (SCORE, RANK, ERROR)
_MANY = 'for many: rerank(frame_of_queries, frame, query="its column", on="text")'


@common
def rerank(
    frame: Any,
    other: Any = None,
    /,
    on: Any = "text",
    *,
    query: Any = None,
    top_n: int | None = None,
    **options: Unpack[Common],
) -> Any:
    """``rerank(frame, query, on="text")`` → the rows in falling order of "relevance_score", with
    their "rank" from 1.

    ``rerank(queries, documents, query="q", on="text")`` takes two frames: each query of the first
    (its column ``query``) ranks the documents of the second (its column ``on``). There is one row
    for each query and document, with the columns of both; names that both have end in "_document".
    A query that is missing or empty has no ranking: its rows say why.

    ``top_n`` keeps the best so many, of each query. Rows that go wrong come last, without a rank
    and with the reason in "rerank_error"; ``top_n`` leaves them out, and a RuntimeWarning says how
    many documents got no score, and so may be missing, and how many queries are none. The other
    options are those of `embed`. All documents of a query travel in one request unless
    ``batch_size`` says otherwise or the gateway refuses: models that compare documents with each
    other need them together. So a LazyFrame is collected, and comes back lazy.
    """
    found = rerank_table(frame, other, Options(**options), on=on, query=query, top_n=top_n)
    return found if isinstance(found, Estimate) else found.frame


def rerank_table(
    frame: Any, other: Any, options: Options, *, on: Any, query: Any, top_n: int | None
) -> Outcome | Estimate:
    """`rerank`, with what it took."""
    check_count("top_n", top_n)
    with reading("rerank"):
        asking, table, queries = _asked(frame, other, query)
        documents = read(table.each(on), f"the column {on!r}")
    table.check_new(NEW, on)
    table.take([])  # whether that can be done is to be known before anything is sent
    unasked = documents.total * len(queries.bad)  # rows of queries that are none
    tally = Tally(documents.total * len(queries.texts) + unasked, failed=unasked)
    with open_desk(options.client, options.cache, options.tags or {}) as desk:
        model = options.model or desk.settings.rerank_model
        wanted = Reranking(model, top_n, options.batch_size)
        address = Address("rerank", desk.gateway, model, top_n=top_n)
        work = RerankWork(queries.texts, documents, wanted, address, desk.cache, tally)

        def made() -> Any:
            return _reranked(asking, table, queries, documents, work, top_n)

        with stoppable("rerank", desk, tally, made):
            work.look_up()
            parts = work.parts()
            calls = (_rerank_call(queries, work, part) for part in parts)
            if (estimated := priced(options, "rerank", calls, model, ("", {}), desk)) is not None:
                return estimated
            carried_out("rerank", desk, work, parts, tally, options, made)
            if tally.is_late:
                work.fail_rest(LATE)
            reasons = {**_of_queries(queries), **work.errors()}
            outcome = outcome_of(made(), tally, model, options, reasons)
    if top_n is not None:
        _warn(work.lost(), tally.total, len(queries.bad))
    first = ranked(work.rankings[0], documents, top_n) if work.rankings else Ranked()
    return replace(outcome, best=table_of(first, documents))


def _rerank_call(queries: Inputs, work: RerankWork, part: Part) -> Call:
    return queries.texts[part.query], {"documents": work.texts(part)}


def _asked(frame: Any, other: Any, query: Any) -> tuple[Table | None, Table, Inputs]:
    """The frame of queries if there is one, the frame of documents, the queries."""
    if other is None or isinstance(other, str):
        if other is not None and query is not None:
            raise BadInput("there are two queries", hint="leave one of them out")
        text = _text(query if other is None else other)
        return None, Table.of(frame), _single(text)
    if query is None and not is_frame(other):
        raise _no_query(other)
    if query is None:
        raise BadInput("with two frames the column of queries is needed", hint='query="column"')
    asking, table = Table.of(frame), Table.of(other)
    asking.take([]).names_beside(table, SUFFIX)  # likewise, and whether the names fit
    for name in NEW:
        if asking.dtype(name) is not None:
            raise BadInput(
                f"the column {name!r} of the queries would be overwritten",
                hint="rename it first, or leave it out",
            )
    return asking, table, read(asking.values(query), f"the column {query!r}")


def _text(query: Any) -> str:
    if query is None:
        raise BadInput("rerank needs a query", hint=f'pass a text, "what is asked"; {_MANY}')
    if not isinstance(query, str) and not is_missing(query):
        raise _no_query(query)
    return checked(query, "the query")


def _no_query(found: Any) -> BadInput:
    kind = type(found).__name__
    return BadInput(f"the query is of type {kind}, not a text", hint=f"pass one text; {_MANY}")


def _warn(lost: int, total: int, unasked: int) -> None:
    told = []
    if lost:
        told.append(f"{lost:,} of {total:,} documents got no score, and the best may be among them")
    if unasked:
        told.append(f"{unasked:,} {'query is' if unasked == 1 else 'queries are'} missing or empty")
    if told:
        told.append(f"without top_n the column {ERROR!r} says why")
        warnings.warn("; ".join(told), RuntimeWarning, stacklevel=callers_level())


def _single(text: str) -> Inputs:
    queries = read([text], "the query")
    for why in queries.bad.values():
        raise BadInput(f"the query is {why}", hint="ask for something")
    return queries


def _of_queries(queries: Inputs) -> dict[int, str]:
    """Rows of queries that cannot be asked, and why."""
    return {row: f"{why} (in the query)" for row, why in queries.bad.items()}


def _reranked(
    asking: Table | None,
    table: Table,
    queries: Inputs,
    documents: Inputs,
    work: RerankWork,
    top_n: int | None,
) -> Any:
    everything = range(len(documents.texts))
    unasked = {
        row: Ranking(bad=dict.fromkeys(everything, why))
        for row, why in _of_queries(queries).items()
    }
    rankings = [
        ranked(unasked.get(row) or work.rankings[place], documents, top_n)
        for row, place in enumerate(queries.place)
    ]
    rows = joined(rankings)
    made = table.take(rows.rows)
    if asking is not None:
        times = [len(ranking.rows) for ranking in rankings]
        made = asking.take(repeated(range(len(asking)), times)).beside(made, SUFFIX)
    columns = rows.columns()
    return made.having(columns, without=() if ERROR in columns else (ERROR,)).native
