"""Cuts a text at its stops and into true token pieces, and counts them against the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nexhina_nb.pricing import tokens


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole characters and the tokens they are made of: mostly one, several where a character needs
    them.
    """

    text: str
    ids: tuple[int, ...]


def cut_at_stops(text: str, stops: Sequence[str]) -> str:
    """The text before the first stop string."""
    stop = first_stop(text, stops)
    return text if stop is None else text[: text.find(stop)]


def first_stop(text: str, stops: Sequence[str]) -> str | None:
    """The stop string that comes first in the text, if one does."""
    found = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    return min(found)[1] if found else None


def split(text: str) -> list[Piece]:
    """The text as token pieces; a character is never split between two of them."""
    found: list[Piece] = []
    held: list[int] = []
    waiting = b""
    for token in tokens.encode(text):
        held.append(token)
        waiting += tokens.decode_bytes(token)
        try:
            whole = waiting.decode("utf-8")
        except UnicodeDecodeError:
            continue
        found.append(Piece(whole, tuple(held)))
        held, waiting = [], b""
    return found


@dataclass(slots=True)
class Budget:
    """Tokens that may still be emitted; None has no end. ``thought`` is the part of ``used`` that
    went into reasoning.
    """

    left: int | None
    used: int = 0
    thought: int = 0
    spent: bool = False

    def take(self, pieces: Sequence[Piece]) -> list[Piece]:
        """As many pieces as fit. Tokens of a character that does not fit whole are used and
        withheld.
        """
        taken: list[Piece] = []
        for piece in pieces:
            if self.left is not None and len(piece.ids) > self.left:
                self.used += self.left
                self.left = 0
                self.spent = True
                break
            taken.append(piece)
            self.used += len(piece.ids)
            self.left = None if self.left is None else self.left - len(piece.ids)
        return taken
