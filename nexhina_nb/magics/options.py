"""Every option of ``%nexhina`` and ``%%nexhina``, once: a verb's options are the fields of a frozen
dataclass, so that what is parsed is typed. A field is one row; its metadata is an `Option`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """What may stand as the value of an option; decides how it is read and completed."""

    FLAG = auto()
    TEXT = auto()
    ESCAPED = auto()  # like TEXT, but \n and \t mean what they mean in Python
    INTEGER = auto()
    NUMBER = auto()
    USD = auto()
    MODEL = auto()
    NEW_NAME = auto()
    SCHEMA = auto()
    FUNCTION = auto()
    FRAME = auto()
    COLUMN = auto()
    PICTURE = auto()
    CONVERSATION = auto()
    VERB = auto()
    CHOICE = auto()


_PLACEHOLDERS = {
    Kind.TEXT: "TEXT",
    Kind.ESCAPED: "TEXT",
    Kind.INTEGER: "N",
    Kind.NUMBER: "X",
    Kind.USD: "USD",
    Kind.MODEL: "MODEL",
    Kind.NEW_NAME: "VAR",
    Kind.SCHEMA: "VAR",
    Kind.FUNCTION: "VAR",
    Kind.FRAME: "FRAME",
    Kind.COLUMN: "NAME",
    Kind.PICTURE: "PATH|URL|VAR",
    Kind.CONVERSATION: "NAME",
    Kind.VERB: "VERB",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a verb (``flags`` as typed), or without flags one of its arguments."""

    kind: Kind
    help: str
    flags: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    repeated: bool = False
    required: bool = False
    metavar: str = ""

    @property
    def placeholder(self) -> str:
        """How the help writes its value: ``USD``, or ``cell|model|day``."""
        return self.metavar or "|".join(self.choices) or _PLACEHOLDERS.get(self.kind, "")

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.flags[-1] if self.flags else f"the argument {self.placeholder}"


def row(kind: Kind, help: str, *flags: str, **more: Any) -> Any:
    """A field of a verb's dataclass that is an `Option`."""
    option = Option(kind, help, flags, **more)
    default: Any = False if kind is Kind.FLAG else () if option.repeated else None
    return field(default=default, metadata={"option": option})


@dataclass(frozen=True, slots=True)
class Command:
    """Options of every verb."""

    help: bool = row(Kind.FLAG, "show this page", "-h", "--help")
    traceback: bool = row(Kind.FLAG, "show the whole traceback of an error", "--traceback")


@dataclass(frozen=True, slots=True)
class Call(Command):
    """Options of the verbs that call a model."""

    model: str | None = row(
        Kind.MODEL, "model to ask; the default is a setting of the verb", "-m", "--model"
    )
    out: str | None = row(Kind.NEW_NAME, "variable to put the result into", "-o", "--out")
    dry_run: bool = row(Kind.FLAG, "show what the call would cost; send nothing", "--dry-run")
    budget: Decimal | None = row(
        Kind.USD, "send nothing if the call may cost more than this, in USD", "--budget"
    )
    verbatim: bool = row(Kind.FLAG, "leave {{name}} in the text as it is", "--verbatim")


@dataclass(frozen=True, slots=True)
class Chat(Call):
    """Options of chat."""

    system: str | None = row(Kind.TEXT, "instructions that go before the prompt", "-s", "--system")
    lang: str | None = row(Kind.TEXT, "language to answer in, such as zh or French", "--lang")
    temperature: float | None = row(
        Kind.NUMBER, "0 for the likeliest words, up to 2 for surprising ones", "-t", "--temperature"
    )
    max_tokens: int | None = row(Kind.INTEGER, "longest answer, in tokens", "--max-tokens")
    seed: int | None = row(Kind.INTEGER, "same seed, same answer, where the model can", "--seed")
    stop: tuple[str, ...] = row(
        Kind.ESCAPED,
        r"end the answer before this text; \n is a line break",
        "--stop",
        repeated=True,
    )
    json: bool = row(Kind.FLAG, "ask for a JSON object", "--json")
    schema: str | None = row(
        Kind.SCHEMA, "answer that fits a pydantic model class or a JSON Schema", "--schema"
    )
    image: tuple[str, ...] = row(
        Kind.PICTURE, "picture to show to the model; may be repeated", "--image", repeated=True
    )
    tool: tuple[str, ...] = row(
        Kind.FUNCTION,
        "Python function the model may ask for; the calls are shown, never run; may be repeated",
        "--tool",
        repeated=True,
    )
    conversation: str | None = row(
        Kind.CONVERSATION, "conversation to go on with; it keeps its turns", "-c", "--conversation"
    )
    no_stream: bool = row(Kind.FLAG, "show the answer when it is complete", "--no-stream")
    raw: bool = row(Kind.FLAG, "show plain text, not Markdown", "--raw")


@dataclass(frozen=True, slots=True)
class Embed(Call):
    """Options of embed."""

    frame: str | None = row(Kind.FRAME, "pandas or polars frame to take the texts from", "--from")
    column: str | None = row(Kind.COLUMN, "column of the frame that holds them", "--column")
    dimensions: int | None = row(
        Kind.INTEGER, "length of the vectors, where the model can", "--dimensions"
    )
    no_cache: bool = row(
        Kind.FLAG,
        "ask for all rows of the frame, also for those whose answer is on disk",
        "--no-cache",
    )


@dataclass(frozen=True, slots=True)
class Rerank(Call):
    """Options of rerank."""

    query: str | None = row(
        Kind.TEXT, "what the documents are judged by", "-q", "--query", required=True
    )
    frame: str | None = row(
        Kind.FRAME, "pandas or polars frame to take the documents from", "--from"
    )
    column: str | None = row(Kind.COLUMN, "column of the frame that holds them", "--column")
    top_n: int | None = row(Kind.INTEGER, "keep only the best so many", "-n", "--top-n")
    no_cache: bool = row(
        Kind.FLAG,
        "ask for all rows of the frame, also for those whose answer is on disk",
        "--no-cache",
    )


@dataclass(frozen=True, slots=True)
class Gateway(Command):
    """Arguments of gateway."""

    action: str | None = row(
        Kind.CHOICE, "what to do", choices=("start", "stop", "status"), required=True
    )


@dataclass(frozen=True, slots=True)
class Models(Command):
    """Arguments of models."""

    pattern: str | None = row(Kind.MODEL, "part of the name, or a glob", metavar="PATTERN")
    out: str | None = row(Kind.NEW_NAME, "variable to put the list into", "-o", "--out")


@dataclass(frozen=True, slots=True)
class Usage(Command):
    """Options of usage."""

    out: str | None = row(Kind.NEW_NAME, "variable to put the figures into", "-o", "--out")


_SINCE = "from then on: 2026-03-04, 2026-03-04T12:30, or 7d for the last seven days"
_UNTIL = "before then; of a date, all of the day"


@dataclass(frozen=True, slots=True)
class Cost(Command):
    """Options of cost."""

    by: str | None = row(
        Kind.CHOICE,
        "one row for each",
        "--by",
        choices=("model", "cell", "notebook", "day", "key"),
    )
    since: str | None = row(Kind.TEXT, _SINCE, "--since", metavar="TIME")
    until: str | None = row(Kind.TEXT, _UNTIL, "--until", metavar="TIME")
    everything: bool = row(Kind.FLAG, "with --by cell, the cells of other notebooks too", "--all")
    out: str | None = row(
        Kind.NEW_NAME, "variable to put the table into, as a pandas frame", "-o", "--out"
    )


@dataclass(frozen=True, slots=True)
class Logs(Command):
    """Options of logs."""

    key: str | None = row(Kind.TEXT, "only the key of this name, or a glob", "--key")
    model: str | None = row(Kind.MODEL, "only this model, or a glob", "-m", "--model")
    since: str | None = row(Kind.TEXT, _SINCE, "--since", metavar="TIME")
    until: str | None = row(Kind.TEXT, _UNTIL, "--until", metavar="TIME")
    type: str | None = row(
        Kind.CHOICE,
        "only rows of this type",
        "--type",
        choices=("consume", "error", "refund", "top_up", "manage", "system", "login"),
    )
    errors: bool = row(Kind.FLAG, "only calls that failed", "--errors")
    count: int | None = row(Kind.INTEGER, "show so many, 20 unless given", "-n")
    out: str | None = row(
        Kind.NEW_NAME,
        "variable to put all rows that match into, as a polars LazyFrame",
        "-o",
        "--out",
    )


@dataclass(frozen=True, slots=True)
class Conversations(Command):
    """Arguments of conversations."""

    action: str | None = row(Kind.CHOICE, "forget one, or all of them", choices=("reset",))
    name: str | None = row(Kind.CONVERSATION, "the one to forget", metavar="NAME")


@dataclass(frozen=True, slots=True)
class Login(Command):
    """Arguments of login."""

    base_url: str | None = row(Kind.TEXT, "address of the gateway, ending in /v1", metavar="URL")


@dataclass(frozen=True, slots=True)
class Help(Command):
    """Arguments of help."""

    verb: str | None = row(Kind.VERB, "verb to explain")
