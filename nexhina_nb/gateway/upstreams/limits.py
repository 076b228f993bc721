"""The bounds within which an upstream is talked to: how long, how many, how much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The longest waits, in seconds.

    ``connect``: for a free place in the pool; then for a connection, name look-up and TLS included.
    ``first_byte``: from the last byte of the request to the complete head of the answer.
    ``idle``: for the next bytes of the body, while somebody wants them.
    """

    connect: float = 10.0
    first_byte: float = 300.0
    idle: float = 300.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is kept: connections per upstream; bytes of a head, and of a body not yet read.

    ``keep_alive`` is how many seconds a connection is kept without work: below the 60 s and more
    that servers and load balancers commonly allow, so that nearly always this side closes.
    """

    connections: int = 1000
    keep_alive: float = 30.0
    head: int = 65_536
    held: int = 262_144
