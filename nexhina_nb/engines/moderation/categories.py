"""The thirteen categories (contract 1.37), which of them take images, and which contain others."""

from __future__ import annotations

CATEGORIES = (
    "hate",
    "hate/threatening",
    "harassment",
    "harassment/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)

PICTURE_CATEGORIES = (
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "violence",
    "violence/graphic",
)


# What holds for a narrow category holds for these: a threat is harassment, and violent.
CONTAINED_IN = {
    "hate/threatening": ("hate", "violence"),
    "harassment/threatening": ("harassment", "violence"),
    "illicit/violent": ("illicit",),
    "self-harm/intent": ("self-harm",),
    "self-harm/instructions": ("self-harm",),
    "sexual/minors": ("sexual",),
    "violence/graphic": ("violence",),
}


def broad(category: str) -> str:
    """The category that the name begins with: ``hate`` for ``hate/threatening``."""
    return category.partition("/")[0]
