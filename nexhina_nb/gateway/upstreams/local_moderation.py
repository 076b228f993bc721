"""Moderation with the built-in engine: texts alone, or parts that are judged together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nexhina_nb.engines import moderation
from nexhina_nb.engines.moderation import CATEGORIES, PICTURE_CATEGORIES
from nexhina_nb.errors import BadRequest, ContextLengthExceeded
from nexhina_nb.gateway.upstreams.attachments import MOST_LINKS, fetch
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.served import Served, json
from nexhina_nb.pricing.media import part_tokens
from nexhina_nb.pricing.tokens import count_many
from nexhina_nb.settings import Settings

Payload = dict[str, Any]

LONGEST = 32_768  # tokens of one text


@dataclass(frozen=True, slots=True)
class _Input:
    """What one result judges. ``has_text`` is false for pictures alone."""

    text: str
    has_text: bool = True
    pictures: tuple[bytes, ...] = ()


def serve(call: Call, settings: Settings) -> Served:
    """The answer of a call; linked pictures are fetched first."""
    opened = partial(_linked, allow_private=settings.allow_private_urls)
    return json(moderate(call.body, call.request_id, opened))


def embedded(url: str, param: str) -> bytes:
    """The bytes of a data URI. Raises BadRequest for a link: nothing is fetched here."""
    if url[:5].lower() != "data:":
        raise BadRequest(
            "the picture is only linked",
            code="invalid_image_url",
            param=param,
            hint="send the picture itself as a data URI",
        )
    return fetch(url, param=param)


def moderate(
    body: Mapping[str, Any], request_id: str, opened: Callable[[str, str], bytes] = embedded
) -> Payload:
    """A `ModerationResponse`: a result for each text, or one for all parts together.

    ``opened`` gives the bytes behind a picture's URL, told the parameter to blame. The key
    ``usage`` is of this gateway: the protocol has none here, but the log counts tokens.
    """
    value = body["input"]
    if isinstance(value, str):
        inputs = [_Input(value)]
    elif value and isinstance(value[0], str):
        inputs = [_Input(text) for text in value]
    else:
        inputs = [_together(value, opened)]
    scores = moderation.moderate([one.text for one in inputs])
    tokens = _counted([one.text for one in inputs]) + _picture_tokens(value, body["model"])
    return {
        "id": f"modr-{request_id}",
        "model": body["model"],
        "results": list(map(_result, inputs, scores)),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _linked(url: str, param: str, *, allow_private: bool) -> bytes:
    return fetch(url, allow_private=allow_private, param=param)


def _together(parts: Sequence[Any], opened: Callable[[str, str], bytes]) -> _Input:
    texts: list[str] = []
    pictures: list[bytes] = []
    for place, part in enumerate(parts):
        if part["type"] == "text":
            texts.append(part["text"])
        elif part["type"] != "image_url":
            raise BadRequest(
                f"a part of type '{part['type']}' cannot be judged",
                param=f"input.{place}.type",
                hint="send text and image_url parts",
            )
        elif len(pictures) == MOST_LINKS:
            raise BadRequest(f"more than {MOST_LINKS} pictures in one call", param="input")
        else:
            image = part["image_url"]
            url = image if isinstance(image, str) else image["url"]
            pictures.append(opened(url, f"input.{place}.image_url"))
    return _Input("\n".join(texts), bool(texts), tuple(pictures))


def _result(one: _Input, scores: dict[str, float]) -> Payload:
    seen = _seen(one.pictures)
    scores = {name: max(score, seen.get(name, 0.0)) for name, score in scores.items()}
    flags = moderation.flagged(scores)
    types = ["text"] * one.has_text
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": scores,
        "category_applied_input_types": {
            name: [*types, *(["image"] if seen and name in PICTURE_CATEGORIES else [])]
            for name in CATEGORIES
        },
    }


def _seen(pictures: Sequence[bytes]) -> dict[str, float]:
    """The highest score of any picture; empty without pictures."""
    judged = list(map(moderation.judge_picture, pictures))
    return {name: max(row[name] for row in judged) for name in PICTURE_CATEGORIES if judged}


def _counted(texts: Sequence[str]) -> int:
    counts = count_many(texts)
    for place, tokens in enumerate(counts):
        if tokens > LONGEST:
            raise ContextLengthExceeded(
                f"This model's maximum context length is {LONGEST} tokens, and text {place} has "
                f"{tokens}; shorten or split it",
                param="input",
            )
    return sum(counts)


def _picture_tokens(value: Any, model: str) -> int:
    parts = [part for part in value if isinstance(part, Mapping)]
    return sum(part_tokens(part, model) for part in parts if part["type"] != "text")
