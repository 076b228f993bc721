"""What kind of thing a value is, as a refusal says it."""

from __future__ import annotations


def kind_of(value: object) -> str:
    """The name of its type with an article: "an int", "a DataFrame"."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"
