"""What an option is, and the options that verbs share."""

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
    SIZE = auto()
    MODEL = auto()
    NEW_NAME = auto()
    SCHEMA = auto()
    FUNCTION = auto()
    REPLY = auto()
    FRAME = auto()
    COLUMN = auto()
    PICTURE = auto()
    FILE = auto()  # a file to read, or a variable that holds what such a file would
    NEW_FILE = auto()
    CONVERSATION = auto()
    VERB = auto()
    CHOICE = auto()
    WORDS = auto()  # all that is no option here: a command line, read by the command itself


_PLACEHOLDERS = {
    Kind.TEXT: "TEXT",
    Kind.ESCAPED: "TEXT",
    Kind.INTEGER: "N",
    Kind.NUMBER: "X",
    Kind.USD: "USD",
    Kind.SIZE: "WIDTHxHEIGHT",
    Kind.MODEL: "MODEL",
    Kind.NEW_NAME: "VAR",
    Kind.SCHEMA: "VAR",
    Kind.FUNCTION: "VAR",
    Kind.REPLY: "VAR",
    Kind.FRAME: "FRAME",
    Kind.COLUMN: "NAME",
    Kind.PICTURE: "PATH|URL|VAR",
    Kind.FILE: "FILE",
    Kind.NEW_FILE: "PATH",
    Kind.CONVERSATION: "NAME",
    Kind.VERB: "VERB",
    Kind.WORDS: "WORDS",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a verb (``flags`` as typed), or without flags one of its arguments. A choice
    that ends with a colon stands for all that goes on after it. ``unless`` is the field that may
    be given in place of a required one; ``frame`` is the flag that names the frame of a column.
    """

    kind: Kind
    help: str
    flags: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    repeated: bool = False
    required: bool = False
    unless: str = ""
    metavar: str = ""
    frame: str = ""

    @property
    def placeholder(self) -> str:
        """How the help writes its value: ``USD``, or ``cell|model|day``."""
        return self.metavar or "|".join(self.choices) or _PLACEHOLDERS.get(self.kind, "")

    def takes(self, value: object) -> bool:
        """Whether a value is one of the choices."""
        begun = tuple(choice for choice in self.choices if choice.endswith(":"))
        text = str(value)
        return text not in begun and (value in self.choices or text.startswith(begun))

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.flags[-1] if self.flags else f"the argument {self.placeholder}"


def row(kind: Kind, help: str, *flags: str, **more: Any) -> Any:
    """A field of a verb's dataclass that is an `Option`."""
    option = Option(kind, help, flags, **more)
    default: Any = False if kind is Kind.FLAG else () if option.repeated else None
    return field(default=default, metadata={"option": option})


def frame_row(what: str) -> Any:
    """The option that names a frame to take things from."""
    return row(Kind.FRAME, f"pandas or polars frame to take {what} from", "--from")


def column_row() -> Any:
    """The option that names its column."""
    return row(Kind.COLUMN, "column of the frame that holds them", "--column", frame="--from")


def no_cache_row() -> Any:
    """The option that asks anew."""
    what = "ask for all rows of the frame, also for those whose answer is on disk"
    return row(Kind.FLAG, what, "--no-cache")


def save_row(suffixes: str) -> Any:
    """The option that names a file to write."""
    return row(Kind.NEW_FILE, f"file to write it to as well; its name ends in {suffixes}", "--save")


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
        Kind.USD, "stop before the call that may go over this, in USD", "--budget"
    )


@dataclass(frozen=True, slots=True)
class CellCall(Call):
    """Options of the calls whose text stands below the line."""

    verbatim: bool = row(Kind.FLAG, "leave {{name}} in the text as it is", "--verbatim")
