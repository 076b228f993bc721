"""Recordings → their texts: one call, and a whole column of them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.inputs import STOPPED
from nexhina_nb.batch.tally import Bill, Tally
from nexhina_nb.batch.verdicts import Verdict, in_words, judge
from nexhina_nb.client import Client, TranscriptReply
from nexhina_nb.client.texts import is_missing
from nexhina_nb.errors import BadInput, NexhinaError, Stopped, UnsupportedMedia
from nexhina_nb.magics.commands import recordings
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price, priced
from nexhina_nb.magics.commands.inputs import frame_column
from nexhina_nb.magics.commands.rows import failed, show_frame
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Hearing
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.widgets.progress import shown

TEXT = "text"


@dataclass(frozen=True, slots=True)
class Hear:
    """What is asked about recordings."""

    verb: Literal["transcribe", "translate"]
    model: str
    options: Mapping[str, Any]

    def send(self, client: Client, recording: Any, **more: Any) -> Any:
        """Make the call: a reply, or a stream of one."""
        return getattr(client, self.verb)(recording, model=self.model, **self.options, **more)

    def estimate(self, found: Sequence[Any]) -> Estimate:
        """What it would cost; a length that cannot be told makes all of it unknown."""
        lengths = [recordings.seconds_of(recording) for recording in found]
        known = [length for length in lengths if length is not None]
        seconds = sum(known) if len(known) == len(lengths) else None
        return price(self.verb, "", model=self.model, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Paths:
    """A column of paths, what was heard at each of them, and why nothing was."""

    table: Table
    rows: Sequence[str | None]
    bad: Mapping[int, str]
    texts: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, table: Table, column: Any) -> Paths:
        """The paths of a column. Raises BadInput if there are none."""
        values = table.values(column)
        bad = {row: why for row, value in enumerate(values) if (why := _problem(value))}
        rows = [None if row in bad else str(value) for row, value in enumerate(values)]
        if len(bad) == len(rows):
            raise BadInput(f"the column {column!r} holds no paths", hint="name a column of paths")
        return cls(table, rows, bad)

    @property
    def each(self) -> Mapping[str, int]:
        """The different paths, and in how many rows each stands."""
        return Counter(path for path in self.rows if path is not None)

    def errors(self) -> dict[int, str]:
        """The rows without a text, and why."""
        found = dict(self.bad)
        for row, path in enumerate(self.rows):
            if path is not None and path not in self.texts:
                found[row] = self.lost.get(path, STOPPED)
        return found

    def frame(self, error: str) -> Any:
        """The frame with its texts, and with the reasons in the column ``error``."""
        why = self.errors()
        texts = [None if path is None else self.texts.get(path) for path in self.rows]
        columns: dict[str, Column] = {TEXT: Values(str, texts)}
        if why:
            columns[error] = Values(str, [why.get(row) for row in range(len(texts))])
        return self.table.having(columns, without=() if why else (error,)).native


def _problem(value: Any) -> str:
    if is_missing(value):
        return "missing: there is no path"
    if not isinstance(value, (str, Path)):
        return f"not_a_path: a {type(value).__name__} stands where a path should"
    return "" if str(value) else "empty: the path is empty"


def hear_column(context: Context, args: Hearing, hear: Hear) -> Note | None:
    """A frame with a column of paths → the same kind of frame with their texts. Raises Stopped when
    interrupted; the frame so far is kept.
    """
    frame, column = frame_column(context, args)
    table, error = Table.of(frame), f"{hear.verb}_error"
    table.check_new((TEXT, error), column)
    paths = Paths.read(table, column)
    if (note := priced(context, args, partial(_estimate, hear, paths))) is not None:
        return note
    watch, tally = Stopwatch(), Tally(len(paths.rows))
    try:
        _hear_all(context, hear, paths, tally)
    except KeyboardInterrupt:
        words = f"{hear.verb} was stopped with {tally.done:,} of {tally.total:,} rows done"
        raise Stopped(words, partial=paths.frame(error)) from None
    finally:
        made = paths.frame(error)
        if tally.bills:
            context.state.costs.append(tally.cost)
            context.names.assign(args.out, made)
    facts = {"model": hear.model, "cost": tally.cost.as_json(), **watch.facts()}
    told = [f'"{TEXT}" holds what was said', *failed(tally.failed, tally.total, error)]
    context.names.assign(args.out, made)
    show_frame(context, args.out, made, facts, told)
    return None


def _estimate(hear: Hear, paths: Paths) -> Estimate:
    found = []
    for path in paths.each:
        with contextlib.suppress(BadInput):  # nothing is sent for it
            found.append(recordings.checked(path))
    return hear.estimate(found)


def _is_of_one(error: NexhinaError) -> bool:
    """Whether another recording may fare better."""
    return isinstance(error, (BadInput, UnsupportedMedia)) or judge(error) is Verdict.SPLIT


def _hear_all(context: Context, hear: Hear, paths: Paths, tally: Tally) -> None:
    """Hear each path. Raises what no other recording would fare better with."""
    client = connect(context)
    tally.failed += len(paths.bad)
    with shown(hear.verb, enabled=context.origin.is_watched) as report:
        for path, rows in paths.each.items():
            try:
                reply: TranscriptReply = hear.send(client, recordings.checked(path))
            except NexhinaError as error:
                if not _is_of_one(error):
                    raise
                paths.lost[path] = in_words(error)
                tally.failed += rows
            else:
                paths.texts[path] = reply.text
                tally.sent += 1
                tally.billed(Bill(reply.cost, model=reply.model, request_id=reply.request_id))
                tally.answered(rows)
            report(tally.progress())
        report(tally.progress(finished=True))
