"""`ask`: a prompt with places for the values of a row → the answer to each row's, as a text or as
typed columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Unpack

import narwhals as nw

from nexhina_nb import settings as settings_module
from nexhina_nb.batch.ask import AskWork, Question
from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Column, Table
from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.batch.kinds import Kind
from nexhina_nb.batch.options import Common, Options, check_count, common
from nexhina_nb.batch.rows import Part
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.template import Template
from nexhina_nb.batch.typed import FreeText, Sheet, sheet_of
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.texts import is_missing
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.estimate import Verb
from nexhina_nb.settings import Settings
from nexhina_nb.tabular.anywhere import carried
from nexhina_nb.tabular.rows import Plan, Schema

ANSWER = "answer"


@common
def ask(
    frame: Any,
    prompt: str,
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
    """Ask a chat model about each row: ``ask(frame, "Label the sentiment of: {text}")`` → the same
    kind of frame with the column "answer" (or ``into``).

    ``{column}`` stands for the row's value: a text, a number or a date as Python prints it, a list
    or a struct as JSON. ``{{`` and ``}}`` are braces. ``system`` goes before every prompt as it is;
    ``lang`` asks for the answer in a language.

    With ``schema``, a pydantic class, each field becomes a column of its own type, under its name,
    with ``into`` under "{into}_{field}": str, int, float, bool, a Literal or an Enum, date,
    datetime (in UTC; one without an offset is taken to be in UTC), lists of these, and other
    classes (structs). What has no such type, such as a dict or a union, is a text: JSON. In pandas,
    dates, lists and structs are Arrow's (objects if pyarrow is not installed), and whole numbers
    and truth values are "Int64" and "boolean" if some are missing. A JSON Schema (a dict) does the
    same, but only types, names and enums are checked here; a pydantic class checks all it says.

    Equal prompts are asked once, each in one call; ``batch_size`` has no effect. Rows that go wrong
    have no answer, and the column "answer_error" (or "{into}_error") says why: "missing" for a null
    in a column of the prompt, "schema" for an answer that does not fit, with its beginning,
    "refused", "content_filter", or "truncated" by ``max_tokens``; the text that was cut off is
    kept.

    A call whose answer is lost on the way is made again: the model may have answered the first one
    too, and both may be billed. Answers that came, refusals too, are kept on disk. A higher
    ``max_tokens`` asks only for those that were truncated; those that did not fit the schema are
    not kept: the next run asks, and pays, for these rows again.

    Lazy frames, Dask, errors and the other options are those of `embed`, but the columns are known
    without asking.

    A field takes the place of a column only if an earlier run made that, as far as can be told: all
    fields are there, with their types and values that they may have, and ``into`` is given, or
    there are several fields, or "answer_error" is there, and not beside an "answer". Else that is a
    BadInput.
    """
    lang = lang or _settings(options.get("client")).lang or None
    plan = Ask(prompt, schema, into, system, lang, temperature, max_tokens, seed)
    return carried(plan, frame, Options(**options))


def _settings(client: Any) -> Settings:
    return client.settings if isinstance(client, Shell) else settings_module.load()


@dataclass(frozen=True)
class Ask(Plan):
    """What `ask` does with each row; ``form`` is its ``schema``."""

    prompt: str
    form: Any = None
    into: str | None = None
    system: str | None = None
    lang: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    verb: ClassVar[str] = "ask"
    priced_as: ClassVar[Verb] = "chat"

    def __post_init__(self) -> None:
        check_count("max_tokens", self.max_tokens)
        if self.into is not None and not (self.into and isinstance(self.into, str)):
            hint = "a text: the name of the new column, or the beginning of several"
            raise BadInput(f"into cannot be {self.into!r}", hint=hint)
        # What is wrong with any of these is to be known before there is a frame.
        _ = self.template, self.question
        if self.error in self.names:
            raise BadInput(f"the schema has a field {self.error!r}", hint="say another into=")

    @cached_property
    def template(self) -> Template:
        """The prompt."""
        return Template.of(self.prompt)

    @cached_property
    def question(self) -> Question:
        """All of a call but the prompt and the model."""
        return Question.of(
            system=self.system,
            lang=self.lang,
            schema=self.form,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=self.seed,
        )

    @cached_property
    def sheet(self) -> Sheet | FreeText:
        """How answers are read."""
        name = self.into or ANSWER
        return FreeText(name) if self.form is None else sheet_of(self.form, name)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of answers."""
        start = f"{self.into}_" if self.into is not None and self.sheet.has_fields else ""
        return tuple(f"{start}{name}" for name in self.sheet.kinds)

    @property
    def error(self) -> str:
        """The column of reasons."""
        return f"{self.into or ANSWER}_error"

    @property
    def reads(self) -> tuple[Any, ...]:
        """The columns in the prompt."""
        return tuple(dict.fromkeys(self.template.names))

    def model(self, settings: Settings) -> str:
        """The model of the settings."""
        return settings.model

    def read(self, table: Table) -> Inputs:
        """The different prompts."""
        inputs = self.template.read(table)
        self._check_fields(table)
        return inputs

    def work(
        self, inputs: Inputs, model: str, options: Options, desk: Desk, tally: Tally
    ) -> AskWork:
        """The answers to these prompts."""
        return AskWork(inputs, model, self.question, self.sheet, desk.gateway, desk.cache, tally)

    def columns(self, work: AskWork) -> Mapping[str, Column]:
        """What the answers say."""
        return dict(zip(self.names, work.columns(), strict=True))

    def call(self, inputs: Inputs, part: Part) -> Call:
        """The conversation of a request."""
        prompt = inputs.texts[part[0]]
        return self.question.messages(prompt), {"max_tokens": self.max_tokens}

    def schema(self, settings: Settings) -> Schema:
        """Known without asking."""
        kinds = self.sheet.kinds.values()
        return {name: kind.dtype for name, kind in zip(self.names, kinds, strict=True)}

    def _check_fields(self, table: Table) -> None:
        """Raises BadInput for a column of the caller's that a field would overwrite."""
        found = [name for name in self.names if table.dtype(name) is not None]
        if not found or not self.sheet.has_fields:
            return
        hint = 'drop or rename that column, or begin the new names with something else: into="…"'
        for name in found:
            if name in self.template.names:
                raise BadInput(
                    f"the column of the prompt, {name!r}, would be overwritten", hint=hint
                )
        if not self._is_of_earlier_run(table):
            raise BadInput(
                f"the frame has a column {found[0]!r}, and the schema a field of that name",
                hint=hint,
            )

    def _is_of_earlier_run(self, table: Table) -> bool:
        """Whether the columns of the fields are those that this made before. A single one of the
        right type may well be the caller's: a label that answers are to be compared with.
        """
        of_this = table.dtype(self.error) is not None and not self._is_of_free_text(table)
        is_told = len(self.names) > 1 or self.into is not None or of_this
        pairs = zip(self.names, self.sheet.kinds.values(), strict=True)
        return is_told and all(_may_hold(table, name, kind) for name, kind in pairs)

    def _is_of_free_text(self, table: Table) -> bool:
        """Whether the column of reasons is that of a run without a schema."""
        answer = self.into or ANSWER
        return answer not in self.names and table.dtype(answer) is not None


def _may_hold(table: Table, name: str, kind: Kind) -> bool:
    """Whether a column may have been made of answers of this kind."""
    if table.dtype(name) not in (kind.dtype, nw.Object()):
        return False
    found = (value for value in table.each(name) if not is_missing(value))
    return kind.allowed is None or all(value in kind.allowed for value in found)
