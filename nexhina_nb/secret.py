"""A key that cannot be shown by accident.

Not a ``str`` subclass: ``json.dumps``, ``+``, ``join`` and ``encode`` of a subclass give the text
away. The text comes out only where `reveal` is written, which is easy to search for and to review.
"""

from __future__ import annotations

import hmac


class Secret:
    """Holds one secret text; shows only whether it is set."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that must send or store it."""
        return self._text

    def __repr__(self) -> str:
        return "<set>" if self._text else "<not set>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled: it would leave the process")
