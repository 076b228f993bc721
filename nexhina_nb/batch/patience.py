"""How long a batch waits for others where nothing can cancel it: what blocks its loop asks here
between short tries.
"""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Patience:
    """It lasts until an interrupt or the deadline, a moment of `time.monotonic`."""

    deadline: float = math.inf
    is_interrupted: bool = False


PATIENCE: ContextVar[Patience] = ContextVar("nexhina_patience")  # of the batch under way


def is_over() -> bool:
    """Whether the batch under way, if there is one, waits no longer."""
    patience = PATIENCE.get(None)
    if patience is None:
        return False
    return patience.is_interrupted or time.monotonic() >= patience.deadline
