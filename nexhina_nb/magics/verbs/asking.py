"""The verbs that ask a chat model."""

from __future__ import annotations

from nexhina_nb.magics.options import Chat, Respond
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
)
