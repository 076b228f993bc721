"""The verbs for one column, a Series of pandas or polars: what `frame["text"].nx` offers.

A Series has no place for the reasons of rows that come to nothing. Such rows are null, and a
RowsFailedWarning tells how many there are and why the first one is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Unpack

import narwhals as nw

from nexhina_nb.batch.frames import Table, Values
from nexhina_nb.batch.long_texts import TooLong
from nexhina_nb.batch.options import Common, common
from nexhina_nb.batch.ranked import ERROR, SCORE
from nexhina_nb.batch.template import Template
from nexhina_nb.origin import callers_level
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular import answers, rankings, transcripts, vectors, verdicts

TEXT, ANSWER, ROW = "text", "answer", "row"


class RowsFailedWarning(RuntimeWarning):
    """Some rows of a Series have no answer."""


@common
def embed(
    series: Any,
    *,
    dimensions: int | None = None,
    too_long: TooLong = "error",
    **options: Unpack[Common],
) -> Any:
    """The vector of each text: a Series of the same length, index and name.

    Options and types are those of `nexhina_nb.embed`. Rows that go wrong are null, and a
    RowsFailedWarning says how many there are and why the first one did; with ``errors="raise"``
    that is a BatchFailed. Errors carry a frame of texts, answers so far and reasons in
    ``.partial``.
    """
    error = f"{ANSWER}_error"
    name = _name(series, ANSWER, error)
    made = vectors.embed(
        _framed(series, [name]), name, into=ANSWER, dimensions=dimensions, too_long=too_long,
        **options,
    )  # fmt: skip
    return _column(series, made, error)


@common
def rerank(
    series: Any, query: str, /, *, top_n: int | None = None, **options: Unpack[Common]
) -> Any:
    """How relevant each text is to the query: a Series of scores, of the same length, order, index
    and name, so that it can be put beside the texts. `frame.nx.rerank` sorts the rows instead.

    With ``top_n`` only the best so many have a score. The options are those of
    `nexhina_nb.rerank`; what becomes of rows that go wrong is told under `embed`.
    """
    name = _name(series, ROW, *rankings.NEW)
    frame = Table.of(_framed(series, [name]))
    numbered = frame.having({ROW: Values(nw.Int64(), range(len(frame)))})
    made = rankings.rerank(numbered.native, query, on=name, top_n=top_n, **options)
    return _column(series, _in_order(frame, made), ERROR)


@common
def ask(
    series: Any,
    prompt: str,
    /,
    *,
    schema: Any = None,
    into: str | None = None,
    system: str | None = None,
    lang: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    **options: Unpack[Common],
) -> Any:
    """Ask a chat model about each value, which stands in the prompt as ``{text}``, or under the
    name of the Series: a Series of answers, of the same length, index and name.

    With ``schema`` it is a frame with a column for each field, and with "answer_error" if rows went
    wrong; ``into`` is for these names only. Everything else is as `nexhina_nb.ask` says; what
    becomes of rows that go wrong is told under `embed`.
    """
    names = {TEXT: None, series.name: None} if isinstance(series.name, str) else {TEXT: None}
    # Only what is read: a field of the schema may have the other name.
    read = [name for name in names if name in Template.of(prompt).names]
    frame = _framed(series, read or list(names))
    # A name that the frame does not have.
    own: Any = into if schema is not None else f"{series.name}_{ANSWER}"
    made = answers.ask(
        frame, prompt, schema=schema, into=own, system=system, lang=lang, temperature=temperature,
        max_tokens=max_tokens, seed=seed, **options,
    )  # fmt: skip
    return _new(made, frame) if schema is not None else _column(series, made, f"{own}_error", own)


@common
def moderate(series: Any, **options: Unpack[Common]) -> Any:
    """The verdict on each text: a frame of the columns that `nexhina_nb.moderate` adds, with the
    same length and index; "moderate_error" is there if rows went wrong.
    """
    plan = verdicts.Moderate
    name = _name(series, *plan.names, plan.error)
    frame = _framed(series, [name])
    return _new(verdicts.moderate(frame, name, **options), frame)


@common
def transcribe(
    series: Any,
    *,
    language: str | None = None,
    prompt: str | None = None,
    temperature: float | None = None,
    **options: Unpack[Common],
) -> Any:
    """What is said in each recording, a path: a Series of the same length, index and name.

    Options are those of `nexhina_nb.transcribe`; what becomes of rows that go wrong is told under
    `embed`.
    """
    error = "transcribe_error"
    name = _name(series, ANSWER, error)
    made = transcripts.transcribe(
        _framed(series, [name]), name, into=ANSWER, language=language, prompt=prompt,
        temperature=temperature, **options,
    )  # fmt: skip
    return _column(series, made, error)


def _name(series: Any, *new: str) -> str:
    """What the column is called while the verb works on it: its own name is in what is told of it,
    unless a new column needs that.
    """
    name = series.name
    return name if isinstance(name, str) and name and name not in new else TEXT


def _framed(series: Any, names: Sequence[str]) -> Any:
    """The frame that has the Series under these names."""
    column = nw.from_native(series, series_only=True)
    frame = column.alias(names[0]).to_frame()
    return frame.with_columns(*(column.alias(name) for name in names[1:])).to_native()


def _in_order(frame: Table, made: Any) -> Any:
    """The scores of ranked rows, and the reasons if there are some, beside the rows they are of."""
    if isinstance(made, Estimate):
        return made
    ranked = nw.from_native(made, eager_only=True)
    rows = ranked[ROW].to_list()
    columns = {ANSWER: _placed(rows, ranked[SCORE].to_list(), nw.Float64(), len(frame))}
    if ERROR in ranked.columns:
        columns[ERROR] = _placed(rows, ranked[ERROR].to_list(), nw.String(), len(frame))
    return frame.having(columns).native


def _placed(rows: list[int], values: list[Any], kind: nw.dtypes.DType, total: int) -> Values:
    """Values of some rows as a column of all."""
    placed = [None] * total
    for row, value in zip(rows, values, strict=True):
        placed[row] = value
    return Values(kind, placed)


def _new(made: Any, frame: Any) -> Any:
    """The columns that are new; an Estimate as it is."""
    if isinstance(made, Estimate):
        return made
    return nw.from_native(made, eager_only=True).drop(list(frame.columns)).to_native()


def _column(series: Any, made: Any, error: str, answer: str = ANSWER) -> Any:
    """The column of answers, named like the Series; an Estimate as it is."""
    if isinstance(made, Estimate):
        return made
    frame = nw.from_native(made, eager_only=True)
    if error in frame.columns:
        _warn(frame[error].to_list())
    name: Any = series.name
    return frame[answer].alias(name).to_native()


def _warn(reasons: list[str | None]) -> None:
    failed = [row for row, why in enumerate(reasons) if isinstance(why, str)]
    if failed:
        first = failed[0]
        warnings.warn(
            f"{len(failed):,} of {len(reasons):,} rows have no answer, the first is row {first}: "
            f"{reasons[first]}",
            RowsFailedWarning,
            stacklevel=callers_level(),
        )
