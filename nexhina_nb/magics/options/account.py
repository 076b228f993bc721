"""Options of the verbs that look after gateway, key and cost."""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.magics.options.base import Command, Kind, row


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
        "one row for each; with tag:NAME, for each value of a tag of your calls",
        "--by",
        choices=("model", "cell", "notebook", "day", "key", "tag:"),
        metavar="model|cell|notebook|day|key|tag:NAME",
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
    channel: int | None = row(Kind.INTEGER, "only calls that this channel answered", "--channel")
    group: str | None = row(Kind.TEXT, "only calls of this group", "--group")
    request_id: str | None = row(Kind.TEXT, "only this call", "--request-id", metavar="ID")
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
class Redeem(Command):
    """Arguments of redeem."""

    code: str | None = row(Kind.TEXT, "the code", metavar="CODE", required=True)
    name: str | None = row(Kind.TEXT, "a name for the key, if the code has none", "--name")
    out: str | None = row(
        Kind.NEW_NAME, "variable to put the key into, which does not show it", "-o", "--out"
    )


@dataclass(frozen=True, slots=True)
class Administration(Command):
    """What follows a command of the command line."""

    words: tuple[str, ...] = row(
        Kind.WORDS, "as on the command line", repeated=True, metavar="COMMAND …"
    )
    # Not --out, which is an option of some commands.
    out: str | None = row(
        Kind.NEW_NAME,
        "variable to put a new key, codes or a table into; then it is not shown",
        "-o",
    )


@dataclass(frozen=True, slots=True)
class Help(Command):
    """Arguments of help."""

    verb: str | None = row(Kind.VERB, "verb to explain")
