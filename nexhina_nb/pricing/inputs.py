"""What goes into a call, counted in tokens: texts, messages, documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tokens

Verb = Literal[
    "chat", "respond", "embed", "rerank", "moderate",
    "image", "speak", "transcribe", "translate", "video",
]  # fmt: skip
Message = Mapping[str, Any]
Inputs = str | Iterable[Any]

TEXT = ("chat", "respond")


def messages_of(inputs: object) -> list[Message]:
    """The messages of a chat; a prompt is one. Raises BadInput for what is neither."""
    if isinstance(inputs, str):
        return [{"role": "user", "content": inputs}]
    messages: list[Any] = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    for message in messages:
        if not isinstance(message, Mapping):
            kind = type(message).__name__
            raise BadInput(
                f"a chat is one text or messages, and a message is a dict, not {kind}",
                hint="pass one text, or [{'role': 'user', 'content': 'hello'}]; "
                'for many texts: estimate("ask", frame, prompt="{text}")',
            )
    return messages


def count_inputs(
    verb: Verb,
    inputs: Inputs,
    *,
    model: str,
    documents: Iterable[str | Message] | None = None,
    tools: Sequence[Message] | None = None,
) -> list[int]:
    """Input tokens: of each text for embed (or list of token ids), else of the whole call."""
    encoding = tokens.encoding_for(model)
    if verb in TEXT:
        return [tokens.count_messages(messages_of(inputs), model, tools)]
    if verb == "rerank":
        texts = [str(inputs), *map(_document_text, () if documents is None else documents)]
        return [sum(tokens.count_many(texts, encoding))]
    if verb in ("embed", "moderate"):
        return _count_texts(inputs, model)
    raise BadInput(f"cannot estimate {verb!r}", hint=f"known: {', '.join(get_args(Verb))}")


def _count_texts(inputs: Inputs, model: str) -> list[int]:
    encoding = tokens.encoding_for(model)
    if isinstance(inputs, str):
        return [tokens.count(inputs, encoding)]
    rows = list(inputs)  # a column of a frame has no truth value
    if rows and isinstance(rows[0], int):
        return [len(rows)]
    if rows and isinstance(rows[0], Mapping):
        return [tokens.count_parts(rows, model)]
    if rows and not isinstance(rows[0], str):
        return [len(ids) for ids in rows]
    return tokens.count_many(rows, encoding)


def _document_text(document: str | Message) -> str:
    if isinstance(document, str):
        return document
    text = document.get("text")
    return text if isinstance(text, str) else json.dumps(document, ensure_ascii=False)
