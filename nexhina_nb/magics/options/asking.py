"""Options of the verbs that ask a chat model."""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.magics.options.base import CellCall, Kind, no_cache_row, row

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")


@dataclass(frozen=True, slots=True)
class Asking(CellCall):
    """What both ways of asking have in common."""

    system: str | None = row(Kind.TEXT, "instructions that go before the prompt", "-s", "--system")
    lang: str | None = row(Kind.TEXT, "language to answer in, such as zh or French", "--lang")
    temperature: float | None = row(
        Kind.NUMBER, "0 for the likeliest words, up to 2 for surprising ones", "-t", "--temperature"
    )
    max_tokens: int | None = row(Kind.INTEGER, "longest answer, in tokens", "--max-tokens")
    reasoning: str | None = row(
        Kind.CHOICE,
        "how much the model is to think first, where it can; what it shows of that is folded up "
        "above the answer",
        "--reasoning",
        choices=_EFFORTS,
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
    resume: int | None = row(
        Kind.INTEGER,
        "how often to ask again when the stream breaks; the answer goes on where it broke off",
        "--resume",
    )
    no_stream: bool = row(Kind.FLAG, "show the answer when it is complete", "--no-stream")
    raw: bool = row(Kind.FLAG, "show plain text, not Markdown", "--raw")


@dataclass(frozen=True, slots=True)
class Chat(Asking):
    """Options of chat."""

    seed: int | None = row(Kind.INTEGER, "same seed, same answer, where the model can", "--seed")
    stop: tuple[str, ...] = row(
        Kind.ESCAPED,
        r"end the answer before this text; \n is a line break",
        "--stop",
        repeated=True,
    )
    conversation: str | None = row(
        Kind.CONVERSATION, "conversation to go on with; it keeps its turns", "-c", "--conversation"
    )


@dataclass(frozen=True, slots=True)
class Respond(Asking):
    """Options of respond."""

    previous: str | None = row(
        Kind.REPLY, "reply to go on from, or the id of one that the gateway keeps", "--previous"
    )


@dataclass(frozen=True, slots=True)
class Ask(CellCall):
    """Options of ask."""

    frame: str | None = row(
        Kind.FRAME, "pandas or polars frame whose rows to ask about", "--from", required=True
    )
    schema: str | None = row(
        Kind.SCHEMA,
        "answers that fit a pydantic model class or a JSON Schema; each field becomes a column",
        "--schema",
    )
    into: str | None = row(
        Kind.TEXT,
        'name of the new column, "answer" unless given; with --schema the beginning of all names',
        "--into",
        metavar="NAME",
    )
    system: str | None = row(
        Kind.TEXT, "instructions that go before every prompt", "-s", "--system"
    )
    lang: str | None = row(Kind.TEXT, "language to answer in, such as zh or French", "--lang")
    temperature: float | None = row(
        Kind.NUMBER, "0 for the likeliest words, up to 2 for surprising ones", "-t", "--temperature"
    )
    max_tokens: int | None = row(Kind.INTEGER, "longest answer to a row, in tokens", "--max-tokens")
    seed: int | None = row(Kind.INTEGER, "same seed, same answer, where the model can", "--seed")
    no_cache: bool = no_cache_row()
