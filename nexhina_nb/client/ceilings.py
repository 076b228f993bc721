"""What a request may cost at most, by its path and its body: what a budget holds for it.

It is the upper end of `pricing.estimate`, made of what is sent and not of what was asked for, so
that one rule holds for every verb, for batches, and for arguments that this package does not know.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import orjson

from nexhina_nb.client.budgets import PRICED, unknown
from nexhina_nb.client.steps import Request
from nexhina_nb.client.uploads import FormData, Upload
from nexhina_nb.engines import sound
from nexhina_nb.errors import NexhinaError
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import charge, quota
from nexhina_nb.pricing.estimate import Estimate, Verb, estimate
from nexhina_nb.pricing.usage import Tokens

Body = Mapping[str, Any]
# What a call is about: the inputs of `estimate` and its further arguments.
Call = tuple[Any, dict[str, Any]]

# The caller carries these out; all others the gateway may call as often as the model likes.
_OWN_TOOLS = frozenset({"function", "custom"})
_TOOLS = "how often the model uses tools of the gateway is known afterwards"
_TURNS = "how much the earlier turns hold is not known here"
# The gateway has what these stand for.
_KEPT = ("previous_response_id", "conversation", "prompt")


def ceiling(request: Request, catalog: Catalog) -> Estimate:
    """The estimate of a request. Raises BudgetExceeded for what has no price."""
    verb, read = _READERS.get(request.path, (None, None))
    body = _body(request)
    model = body.get("model")
    if verb is None or read is None or not isinstance(model, str):
        # It does not name what it costs: the model and the length of the first one.
        instead = "order a new video" if request.path.endswith("/remix") else ""
        raise unknown(f"what a call of {request.path} costs is not known", instead)
    price = catalog.price(model)
    if price is None:  # asked first, since an estimate would warn
        raise unknown(f"no price is known for {model}", PRICED)
    if price.is_free:
        return Estimate(verb, model, 0, (0, 0), (0, 0), price, is_exact=True)
    inputs, options = read(body)
    if request.form is not None and verb in ("transcribe", "translate"):
        options["seconds"] = _seconds(request.form)
    found = estimate(verb, inputs, model=model, catalog=catalog, **options)
    if verb == "respond" and any(body.get(name) for name in _KEPT):
        found = _continued(found, request.earlier, catalog)
    if verb == "chat" and "audio" in (body.get("modalities") or ()):
        found = _spoken(found, catalog)
    return replace(found, floor=_TOOLS) if _has_hosted_tools(body) else found


def _body(request: Request) -> Body:
    if request.form is not None:
        return request.form.fields
    found = orjson.loads(request.body or b"{}")
    return found if isinstance(found, dict) else {}


def _has_hosted_tools(body: Body) -> bool:
    if body.get("web_search_options") is not None:
        return True
    return any(tool.get("type", "function") not in _OWN_TOOLS for tool in _objects(body, "tools"))


def _objects(body: Body, name: str) -> Iterable[Body]:
    found = body.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else ()


def _continued(found: Estimate, earlier: int | None, catalog: Catalog) -> Estimate:
    """With the earlier turns: so many tokens if that is known, else as many as the model takes."""
    context = catalog.context_length(found.model)
    assert found.price is not None
    if earlier is None and context is None:
        return replace(found, floor=_TURNS)
    most = context or 0 if earlier is None else found.input_tokens + earlier
    total = max(most, found.input_tokens)
    ratio = catalog.ratio(found.model)
    low, high = (quota(found.price, Tokens(total, out), ratio) for out in found.output_tokens)
    return replace(found, input_tokens=total, quota=(low, high))


def _spoken(found: Estimate, catalog: Catalog) -> Estimate:
    """With an answer that is all sound, if that is dearer than text."""
    assert found.price is not None
    assert found.quota is not None
    weights = found.price.at_length(found.input_tokens).weights
    more = found.output_tokens[1] * max(weights.audio_out - weights.completion, 0)
    low, high = found.quota
    high += charge(more, catalog.ratio(found.model), rounding="ceil")
    return replace(found, quota=(low, high))


def _chat(body: Body) -> Call:
    longest = body.get("max_completion_tokens") or body.get("max_tokens")
    options = {"tools": _objects(body, "tools"), "max_tokens": longest, "n": body.get("n") or 1}
    return body.get("messages") or (), options


def _respond(body: Body) -> Call:
    given = body.get("input")
    messages: list[Body] = []
    if body.get("instructions"):
        messages.append({"role": "system", "content": str(body["instructions"])})
    if isinstance(given, str):
        messages.append({"role": "user", "content": given})
    # Of a tool's call or result, which has no role, everything counts as text.
    messages += [
        item if item.get("role") else {"content": orjson.dumps(item).decode()}
        for item in _objects(body, "input")
    ]
    options = {"tools": _objects(body, "tools"), "max_tokens": body.get("max_output_tokens")}
    return messages, options


def _texts(body: Body) -> Call:
    given = body.get("input") or ()
    parts = _objects(body, "input")
    return [str(part.get("text") or "") for part in parts] if parts else given, {}


def _rerank(body: Body) -> Call:
    return body.get("query") or "", {"documents": body.get("documents") or ()}


def _image(body: Body) -> Call:
    options = {"size": body.get("size") or "", "quality": body.get("quality") or ""}
    return body.get("prompt") or "", {**options, "n": int(body.get("n") or 1)}


def _speak(body: Body) -> Call:
    return body.get("input") or "", {}


def _hear(_: Body) -> Call:
    return "", {}


def _video(body: Body) -> Call:
    seconds = body.get("seconds") or body.get("duration")
    size = body.get("size") or ""
    if body.get("width") and body.get("height"):
        size = f"{body['width']}x{body['height']}"
    length = None if seconds is None else float(seconds)
    return body.get("prompt") or "", {"seconds": length, "size": size, "n": body.get("n") or 1}


_READERS: Mapping[str, tuple[Verb, Callable[[Body], Call]]] = {
    "/chat/completions": ("chat", _chat),
    "/responses": ("respond", _respond),
    "/embeddings": ("embed", _texts),
    "/moderations": ("moderate", _texts),
    "/rerank": ("rerank", _rerank),
    "/images/generations": ("image", _image),
    "/images/edits": ("image", _image),
    "/audio/speech": ("speak", _speak),
    "/audio/transcriptions": ("transcribe", _hear),
    "/audio/translations": ("translate", _hear),
    "/videos": ("video", _video),
}


def _seconds(form: FormData) -> float | None:
    """How long the recording of a form is; None where that cannot be told here."""
    recording = next((file for file in form.files if file.part == "file"), None)
    try:
        return None if recording is None else _length(recording)
    except (NexhinaError, OSError):
        return None


def _length(recording: Upload) -> float | None:
    content = recording.content
    if isinstance(content, bytes):
        return _length_of(content)
    name = getattr(content, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        return sound.duration(Path(name))
    return _length_of(_read_again(content)) if recording.rewindable else None


def _length_of(data: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "recording")
        place.write_bytes(data)
        return sound.duration(place)


def _read_again(file: IO[bytes]) -> bytes:
    place = file.tell()
    try:
        return file.read()
    finally:
        file.seek(place)
