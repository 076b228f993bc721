"""The verbs that ask a chat model."""

from __future__ import annotations

from nexhina_nb.magics.options import Ask, Chat, Respond
from nexhina_nb.magics.verbs.base import Verb

ASKING = (
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
        "respond",
        "ask a model through the Responses API; the text below the line is the input",
        Respond,
        "respond:respond",
        is_cell=True,
        body="input",
        details=(
            "It is shown and kept as in chat. The gateway keeps the reply, so that another cell "
            "can go on from it: --previous takes the variable of an earlier --out, or an id."
        ),
        examples=(
            "%%nexhina respond -o first\nName three rivers of Norway.",
            "%%nexhina respond --previous first\nWhich of them is the longest?",
        ),
    ),
    Verb(
        "ask",
        "ask a chat model about each row of a frame; the text below the line is the prompt",
        Ask,
        "prompts:ask",
        is_cell=True,
        body="prompt with {column} in it",
        details=(
            "{column} in the prompt stands for the row's value in that column. {{name}} inserts a "
            "variable first, as in all cells, and braces in what it inserts are no columns; other "
            "double braces, and with --verbatim all of them, are single ones that are meant. The "
            'frame gets one more column, "answer", or with --schema one of its own type for each '
            'field. Rows that go wrong have no answer, and "answer_error" says why. Equal prompts '
            "are asked once and answers are kept on disk, so that running the cell again costs "
            "nothing."
        ),
        examples=(
            "%%nexhina ask --from df -o labelled\nLabel the sentiment of: {text}",
            "%%nexhina ask --from df --schema Invoice -m gpt-4o --dry-run\n"
            "Read this letter of {date}:\n{letter}",
        ),
    ),
)
