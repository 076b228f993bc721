"""The version of this package: one number, in ``labextension/package.json``, read by the build."""

from __future__ import annotations

import functools


@functools.cache
def version() -> str:
    """The installed version; ``0.0.0`` in a source tree that was never installed."""
    # Asking costs more than all the rest of `import nexhina_nb`, so it waits until somebody asks.
    from importlib.metadata import PackageNotFoundError, version as installed  # noqa: PLC0415

    try:
        return installed("nexhina_nb")
    except PackageNotFoundError:
        return "0.0.0"
