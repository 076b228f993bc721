"""What a call used, read from any dialect's usage object.

Two conventions exist (contract 5.2): OpenAI's prompt tokens include what was read from or written
to a cache, images and audio; Anthropic's input tokens leave the cache out. `Tokens` keeps the
figures as they were reported and says in ``cache_apart`` which convention they follow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGEST = 2**31 - 1  # counts are int32 on the wire; more than that in one call is junk


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token counts of one call. Reasoning tokens are inside ``completion``; nothing is counted
    twice.

    ``cached``, ``cache_write``, ``image_in`` and ``audio_in`` are parts of ``prompt``; with
    ``cache_apart`` the two cache figures come on top of it. ``cache_write_1h`` is a part of
    ``cache_write``, ``audio_out`` of ``completion``.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    image_in: int = 0
    audio_in: int = 0
    audio_out: int = 0
    cache_apart: bool = False

    @property
    def total(self) -> int:
        """Prompt and completion: what decides whether a call is billed at all."""
        return self.prompt + self.completion

    @property
    def length(self) -> int:
        """All input tokens, cached or not: what decides about long-context prices."""
        apart = self.cached + self.cache_write if self.cache_apart else 0
        return self.prompt + apart

    @classmethod
    def from_usage(cls, usage: Mapping[str, Any] | None) -> Tokens:
        """Read a usage object of the OpenAI, Responses, images, audio, rerank or Anthropic kind.

        Junk never raises: what cannot be read as a count is 0, and an object without counts gives
        an empty `Tokens` (``total == 0``), for which the caller falls back to its own count.
        """
        if not isinstance(usage, Mapping):
            return cls()
        if _is_anthropic(usage):
            return _from_anthropic(usage)
        if usage.get("type") == "duration":
            return cls(prompt=seconds_to_tokens(usage.get("seconds")))
        return _from_openai(usage)


def seconds_to_tokens(seconds: object) -> int:
    """Length of audio → prompt tokens: 1,000 a minute (contract 5.8, 20), begun seconds count."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return 0
    if not math.isfinite(seconds) or seconds <= 0:
        return 0
    return min((math.ceil(seconds) * 1000 + 30) // 60, LARGEST)


def _is_anthropic(usage: Mapping[str, Any]) -> bool:
    # OpenAI-compatible relays of Claude add the cache_… keys to a full OpenAI usage: prompt_tokens
    # decides
    return not usage.get("prompt_tokens") and (
        "cache_read_input_tokens" in usage
        or "cache_creation_input_tokens" in usage
        or "cache_creation" in usage
    )


def _from_anthropic(usage: Mapping[str, Any]) -> Tokens:
    split = _mapping(usage.get("cache_creation"))
    hour = _count(split.get("ephemeral_1h_input_tokens"))
    parts = hour + _count(split.get("ephemeral_5m_input_tokens"))
    return Tokens(
        prompt=_count(usage.get("input_tokens")),
        completion=_count(usage.get("output_tokens")),
        cached=_count(usage.get("cache_read_input_tokens")),
        cache_write=max(_count(usage.get("cache_creation_input_tokens")), min(parts, LARGEST)),
        cache_write_1h=hour,
        cache_apart=True,
    )


def _from_openai(usage: Mapping[str, Any]) -> Tokens:
    into = _details(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    out = _details(
        usage, "completion_tokens_details", "output_tokens_details", "output_token_details"
    )
    # New API sends both spellings, one of them as 0
    prompt = _first(usage, "prompt_tokens", "input_tokens")
    completion = _first(usage, "completion_tokens", "output_tokens")
    if not prompt and not completion:  # rerank and embedding replies may carry the total alone
        prompt = _count(usage.get("total_tokens"))
    return Tokens(
        prompt=prompt,
        completion=completion,
        cached=_first(into, "cached_tokens")
        or _first(usage, "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"),
        cache_write=_first(into, "cache_write_tokens", "cached_creation_tokens")
        or _first(usage, "cache_creation_input_tokens"),
        image_in=_first(into, "image_tokens"),
        audio_in=_first(into, "audio_tokens"),
        audio_out=_first(out, "audio_tokens"),
    )


def _details(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        if found := _mapping(usage.get(name)):
            return found
    return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _first(values: Mapping[str, Any], *names: str) -> int:
    for name in names:
        if count := _count(values.get(name)):
            return count
    return 0


def _count(value: object) -> int:
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return min(max(value, 0), LARGEST)
