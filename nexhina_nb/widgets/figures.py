"""The figures of a batch in words: while it runs, and when it is over."""

from __future__ import annotations

from typing import Literal

from nexhina_nb.batch.progress import Progress
from nexhina_nb.pricing.cost import format_usd

Outcome = Literal["done", "stopped", "failed"]

# A sign and a word each: nothing is said by colour alone.
SIGNS: dict[str, str] = {"done": "✓", "flawed": "⚠", "stopped": "■", "failed": "✗"}


def running(progress: Progress) -> str:
    """``1,200 / 5,000 · 300 from cache · 612 rows/s · 44,120 tokens · $0.0009, about $0.0038 to
    come · 6 s left``
    """
    pace, left = progress.rows_per_second, progress.seconds_left
    return _joined(
        f"{progress.done:,} / {progress.total:,}",
        *_tallies(progress),
        f"{pace:,.0f} rows/s" if pace >= 10 else f"{pace:.1f} rows/s" if pace > 0 else "",
        _tokens(progress),
        _money(progress),
        f"{duration(left)} left" if left is not None and left >= 1 else "",
    )


def final(progress: Progress, outcome: Outcome) -> str:
    """``done · 5,000 rows · 300 from cache · 44,120 tokens · $0.0009 · 8 s``"""
    whole = progress.done == progress.total
    rows = "row" if progress.total == 1 else "rows"
    counted = f"{progress.total:,}" if whole else f"{progress.done:,} of {progress.total:,}"
    return _joined(
        outcome,
        f"{counted} {rows}",
        *_tallies(progress),
        _tokens(progress),
        "" if progress.usd is None else format_usd(progress.usd),
        duration(progress.seconds) if progress.sent else "",
        "the deadline came first" if progress.is_late else "",
    )


def sign(progress: Progress, outcome: Outcome) -> str:
    """The sign of an outcome; a batch that came to its end without all rows has one of its own."""
    is_flawed = progress.failed > 0 or progress.is_late
    return SIGNS["flawed" if outcome == "done" and is_flawed else outcome]


def duration(seconds: float) -> str:
    """Seconds for people: ``0.8 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def _tallies(progress: Progress) -> list[str]:
    return [
        f"{progress.cached:,} from cache" if progress.cached else "",
        f"{progress.failed:,} failed" if progress.failed else "",
        f"{progress.retries:,} tried again" if progress.retries else "",
        f"{progress.hedged:,} asked twice" if progress.hedged else "",
    ]


def _tokens(progress: Progress) -> str:
    return f"{progress.tokens:,} tokens" if progress.tokens else ""


def _money(progress: Progress) -> str:
    spent, coming = progress.usd, progress.usd_to_come
    if spent is None:
        return ""
    if not coming:
        return format_usd(spent)
    digits = max(2, 1 - coming.adjusted())  # more than two that count would promise too much
    return f"{format_usd(spent)}, about {format_usd(round(coming, digits))} to come"


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
