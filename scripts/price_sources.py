"""Read public price data: litellm's JSON file and the package genai-prices → rows of the price
table.

A row is what `nexhina_nb/pricing/data/prices.json` holds: USD per 1M tokens as text, or ``per`` and
``usd``. Only facts are taken over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

# where a name occurs twice, the first provider wins: makers before hosts
PROVIDERS = (
    "openai", "text-completion-openai", "anthropic", "gemini", "vertex_ai-language-models",
    "vertex_ai-embedding-models", "mistral", "codestral", "deepseek", "xai", "cohere",
    "cohere_chat", "voyage", "jina_ai", "moonshot", "zai", "minimax", "meta", "perplexity",
    "elevenlabs", "dashscope", "groq",
)  # fmt: skip
GENAI = (
    "openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere", "voyageai",
    "moonshotai", "zai", "minimax", "perplexity", "groq",
)  # fmt: skip
# these hosts also list other makers' models, whose prices there are not the makers'
FOREIGN = {
    "mistral": r"(zai-|glm-|deepseek)",
    "google": r"(claude|gemma-2)",
    "dashscope": r"(?!qw|wan)",
    "perplexity": r"(?!sonar)",
}
KINDS = {
    "chat": "chat",
    "completion": "chat",
    "responses": "chat",
    "realtime": "realtime",
    "embedding": "embedding",
    "rerank": "rerank",
    "image_generation": "image",
    "audio_speech": "speech",
    "audio_transcription": "transcription",
    "video_generation": "video",
    "moderation": "moderation",
}
# what a name of genai-prices says about its kind; the first mark found counts
MARKS = {
    "embed": "embedding",
    "voyage": "embedding",
    "rerank": "rerank",
    "moderation": "moderation",
    "image": "image",
    "banana": "image",
    "tts": "speech",
    "transcribe": "transcription",
    "whisper": "transcription",
    "realtime": "realtime",
    "live": "realtime",
}
# free by their makers' word; anything else at zero is an unknown price and is left out
FREE = {"glm-4.5-flash", "glm-4.7-flash"}
PRICED = (
    "input", "output", "cached", "cache_write", "image", "audio", "audio_output", "audio_apart",
    "per", "usd", "above",
)  # fmt: skip
# dated names that people still send; the sources know them only by their beginning
SNAPSHOTS = (
    "claude-3-haiku-20240307", "claude-3-opus-20240229", "claude-3-5-sonnet-20240620",
    "claude-3-5-sonnet-20241022", "claude-3-5-sonnet-latest", "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet-20250219", "claude-sonnet-4-20250514", "claude-opus-4-20250514",
    "claude-opus-4-1-20250805", "gemini-1.5-flash-latest", "gemini-1.5-pro-latest",
    "gemini-2.0-flash-001", "gemini-2.0-flash-lite-001",
)  # fmt: skip


def usd(value: object, scale: int = 10**6) -> str | None:
    """A price per token as USD per 1M, written short; None where there is none."""
    if not isinstance(value, int | float | Decimal):
        return None
    return f"{(Decimal(str(value)) * scale).normalize():f}"


def from_litellm(name: str, entry: Row) -> Row | None:
    """One entry of litellm's file → one row, or None where it says nothing that can be billed."""
    kind, provider = KINDS.get(entry.get("mode", "")), entry.get("litellm_provider")
    if kind is None or provider not in PROVIDERS:
        return None
    bare = name.split("/", 1)[1] if name.startswith(f"{provider}/") else name
    bare = bare.removeprefix("openai/") if provider in ("openai", "groq") else bare
    if "/" in bare or bare.startswith("ft:") or re.match(FOREIGN.get(provider, r"(?!)"), bare):
        return None
    prices = _flat(entry, kind) or _per_token(
        entry, kind, google=provider.startswith(("gemini", "vertex"))
    )
    if not prices or not (_is_sound(prices) or kind == "moderation" or bare in FREE):
        return None
    limits = {
        "context": entry.get("max_input_tokens"),
        "max_output": entry.get("max_output_tokens"),
    }
    return {"model": bare, "kind": kind, **prices, **{k: v for k, v in limits.items() if v}}


def _flat(entry: Row, kind: str) -> Row | None:
    found = None
    if kind == "rerank":
        found = ("call", usd(entry.get("input_cost_per_query"), 1))
    elif kind == "transcription" and "input_cost_per_token" not in entry:
        found = ("second", usd(entry.get("input_cost_per_second"), 1))
    elif kind == "video":  # a resolution that the request does not name must not be billed short
        found = (
            "second",
            usd(max((v for k, v in entry.items() if "_per_second" in k), default=None), 1),
        )
    elif kind == "image" and not (
        entry.get("input_cost_per_token") or entry.get("output_cost_per_token")
    ):
        found = (
            "image",
            usd(entry.get("output_cost_per_image") or entry.get("input_cost_per_image"), 1),
        )
    elif kind == "speech" and "input_cost_per_character" in entry:
        return {"per": "character", "input": usd(entry["input_cost_per_character"])}
    return {"per": found[0], "usd": found[1]} if found and found[1] else None


def _per_token(entry: Row, kind: str, *, google: bool) -> Row:
    cost = {key: usd(entry.get(key)) for key in entry if "cost" in key}
    output = cost.get("output_cost_per_token")
    if kind in ("speech", "image"):  # what comes out is the sound or the picture, not text
        output = (
            cost.get("output_cost_per_audio_token")
            or cost.get("output_cost_per_image_token")
            or output
        )
    audio = cost.get("input_cost_per_audio_token")
    apart = google and kind in ("chat", "embedding", "image")
    row = {
        "input": cost.get("input_cost_per_token"),
        "output": output,
        "cached": cost.get("cache_read_input_token_cost"),
        "cache_write": cost.get("cache_creation_input_token_cost"),
        "image": cost.get("input_cost_per_image_token"),
        "audio_apart" if apart else "audio": audio,
        "audio_output": None if kind == "speech" else cost.get("output_cost_per_audio_token"),
        "above": _cliffs(cost) if kind == "chat" else None,
    }
    return tidy(row)


def _cliffs(cost: Row) -> Row:
    names = {
        "input": "input_cost_per_token", "output": "output_cost_per_token",
        "cached": "cache_read_input_token_cost", "cache_write": "cache_creation_input_token_cost",
    }  # fmt: skip
    starts = sorted(
        {
            int(m[1])
            for key in cost
            if (m := re.fullmatch(r"input_cost_per_token_above_(\d+)k_tokens", key))
        }
    )
    return {
        str(start * 1000): tidy(
            {kind: cost.get(f"{name}_above_{start}k_tokens") for kind, name in names.items()}
        )
        for start in starts
    }


def tidy(row: Row) -> Row:
    """Without what is absent, as dear as the input, or a zero where only a price makes sense."""
    base = row.get("input")
    same = ("image", "audio", "audio_apart", "cached")
    kept = {
        k: v for k, v in row.items() if v not in (None, "", {}) and not (k in same and v == base)
    }
    return {k: v for k, v in kept.items() if v != "0" or k == "input"}


def _is_sound(prices: Row) -> bool:
    """Whether something is charged for; ratios cannot say free input with paid output."""
    return prices.get("usd", "0") != "0" or prices.get("input", "0") != "0"


def from_genai() -> dict[str, list[Row]]:
    """Rows per model from genai-prices, oldest first; dates, hours and cliffs are kept."""
    try:
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - the rest works without
    except ImportError:
        # without it, hours and dates would look as if the providers had dropped them today
        raise SystemExit("this needs genai-prices: pip install genai-prices") from None
    providers = {provider.id: provider for provider in get_snapshot().providers}
    found: dict[str, list[Row]] = {}
    for provider_id in GENAI:
        for model in providers[provider_id].models:
            snapshots = (
                n
                for n in SNAPSHOTS
                if model.is_match(n) and n.split("-")[0] == model.id.split("-")[0]
            )
            names = {*_equal_names(model.match), *snapshots}
            for name in (model.id, *sorted(names)):  # its own name first, then the others
                name = name.lower() if provider_id == "zai" else name
                name = name.rpartition("/")[2]
                if ":" not in name and not re.match(FOREIGN.get(provider_id, r"(?!)"), name):
                    found.setdefault(name, _genai_rows(name, model, google=provider_id == "google"))
    return {name: rows for name, rows in found.items() if rows}


def _equal_names(clause: Any) -> Iterable[str]:
    if equal := getattr(clause, "equals", None):
        yield equal
    for part in getattr(clause, "or_", ()):
        yield from _equal_names(part)


def _genai_rows(name: str, model: Any, *, google: bool) -> list[Row]:
    rows: list[Row] = []
    since = None
    prices = model.prices if isinstance(model.prices, list) else [None]
    for step in prices:
        constraint, price = (None, model.prices) if step is None else (step.constraint, step.prices)
        row = {"model": name, "kind": _kind_of(name), "context": model.context_window}
        if start := getattr(constraint, "start_date", None):
            since = start.isoformat()
        if begin := getattr(constraint, "start_time", None):
            # hours carry no date there; they are multiples of the newest dated price before them
            row["hours"] = [f"{begin:%H:%M}", f"{constraint.end_time:%H:%M}"]
        if since:
            row["since"] = since
        row |= _genai_prices(price, _kind_of(name), google=google)
        same = rows and {k: row.get(k) for k in PRICED} == {k: rows[-1].get(k) for k in PRICED}
        if _is_sound(row) and not (same and "hours" not in row):
            rows.append({k: v for k, v in row.items() if v})
    return rows


def _genai_prices(price: Any, kind: str, *, google: bool) -> Row:
    def base(key: str) -> str | None:
        value = getattr(price, key, None)
        return usd(getattr(value, "base", value), 1)

    fields = {
        "input": "input_mtok",
        "output": "output_mtok",
        "cached": "cache_read_mtok",
        "cache_write": "cache_write_mtok",
    }
    cliffs: dict[str, Row] = {}
    for kind_name, key in fields.items():
        for tier in getattr(getattr(price, key, None), "tiers", ()):
            cliffs.setdefault(str(tier.start), {})[kind_name] = usd(tier.price, 1)
    audio = "audio_apart" if google and kind in ("chat", "embedding", "image") else "audio"
    picture = base("output_image_mtok") if kind == "image" else None
    sound = base("output_audio_mtok")
    return tidy({
        **{name: base(key) for name, key in fields.items()},
        "output": (sound if kind == "speech" else picture) or base("output_mtok"),
        "image": base("input_image_mtok"),
        audio: base("input_audio_mtok"),
        "audio_output": None if kind == "speech" else sound,
        "above": cliffs,
    })  # fmt: skip


def _kind_of(name: str) -> str:
    return next((kind for mark, kind in MARKS.items() if mark in name), "chat")
