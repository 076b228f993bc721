"""Content blocks as the turns of a chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.base import Payload

Block = Mapping[str, Any]


def turns(message: Mapping[str, Any], param: str) -> Iterator[Payload]:
    """The messages of a chat that one turn amounts to. ``param`` names the turn in errors."""
    role, content = message["role"], message["content"]
    if isinstance(content, str):
        yield {"role": role, "content": content}
    elif role == "assistant":
        yield _assistant(content)
    elif role == "system":
        yield {"role": role, "content": text_of(content)}
    else:
        yield from _user(content, f"{param}.content")


def text_of(content: str | Sequence[Block]) -> str:
    """The text of blocks, a paragraph each."""
    if isinstance(content, str):
        return content
    return "\n\n".join(block["text"] for block in content if block.get("type") == "text")


def _assistant(blocks: Sequence[Block]) -> Payload:
    # What it thought stays behind: chat servers do not take it back.
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    calls = [_call(block) for block in blocks if block["type"] == "tool_use"]
    if not calls:
        return {"role": "assistant", "content": text}
    return {"role": "assistant", "content": text or None, "tool_calls": calls}


def _call(block: Block) -> Payload:
    function = {"name": block["name"], "arguments": orjson.dumps(block["input"]).decode()}
    return {"id": block["id"], "type": "function", "function": function}


def _user(blocks: Sequence[Block], param: str) -> Iterator[Payload]:
    """Results first: a chat wants them right after the calls, and texts only in them."""
    parts: list[Payload] = []
    has_results = False
    for place, block in enumerate(blocks):
        if block["type"] != "tool_result":
            parts += _parts(block, f"{param}.{place}")
            continue
        has_results = True
        found = _result_parts(block, f"{param}.{place}")
        yield {
            "role": "tool",
            "tool_call_id": block["tool_use_id"],
            "content": _result_text(block, found),
        }
        if seen := [part for part in found if part["type"] != "text"]:
            parts += [_text(f"From the tool call {block['tool_use_id']}:"), *seen]
    if parts or not has_results:
        yield {"role": "user", "content": _plain(parts)}


def _result_parts(block: Block, param: str) -> list[Payload]:
    content = block.get("content") or ""
    if isinstance(content, str):
        return [_text(content)]
    rows = enumerate(content)
    return [part for at, row in rows for part in _parts(row, f"{param}.content.{at}")]


def _result_text(block: Block, parts: Sequence[Payload]) -> str:
    text = "\n\n".join(part["text"] for part in parts if part["type"] == "text")
    # A chat has no field for it, so the model is told in words.
    return f"Error: {text}" if block.get("is_error") else text


def _plain(parts: Sequence[Payload]) -> str | list[Payload]:
    """One text as a text, which every server takes."""
    if len(parts) == 1 and parts[0]["type"] == "text":
        text: str = parts[0]["text"]
        return text
    return list(parts) or ""


def _parts(block: Block, param: str) -> list[Payload]:
    """The parts of a chat message that a block amounts to; none for what is not for the model."""
    match block["type"]:
        case "text":
            return [_text(block["text"])]
        case "image":
            return [{"type": "image_url", "image_url": {"url": _url(block["source"], param)}}]
        case "document":
            return _document(block, param)
    text = block.get("text")
    return [_text(text)] if isinstance(text, str) else []


def _document(block: Block, param: str) -> list[Payload]:
    source = block["source"]
    named = [_text(block[name]) for name in ("title", "context") if block.get(name)]
    match source["type"]:
        case "text":
            return [*named, _text(source["data"])]
        case "content" if isinstance(source.get("content"), str):
            return [*named, _text(source["content"])]
        case "content":
            rows = [row for row in source.get("content") or () if row["type"] != "document"]
            return [*named, *(part for row in rows for part in _parts(row, param))]
        case "base64":
            file = {"filename": block.get("title") or "document.pdf", "file_data": _data(source)}
            return [*named, {"type": "file", "file": file}]
    raise _refusal(source, param)


def _url(source: Block, param: str) -> str:
    if source["type"] == "url":
        url: str = source["url"]
        return url
    if source["type"] == "base64":
        return _data(source)
    raise _refusal(source, param)


def _data(source: Block) -> str:
    return f"data:{source['media_type']};base64,{source['data']}"


def _refusal(source: Block, param: str) -> BadRequest:
    return BadRequest(
        f"this model cannot be given a source of the type '{source['type']}': send the content",
        param=f"{param}.source.type",
    )


def _text(text: str) -> Payload:
    return {"type": "text", "text": text}
