"""Every verb of ``%nexhina`` and ``%%nexhina``, once.

The parser, the help pages, completion and the reference in the documentation are made from these
rows and from those of `options`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from nexhina_nb.magics.options import (
    Call,
    Chat,
    Command,
    Conversations,
    Cost,
    Embed,
    Gateway,
    Help,
    Login,
    Logs,
    Models,
    Option,
    Rerank,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its options, what runs it (``module:function`` of `commands`), and its help."""

    name: str
    summary: str
    args: type[Command]
    run: str
    is_cell: bool = False
    body: str = ""
    details: str = ""
    examples: tuple[str, ...] = ()

    @property
    def magic(self) -> str:
        """``%%nexhina`` or ``%nexhina``."""
        return "%%nexhina" if self.is_cell else "%nexhina"


def options(verb: Verb) -> Iterator[tuple[str, Option]]:
    """Field name and option: the verb's own first, then those that several verbs share."""
    every, calls = ({row.name for row in fields(shared)} for shared in (Command, Call))
    rows = sorted(fields(verb.args), key=lambda row: (row.name in every, row.name in calls))
    for row in rows:
        yield row.name, row.metadata["option"]


def find(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)


VERBS = (
    Verb(
        "chat",
        "ask a chat model; the text below the line is the prompt",
        Chat,
        "chat:chat",
        is_cell=True,
        body="prompt",
        details=(
            "The answer appears as it comes and is shown as Markdown. Interrupting the cell keeps "
            "what has come, also in the variable of --out. That variable holds a reply: its .text, "
            ".usage, .cost and .finish_reason, with --schema or --json its .parsed value. With "
            "--tool the calls that the model asks for are shown and are in .tool_calls; running "
            "them is up to you."
        ),
        examples=(
            "%%nexhina\nWhat is a p-value?",
            '%%nexhina chat -m gpt-4o -o reply --system "Answer in one line."\nSum up: {{article}}',
            "%%nexhina --schema Invoice --image scan.png -o invoice\nRead this invoice.",
        ),
    ),
    Verb(
        "embed",
        "turn texts into vectors; one text a line, or a column of a frame",
        Embed,
        "vectors:embed",
        is_cell=True,
        body="one text a line",
        details=(
            "Lines give an array (n, d) of float32. A frame gives the same kind of frame with one "
            'more column, "embedding". Of a frame, equal texts are sent once and answers are kept '
            "on disk, so that running the cell again costs nothing."
        ),
        examples=(
            "%%nexhina embed -o vectors\nthe first text\nthe second text",
            "%%nexhina embed --from df --column text -o df2",
        ),
    ),
    Verb(
        "rerank",
        "sort documents by relevance; one document a line, or a column of a frame",
        Rerank,
        "vectors:rerank",
        is_cell=True,
        body="one document a line",
        details=(
            "A frame gives the same kind of frame, best rows first, with the columns "
            '"relevance_score" and "rank" added.'
        ),
        examples=(
            '%%nexhina rerank -q "capital of France"\nParis is large.\nBread is baked.',
            '%%nexhina rerank -q "late parcels" --from df --column text -n 10 -o best',
        ),
    ),
    Verb(
        "gateway",
        "start, stop or look for the gateway of this machine",
        Gateway,
        "gateway:gateway",
        details=(
            "start uses the gateway that runs, or starts one that ends with this kernel. Cells "
            "find it by themselves, unless a base URL is set."
        ),
        examples=("%nexhina gateway start",),
    ),
    Verb(
        "models",
        "list the models that the key may use",
        Models,
        "account:models",
        examples=("%nexhina models", "%nexhina models gpt-4*"),
    ),
    Verb(
        "cost",
        "show what the key has spent, by model, cell, notebook, day or key",
        Cost,
        "cost:cost",
        details=(
            "Notebooks and cells are known only to the gateway of this machine. By cell, the calls "
            "of other notebooks are one row. Where the gateway's log cannot be read from here, the "
            "newest 1,000 calls count."
        ),
        examples=("%nexhina cost", "%nexhina cost --by cell", "%nexhina cost --since 7d -o spent"),
    ),
    Verb(
        "logs",
        "list the newest calls",
        Logs,
        "logs:logs",
        details=(
            "Shows the newest calls of this machine's gateway, whether or not it runs; of another "
            "gateway, those of the key. In Python, nx.logs() gives the same rows, and nx.report() "
            "adds them up."
        ),
        examples=(
            "%nexhina logs",
            "%nexhina logs --errors --since 24h",
            '%nexhina logs --model "gpt-4*" --key notebook -n 50 -o calls',
        ),
    ),
    Verb("usage", "show what the key may still spend", Usage, "account:usage"),
    Verb(
        "conversations",
        "list the conversations of this kernel, or forget them",
        Conversations,
        "conversations:conversations",
        examples=("%nexhina conversations", "%nexhina conversations reset tutor"),
    ),
    Verb(
        "login",
        "ask for an address and its key, and keep the key in the system's keyring",
        Login,
        "login:login",
        details="Nothing of what is typed is shown. The key never gets into the notebook.",
        examples=("%nexhina login", "%nexhina login https://gateway.example/v1"),
    ),
    Verb("help", "explain a verb, or list them all", Help, "about:explain"),
    Verb("version", "show the version of nexhina_nb", Command, "about:version"),
)
