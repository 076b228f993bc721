"""Parts of a message, as chat has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.errors import BadRequest

Part = dict[str, Any]

_TEXTS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")


def content_of(content: object, where: str) -> str | list[Part]:
    """The content of a chat message; ``where`` is the path of it in the request.

    Raises BadRequest for a part that chat cannot carry.
    """
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    parts = [_part(part, f"{where}.{place}") for place, part in enumerate(content)]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return str(parts[0]["text"])
    return parts


def text_of(content: object) -> str:
    """All text in the content of a message."""
    if isinstance(content, str):
        return content
    found = (part.get("text") for part in parts_of(content) if part.get("type") in _TEXTS)
    return "".join(text for text in found if isinstance(text, str))


def refusal_of(content: object) -> str:
    """What a message of the assistant says instead of an answer."""
    return "".join(str(part.get("refusal") or "") for part in parts_of(content))


def parts_of(content: object) -> list[Part]:
    """The parts of a content that has parts."""
    parts = content if isinstance(content, list) else []
    return [part for part in parts if isinstance(part, dict)]


def uncarried(where: str, what: str) -> BadRequest:
    """The error for what only an upstream understands that speaks Responses itself."""
    return BadRequest(
        f"'{where}' {what}, which the upstream of this model, a chat server, cannot be told",
        param=where,
    )


def _part(part: Mapping[str, Any], where: str) -> Part:
    kind = part.get("type")
    if kind in _TEXTS:
        return {"type": "text", "text": part.get("text")}
    if kind == "input_image":
        return _image(part, where)
    if kind == "input_file":
        return _file(part, where)
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": part.get("input_audio")}
    if kind == "refusal":
        return {"type": "text", "text": part.get("refusal")}
    raise uncarried(where, f"is a part of the type {kind!r}")


def _image(part: Mapping[str, Any], where: str) -> Part:
    if not part.get("image_url"):
        raise uncarried(f"{where}.file_id", "names an uploaded file")
    source = {name: part[name] for name in ("detail",) if part.get(name)}
    return {"type": "image_url", "image_url": {"url": part["image_url"]} | source}


def _file(part: Mapping[str, Any], where: str) -> Part:
    if not (part.get("file_data") or part.get("file_id")):
        raise uncarried(f"{where}.file_url", "has no data")
    names = ("filename", "file_data", "file_id")
    return {"type": "file", "file": {name: part[name] for name in names if part.get(name)}}
