from __future__ import annotations

from decimal import Decimal
from math import prod

import pytest

from nexhina_nb.pricing.price import Price, UnknownPriceWarning
from nexhina_nb.pricing.tasks import (
    image_ratios,
    image_tool_usd,
    task_quota,
    tools_usd,
    video_ratios,
)

D = Decimal


@pytest.mark.parametrize(
    ("model", "size", "quality", "n", "times"),
    [
        ("dall-e-2", "256x256", "", 1, "0.4"),
        ("dall-e-2", "512x512", "", 2, "0.9"),
        ("dall-e-2", "1024x1024", "hd", 1, "1"),
        ("dall-e-3", "1024x1024", "hd", 1, "2"),
        ("dall-e-3", "1792x1024", "standard", 1, "2"),
        ("dall-e-3", "1792x1024", "hd", 1, "3"),
        ("dall-e-3", "any", "", 1, "1"),
        ("gpt-image-1", "1024x1792", "high", 4, "4"),
    ],
)
def test_images(model: str, size: str, quality: str, n: int, times: str) -> None:
    assert prod(map(D, image_ratios(model, size=size, quality=quality, n=n))) == D(times)


def test_video() -> None:
    assert video_ratios("sora-2") == (4, 1)
    assert video_ratios("sora-2", seconds=8, size="1024x1792") == (8, D("1.666667"))
    assert video_ratios("veo-3.1", seconds=8, size="1024x1792") == (8, 1)


def test_a_task_in_ratios_is_reserved_at_half_the_ratio_in_dollars() -> None:
    assert task_quota(Price(model_ratio=D("0.8"))) == 200_000
    assert task_quota(Price(model_ratio=D("0.8")), D("0.5"), other_ratios=[3]) == 300_000


def test_a_task_is_truncated() -> None:
    assert task_quota(Price.per_call_usd("0.0000039")) == 1


@pytest.mark.parametrize(
    ("model", "dollars"),
    [("gpt-4o", "0.025"), ("gpt-4.1-mini", "0.025"), ("gpt-5", "0.01"), ("", "0.01")],
)
def test_the_longest_prefix_of_a_tool_wins(model: str, dollars: str) -> None:
    assert tools_usd({"web_search_preview": 1}, model) == D(dollars)


def test_tools_add_up_and_can_be_set() -> None:
    assert tools_usd({"web_search": 2, "file_search": 4, "google_search": 1}) == D("0.044")
    mine = {"web_search": D(5), "web_search:gpt-5*": D(7), "web_search:gpt-5-mini": D(1)}
    assert tools_usd({"web_search": 1000}, "o3", mine) == 5
    assert tools_usd({"web_search": 1000}, "gpt-5.1", mine) == 7
    assert tools_usd({"web_search": 1000}, "gpt-5-mini", mine) == 1
    assert tools_usd({"web_search": -1}) == 0


def test_a_tool_without_a_price_is_named() -> None:
    with pytest.warns(UnknownPriceWarning, match="telepathy"):
        assert tools_usd({"telepathy": 1, "file_search": 1}) == D("0.0025")


def test_the_image_tool() -> None:
    assert image_tool_usd("low", "1024x1024") == D("0.011")
    assert image_tool_usd("high", "1536x1024") == D("0.25")
    assert image_tool_usd("auto", "1024x1024") == D("0.167")
    assert image_tool_usd("low", "8x8") == D("0.167")
