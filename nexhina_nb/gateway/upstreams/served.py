"""What an engine's answer is before it travels: a content type, and pieces of bytes."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from nexhina_nb.wire.sse import DONE, encode

EVENTS = "text/event-stream"
T = TypeVar("T")


@dataclass(slots=True)
class Served:
    """``pieces`` are bytes to send; ``pace`` is a pause after each, in seconds.

    ``is_ready``: the pieces are there already. Otherwise each is computed when it is its turn, in a
    thread.
    """

    content_type: str
    pieces: Iterator[bytes]
    pace: float = 0.0
    is_ready: bool = True

    def close(self) -> None:
        """End the work behind the pieces that were not asked for."""
        if isinstance(self.pieces, Generator):
            self.pieces.close()


def json(payload: Mapping[str, Any]) -> Served:
    """A plain answer."""
    return Served("application/json", iter((orjson.dumps(payload),)))


def chat_stream(chunks: Iterable[Mapping[str, Any]], pace: float) -> Served:
    """A stream of chat chunks, which are computed first: the engine is quicker than the pace."""
    frames = [encode(orjson.dumps(chunk)) for chunk in chunks]
    return Served(EVENTS, iter((*frames, DONE)), pace)


def event_stream(events: Iterable[Mapping[str, Any]]) -> Served:
    """A stream of typed events, each computed in its turn."""
    frames = (encode(orjson.dumps(event), event["type"]) for event in events)
    return Served(EVENTS, frames, is_ready=False)


def sound(pieces: Iterator[bytes], content_type: str) -> Served:
    """Bytes as they are made."""
    return Served(content_type, pieces, is_ready=False)


def begun(pieces: Iterator[T]) -> Iterator[T]:
    """The same pieces, the first of them computed now: what is wrong with a call is then said in
    place of an answer, and not in the middle of one.
    """
    first = list(itertools.islice(pieces, 1))

    def all_pieces() -> Iterator[T]:
        yield from first
        yield from pieces

    return all_pieces()
