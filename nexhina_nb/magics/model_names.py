"""The names of models for completion: asked for beside the kernel's thread, kept for a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nexhina_nb.errors import NexhinaError
from nexhina_nb.magics.destination import Destination
from nexhina_nb.settings import Settings

# Tab must not make anybody wait: what is not there by then is there at the next Tab.
PATIENCE = 0.2
FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Known:
    """Names that a gateway offered at a time of the monotonic clock."""

    where: Destination
    names: Sequence[str]
    at: float


class ModelNames:
    """Call it for the names; without a gateway it gives the defaults of the settings."""

    def __init__(self, destination: Callable[[], Destination]) -> None:
        self._destination = destination
        self._known: Known | None = None
        self._asking: threading.Thread | None = None

    def __call__(self) -> Sequence[str]:
        where = self._destination()
        if where.address and self._names(where) is None:
            self._ask(where)
        return self._names(where) or _defaults(where.settings)

    def _names(self, where: Destination) -> Sequence[str] | None:
        known = self._known
        if known is None or known.where != where or time.monotonic() - known.at > FRESH_SECONDS:
            return None
        return known.names

    def _ask(self, where: Destination) -> None:
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(
                target=self._fetch, args=(where,), name="nexhina-models", daemon=True
            )
            self._asking.start()
        self._asking.join(PATIENCE)

    def _fetch(self, where: Destination) -> None:
        hasty = replace(where.settings, timeout=5.0, connect_timeout=2.0, max_retries=0)
        try:
            with replace(where, settings=hasty).connect() as client:
                names: Sequence[str] = client.models().ids
        except NexhinaError:
            names = ()
        self._known = Known(where, names, time.monotonic())


def _defaults(settings: Settings) -> Sequence[str]:
    return [getattr(settings, name) for name in _DEFAULTS]


_DEFAULTS = (
    "model", "embed_model", "rerank_model", "moderate_model", "image_model", "speak_model",
    "transcribe_model", "video_model",
)  # fmt: skip
