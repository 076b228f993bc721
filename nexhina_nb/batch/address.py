"""Under which name an answer is kept: a digest of everything that the answer depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nexhina_nb.release import version

FORMAT = 1  # of what is kept; a new one makes all old answers unknown


class Address:
    """The part of the name that all inputs of a batch share.

    ``gateway`` is empty for the gateway of this machine, which changes its port, and else its
    address. A built-in model may compute otherwise in the next version of this package.
    """

    def __init__(self, verb: str, gateway: str, model: str, **parameters: Any) -> None:
        common: Mapping[str, Any] = {
            "format": FORMAT,
            "verb": verb,
            "gateway": gateway,
            "model": model,
            "version": version() if model.startswith("local/") else None,
            "parameters": parameters,
        }
        self._start = hashlib.sha256(json.dumps(common, sort_keys=True).encode())

    def of(self, data: bytes) -> bytes:
        """The name of the answer to one input."""
        digest = self._start.copy()
        digest.update(data)
        return digest.digest()

    def of_many(self, inputs: Iterable[bytes]) -> bytes:
        """The name of the answer to several inputs together, in this order."""
        digest = self._start.copy()
        for data in inputs:
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        return digest.digest()
