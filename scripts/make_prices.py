"""Bring the package's price table up to date from public price data.

    python scripts/make_prices.py MODEL_PRICES.json [--date 2026-11-23] [--version 1.109.1]

MODEL_PRICES.json is litellm's public ``model_prices_and_context_window`` file; dated prices, hours
of the day and older models come from the package genai-prices, which must be installed. Only facts
are taken over.

The table is a record: a changed price becomes a new row with the date of the run, and no row is
changed or removed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
from datetime import date
from pathlib import Path

from price_sources import PRICED, PROVIDERS, Row, from_genai, from_litellm

TABLE = Path(__file__).parents[1] / "nexhina_nb" / "pricing" / "data" / "prices.json"
COLUMNS = (
    "model",
    "kind",
    "since",
    "hours",
    *PRICED,
    "context",
    "max_output",
    "source",
    "retrieved",
)

# What the sources do not say as a row: New API's shipped price of dall-e-3, and the day from which
# litellm's price of the two DeepSeek names counts (before it, genai-prices' rows do).
BY_HAND: tuple[Row, ...] = (
    # The models that the contract fills in where a call names none (2.1).
    {
        "model": "dall-e",
        "kind": "image",
        "per": "image",
        "usd": "0.04",
        "source": "New API default",
    },
    *(
        {"model": name, "kind": "moderation", "input": "0.2", "source": "New API default"}
        for name in ("text-moderation-latest", "text-moderation-stable")
    ),
    {
        "model": "dall-e-3",
        "kind": "image",
        "per": "image",
        "usd": "0.04",
        "source": "New API default",
    },
    *(
        {
            "model": name,
            "since": "2025-09-29",
            "kind": "chat",
            "input": "0.28",
            "output": "0.42",
            "cached": "0.028",
            "source": "litellm 1.109.1",
        }
        for name in ("deepseek-chat", "deepseek-reasoner")
    ),
)
# names without a date that the sources price less completely than the snapshot behind them
SAME_AS = {
    "gpt-4o-audio-preview": "gpt-4o-audio-preview-2025-06-03",
    "gpt-4o-mini-audio-preview": "gpt-4o-mini-audio-preview-2024-12-17",
}
TEACHING: tuple[Row, ...] = tuple(
    {**row, "source": "nexhina_nb teaching price: no real money"}
    for row in (
        {
            "model": "local/chat",
            "kind": "chat",
            "input": "0.10",
            "output": "0.40",
            "context": 32768,
            "max_output": 4096,
        },
        {"model": "local/embed", "kind": "embedding", "input": "0.02", "context": 8192},
        {"model": "local/image", "kind": "image", "per": "image", "usd": "0.002"},
        {"model": "local/moderate", "kind": "moderation", "input": "0.01", "context": 32768},
        {"model": "local/rerank", "kind": "rerank", "input": "0.05", "context": 8192},
        {"model": "local/speak", "kind": "speech", "input": "1", "per": "character"},
        {"model": "local/transcribe", "kind": "transcription", "per": "second", "usd": "0.00001"},
        {"model": "local/video", "kind": "video", "per": "second", "usd": "0.001"},
    )
)


def gather(litellm: dict[str, Row], version: str) -> dict[str, list[Row]]:
    """Rows per model: litellm's price of today, genai-prices' where those are dated or alone."""
    source = f"litellm {version}".strip()
    table: dict[str, list[Row]] = {}
    order = {provider: position for position, provider in enumerate(PROVIDERS)}
    for name, entry in sorted(
        litellm.items(), key=lambda item: order.get(item[1].get("litellm_provider", ""), 99)
    ):
        if row := from_litellm(name, entry):
            table.setdefault(row["model"], [{**row, "source": source}])
    _add_genai(table)
    for name, snapshot in SAME_AS.items():
        if snapshot in table:
            table[name] = [{**row, "model": name} for row in table[snapshot]]
    for row in (*BY_HAND, *TEACHING):
        table.setdefault(row["model"], []).append(row)
    return table


def _add_genai(table: dict[str, list[Row]]) -> None:
    spellings = {_spelling(name) for name in table}
    for name, rows in from_genai().items():
        known = table.get(name)
        if known is None and _spelling(name) in spellings:
            continue  # gpt-5-4 beside gpt-5.4: the near name is suggested, not priced
        spellings.add(_spelling(name))
        if known is None or len(rows) > 1:
            today = known[0] if known else {}
            more = {key: today[key] for key in ("kind", "context", "max_output") if key in today}
            label = f"genai-prices {importlib.metadata.version('genai-prices')}"
            table[name] = [{**row, **more, "source": label} for row in rows]


def _spelling(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def merge(old: list[Row], fresh: dict[str, list[Row]], today: str) -> list[Row]:
    """The old rows, unchanged, and a row for each price that they do not have."""
    table: dict[str, list[Row]] = {}
    for row in old:
        table.setdefault(row["model"], []).append(row)
    for model, rows in fresh.items():
        stamped = [{**row, "retrieved": today} for row in rows]
        table[model] = _merge_model(table.get(model, []), stamped, today)
    flat = [row for rows in table.values() for row in rows]
    return sorted(
        flat, key=lambda row: (row["model"], row.get("since") or "", row.get("hours") or [])
    )


def _merge_model(old: list[Row], fresh: list[Row], today: str) -> list[Row]:
    if not old:
        return fresh
    dates = {row.get("since") for row in old}
    merged = old + [row for row in fresh if row.get("since") and row["since"] not in dates]
    current = _current(fresh, today)
    if _prices(_current(merged, today)) != _prices(current):
        merged += [{**row, "since": today} for row in current if today not in dates]
    return merged


def _current(rows: list[Row], today: str) -> list[Row]:
    newest = max(
        (row.get("since") or "" for row in rows if (row.get("since") or "") <= today), default=""
    )
    return [row for row in rows if (row.get("since") or "") == newest]


def _prices(rows: list[Row]) -> list[str]:
    keys = (*PRICED, "hours")
    return sorted(json.dumps({key: row.get(key) for key in keys}) for row in rows)


def write(rows: list[Row], path: Path) -> None:
    """One row a line, so that a change of the table reads well."""
    ordered = ({key: row[key] for key in COLUMNS if key in row} for row in rows)
    lines = ",\n".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in ordered
    )
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main() -> None:
    """Read, merge, write, and say what is new."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("litellm", type=Path)
    parser.add_argument("--date", default=date.today().isoformat())
    parser.add_argument("--version", default="")
    given = parser.parse_args()
    old = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    fresh = gather(json.loads(given.litellm.read_text(encoding="utf-8")), given.version)
    rows = merge(old, fresh, given.date)
    write(rows, TABLE)
    models = {row["model"] for row in rows}
    print(f"{len(rows)} rows, {len(models)} models, {len(rows) - len(old)} rows are new")


if __name__ == "__main__":
    main()
