"""`transcribe`: a column of paths → what is said in the recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import narwhals as nw
from narwhals import dependencies

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.batch.options import Common, Options, common
from nexhina_nb.batch.progress import Progress, Report
from nexhina_nb.batch.recordings import Recordings, read
from nexhina_nb.batch.rows import Part
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.transcribe import Hearing, TranscribeWork, TranslateWork
from nexhina_nb.errors import BadInput, Stopped
from nexhina_nb.pricing.estimate import Verb
from nexhina_nb.settings import Settings
from nexhina_nb.tabular.anywhere import carried
from nexhina_nb.tabular.rows import Plan, Schema
from nexhina_nb.widgets.progress import shown

TEXT = "text"
READING = "reading recordings"
SLOW_SECONDS = 0.5


@common
def transcribe(
    frame: Any,
    column: Any,
    *,
    into: str = TEXT,
    language: str | None = None,
    prompt: str | None = None,
    temperature: float | None = None,
    **options: Unpack[Common],
) -> Any:
    """A frame and its column of paths → the same kind of frame with one column more, what is said.

    The paths are texts or of pathlib, relative to the working directory; "~" is the home folder.
    ``language`` (ISO 639-1, "de") and ``prompt`` (names, a style) help the model.

    Each different recording is sent once, alone, and known by its content: a copy, or a file that
    was moved, costs nothing. All files are read before, piece by piece, to know that, which is
    shown if it takes long, and can be interrupted; a file is open only while it is sent, so that
    ``max_concurrency`` bounds how many are. Rows that cannot be heard have no text, and
    "transcribe_error" says why: there is no such file, it is empty, no sound, refused, or has
    changed in the meantime. Silence is an empty text. Frames, options and errors are those of
    `nexhina_nb.embed`; ``batch_size`` has no use here.
    """
    asked = Options(**options)
    # Lazy frames have one display for all their batches, partitions have none.
    is_lazy = dependencies.is_polars_lazyframe(frame) or dependencies.is_dask_dataframe(frame)
    is_shown = asked.progress and not is_lazy
    plan = Transcribe(column, into, language, prompt, temperature, is_shown)
    return carried(plan, frame, asked)


@dataclass(frozen=True)
class Transcribe(Plan):
    """What `transcribe` does with each row; ``progress``: show how far it is with the files."""

    column: Any
    into: str = TEXT
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    progress: bool = True

    verb: ClassVar[str] = "transcribe"
    priced_as: ClassVar[Verb] = "transcribe"
    hearing: ClassVar[type[TranscribeWork]] = TranscribeWork
    empty: ClassVar[Call] = "", {"seconds": 0.0}

    def __post_init__(self) -> None:
        if self.into == self.error or not (self.into and isinstance(self.into, str)):
            hint = "a text: the name of the new column"
            raise BadInput(f"into cannot be {self.into!r}", hint=hint)

    @property
    def names(self) -> tuple[str, ...]:
        """The column of texts."""
        return (self.into,)

    @property
    def error(self) -> str:
        """The column of reasons."""
        return f"{self.verb}_error"

    @property
    def reads(self) -> tuple[Any, ...]:
        """The column of paths."""
        return (self.column,)

    def model(self, settings: Settings) -> str:
        """The model of the settings."""
        return settings.transcribe_model

    def read(self, table: Table) -> Recordings:
        """The different recordings. Raises Stopped if it is interrupted."""
        values, what = table.values(self.column), f"the column {self.column!r}"
        try:
            with shown(READING, enabled=self.progress) as report:
                return read(values, what, _if_slow(report))
        except KeyboardInterrupt:
            words = f"{self.verb} was stopped while it read the recordings, before any was sent"
            raise Stopped(words) from None

    def work(
        self, inputs: Inputs, model: str, options: Options, desk: Desk, tally: Tally
    ) -> TranscribeWork:
        """The texts of these recordings."""
        assert isinstance(inputs, Recordings)
        wanted = Hearing(self.language, self.prompt, self.temperature)
        address = Address(self.verb, desk.gateway, model, **wanted.parameters())
        return self.hearing(inputs, model, wanted, address, desk.cache, tally)

    def columns(self, work: TranscribeWork) -> Mapping[str, Column]:
        """The texts."""
        return {self.into: Values(nw.String(), work.rows())}

    def call(self, inputs: Inputs, part: Part) -> Call:
        """The length of a recording."""
        assert isinstance(inputs, Recordings)
        (place,) = part
        return "", {"seconds": inputs.files[place].seconds}

    def schema(self, settings: Settings) -> Schema:
        """A text."""
        return {self.into: nw.String()}


@dataclass(frozen=True)
class Translate(Transcribe):
    """The same in English, whatever the language is."""

    verb: ClassVar[str] = "translate"
    priced_as: ClassVar[Verb] = "translate"
    hearing: ClassVar[type[TranscribeWork]] = TranslateWork


def _if_slow(report: Report) -> Report:
    def later(progress: Progress) -> None:
        if progress.seconds > SLOW_SECONDS:
            report(progress)

    return later
