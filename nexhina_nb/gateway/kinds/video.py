"""Videos: a call places an order, in one of two styles; what is made later belongs to `tasks`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nexhina_nb.gateway.kinds import Body, Kind, Reply
from nexhina_nb.gateway.upstreams.base import Upload
from nexhina_nb.pricing.cost import Ratio
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.tasks import SORA_SECONDS, task_quota, video_ratios
from nexhina_nb.pricing.usage import Tokens


def seconds_of(body: Body) -> float:
    """How long the video is to be; ``seconds`` and ``duration`` mean the same (contract 1.33)."""
    return float(body.get("seconds") or body.get("duration") or SORA_SECONDS)


def size_of(body: Body) -> str:
    """Its size, ``1280x720``; empty if the body leaves it to the model."""
    if body.get("width") and body.get("height"):
        return f"{int(body['width'])}x{int(body['height'])}"
    return str(body.get("size") or "")


def _prompt(body: Body) -> Iterable[str]:
    return (str(body.get("prompt") or ""),)


def _ratios(model: str, body: Body) -> tuple[Ratio, ...]:
    return (*video_ratios(model, seconds=seconds_of(body), size=size_of(body)), body.get("n") or 1)


def _nothing_yet(_body: Body, _files: tuple[Upload, ...], _reply: Reply) -> Tokens:
    return Tokens()


def _bill(price: Price, _used: Tokens, ratios: tuple[Ratio, ...], group_ratio: Ratio = 1) -> int:
    # An order is paid when it is placed, and given back if nothing comes of it (contract 5.4).
    return task_quota(price, group_ratio, other_ratios=ratios)


VIDEO = Kind(
    "video",
    "order a video; poll for it, then download it",
    "/videos",
    "VideoGenerationRequest",
    "VideoGenerationResponse",
    prompt=_prompt,
    takes=("json", "form"),
    ratios=_ratios,
    measure=_nothing_yet,
    bill=_bill,
    is_order=True,
)
VIDEO_GENERATION = replace(
    VIDEO,
    verb="video_generation",
    summary="order a video, in New API's style",
    path="/video/generations",
    takes=("json",),
    dialect="video",
)
