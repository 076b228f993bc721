"""Exact token counts, offline. The text of a special token, such as ``<|endoftext|>``, is ordinary
text here.

For OpenAI's models the count of a text is the provider's own; for all others it is an approximation
by a vocabulary of the same kind, which `is_exact` tells apart. The built-in engines count with
cl100k_base, so there it is exact again. What surrounds the text of a chat (roles, tools, images) is
counted by the contract's figures (5.5), not by a provider's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nexhina_nb.pricing import vocabulary
from nexhina_nb.pricing.media import AUDIO_PARTS, IMAGE_PARTS, part_tokens
from nexhina_nb.pricing.vocabulary import DEFAULT, encoding_for, is_exact

__all__ = [
    "count",
    "count_many",
    "count_media",
    "count_messages",
    "count_parts",
    "decode",
    "decode_bytes",
    "encode",
    "encoding_for",
    "is_exact",
]

PER_MESSAGE, PER_NAME, PER_TOOL, AT_END = 3, 3, 8, 3


def encode(text: str, encoding: str = DEFAULT) -> list[int]:
    """Text → token ids."""
    return vocabulary.load(encoding).encode_ordinary(text)


def decode(ids: Sequence[int], encoding: str = DEFAULT) -> str:
    """Token ids → text; bytes that are no UTF-8 become U+FFFD."""
    return vocabulary.load(encoding).decode(ids)


def decode_bytes(id: int, encoding: str = DEFAULT) -> bytes:
    """The bytes of one token, which may be a part of a character."""
    return vocabulary.load(encoding).decode_single_token_bytes(id)


def count(text: str, encoding: str = DEFAULT) -> int:
    """Number of tokens of one text."""
    return len(vocabulary.load(encoding).encode_ordinary(text))


def count_many(texts: Iterable[str], encoding: str = DEFAULT) -> list[int]:
    """Number of tokens of each text: for whole columns, faster where splintr is installed."""
    fast = vocabulary.load_fast(encoding)
    if fast is None:
        ordinary = vocabulary.load(encoding).encode_ordinary
        return [len(ordinary(text)) for text in texts]
    return [_count_fast(fast, text, encoding) for text in texts]


def count_messages(
    messages: Iterable[Mapping[str, Any]],
    model: str,
    tools: Iterable[Mapping[str, Any]] | None = None,
) -> int:
    """Prompt tokens of a chat: its texts, plus 3 a message, 3 a name, 8 a tool and 3 at the end."""
    encoding = encoding_for(model)
    total = AT_END
    for message in messages:
        total += PER_MESSAGE + sum(count(text, encoding) for text in _texts(message))
        total += PER_NAME if message.get("name") else 0
        total += sum(part_tokens(part, model) for part in _media(message))
    for tool in tools or ():
        total += PER_TOOL + sum(count(text, encoding) for text in _tool_texts(tool))
    return total


def count_media(messages: Iterable[Mapping[str, Any]], model: str) -> tuple[int, int]:
    """How many of a chat's prompt tokens are of images, and how many of sound: some models have
    prices of their own for them.
    """
    images = sounds = 0
    for part in (part for message in messages for part in _media(message)):
        if part.get("type") in IMAGE_PARTS:
            images += part_tokens(part, model)
        elif part.get("type") in AUDIO_PARTS:
            sounds += part_tokens(part, model)
    return images, sounds


def count_parts(parts: Iterable[Mapping[str, Any]], model: str) -> int:
    """Tokens of texts and images that are one input together, as moderation takes them."""
    kept = list(parts)
    text = "\n".join(str(part.get("text")) for part in kept if part.get("type") == "text")
    media = (part_tokens(part, model) for part in kept if part.get("type") != "text")
    return count(text, encoding_for(model)) + sum(media)


def _count_fast(fast: vocabulary.Ordinary, text: str, encoding: str) -> int:
    try:
        return len(fast.encode_ordinary(text))
    except UnicodeEncodeError:  # half a surrogate pair, which tiktoken mends and splintr refuses
        return count(text, encoding)


def _texts(message: Mapping[str, Any]) -> Iterable[str]:
    content = message.get("content")
    yield from (str(message.get("role") or ""), str(message.get("name") or ""))
    if isinstance(content, str):
        yield content
    for part in _parts(content):
        yield str(part.get("text") or part.get("refusal") or "")
    for call in _parts(message.get("tool_calls")):
        yield from _function_texts(call)


def _media(message: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for part in _parts(message.get("content")):
        if "text" not in part and "refusal" not in part:
            yield part


def _parts(content: object) -> Iterable[Mapping[str, Any]]:
    if isinstance(content, list | tuple):
        yield from (part for part in content if isinstance(part, Mapping))


def _tool_texts(tool: Mapping[str, Any]) -> Iterable[str]:
    yield from _function_texts(tool)
    if parameters := _function(tool).get("parameters"):
        yield json.dumps(parameters, ensure_ascii=False, separators=(",", ":"))


def _function_texts(holder: Mapping[str, Any]) -> Iterable[str]:
    function = _function(holder)
    yield from (str(function.get(key) or "") for key in ("name", "description", "arguments"))


def _function(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    # the Responses dialect has the fields of a function beside its type, not below it
    function = holder.get("function")
    return function if isinstance(function, Mapping) else holder
