"""Where a broken answer and the one that was asked for afterwards are joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nexhina_nb.client.exchange import Flow, Sleep, passes
from nexhina_nb.errors import APIError, ConnectionFailed, NexhinaError, StreamBroken, TimedOut
from nexhina_nb.retry import Policy

T = TypeVar("T")


class Seam:
    """Fits a new text to what was ``said`` before: a beginning that repeats all of it is left out.

    With ``may_go_on`` a text that begins otherwise is taken for the continuation; without, it is
    another answer, for which `take` and `end` give None.
    """

    def __init__(self, said: str, *, may_go_on: bool) -> None:
        self._said, self._may_go_on = said, may_go_on
        self._place = 0  # up to here the new text repeats the old one
        self._joined = not said

    def take(self, piece: str) -> str | None:
        """What is new in a piece."""
        if self._joined:
            return piece
        left = len(self._said) - self._place
        if piece[:left] == self._said[self._place : self._place + len(piece)]:
            self._place += min(len(piece), left)
            self._joined = len(piece) > left
            return piece[left:]
        return self._go_on(piece)

    def end(self) -> str | None:
        """What is new once the text has ended: what looked like a repetition may have been none."""
        whole = self._joined or self._place == len(self._said)
        return "" if whole else self._go_on("")

    def _go_on(self, piece: str) -> str | None:
        self._joined = True
        return self._said[: self._place] + piece if self._may_go_on else None


def opening(ask: Callable[[], Flow[T]], policy: Policy) -> Flow[tuple[T, int]]:
    """What ``ask`` gives, and how often it was asked again because the connection broke before
    anything came.
    """
    try:
        opened = yield from ask()
    except ConnectionFailed as error:
        if isinstance(error, TimedOut):
            raise
        broken = error
    else:
        return opened, 0
    return (yield from ask_again(ask, policy, 0, broken))


def ask_again(
    ask: Callable[[], Flow[T]], policy: Policy, tries: int, error: NexhinaError
) -> Flow[tuple[T, int]]:
    """What ``ask`` gives after an error, and how many tries that makes; raises the error if the way
    is still broken when there have been enough.
    """
    while (delay := policy.delay(tries)) is not None:
        tries += 1
        yield Sleep(delay)
        try:
            opened = yield from ask()
        except NexhinaError as failed:
            if not is_break(failed):
                raise
        else:
            return opened, tries
    raise error


def is_break(error: NexhinaError) -> bool:
    """Whether the way broke and not the answer: then asking again may give the rest."""
    if isinstance(error, APIError):
        return passes(error) or error.code == "stream_broken"
    return isinstance(error, (StreamBroken, ConnectionFailed))
