"""The facts about a picture in plain English."""

from __future__ import annotations

from typing import Any

_KINDS = {
    "photo-like": "It has the fine grain of a photograph or a detailed scene.",
    "drawing-like": "It has flat areas and clear edges, as a drawing or a diagram has.",
    "chart-like": "Upright bars stand on one line, as in a chart.",
    "text-like": "It is mostly two tones with many fine edges, as a page of text has.",
    "plain": "It is one even area.",
    "smooth": "Its colours flow into each other without edges.",
}


def worded(facts: dict[str, Any]) -> str:
    """Two to four sentences: what it is, its colours, its light, and what stands on it."""
    parts = [_what(facts), _colours(facts), _KINDS[facts["kind"]], _shapes(facts)]
    return " ".join(part for part in parts if part)


def _what(facts: dict[str, Any]) -> str:
    moving = f", with {facts['frames']} frames" if facts["frames"] > 1 else ""
    clear = facts["transparent"]
    through = f", {clear:.0%} of it transparent" if clear >= 0.005 else ""
    name = str(facts["format"]).upper().replace("WEBP", "WebP")
    article = "An" if facts["orientation"][0] in "aeiou" else "A"
    return (
        f"{article} {facts['orientation']} {name} picture of "
        f"{facts['width']} by {facts['height']} pixels{moving}{through}."
    )


def _colours(facts: dict[str, Any]) -> str:
    rows = [f"{name} ({share:.0%})" for name, share in list(facts["colours"].items())[:4]]
    light = _light(facts["brightness"])
    hue = ", in greys" if facts["is_grey"] else ""
    uneven = _uneven(facts["layout"])
    return f"It is {light}{hue}{uneven}; the main colours are {listed(rows)}."


def _light(brightness: float) -> str:
    if brightness < 0.35:
        return "dark"
    return "bright" if brightness > 0.75 else "of medium brightness"


def _uneven(layout: dict[str, float]) -> str:
    """Which side is clearly lighter, if one is."""
    pairs = (("left", "right"), ("top", "bottom"))
    found = []
    for one, other in pairs:
        gap = layout[one] - layout[other]
        if abs(gap) > 0.08:
            found.append(f"the {one if gap > 0 else other}")
    return f", lighter at {listed(found)}" if found else ""


def _shapes(facts: dict[str, Any]) -> str:
    rows = facts["counted_shapes"]
    if not rows:
        return ""
    named = [_counted(*row) for row in rows[:5]]
    more = sum(row[0] for row in rows[5:])
    if more:
        named.append(f"{more} more")
    return f"On a plain {facts['ground']} ground there {_verb(rows)} {listed(named)}."


def _verb(rows: list[Any]) -> str:
    return "is" if rows[0][0] == 1 else "are"


def _counted(count: int, colour: str, shape: str) -> str:
    if count == 1:
        article = "an" if colour[0] in "aeiou" else "a"
        return f"{article} {colour} {shape}"
    words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    number = words[count - 2] if count <= 10 else str(count)
    return f"{number} {colour} {shape}{'es' if shape == 'cross' else 's'}"


def listed(names: list[str]) -> str:
    """Names with commas and an "and"."""
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
