"""The one place that asks for PyAV, and says what brings it."""

from __future__ import annotations

from types import ModuleType

from nexhina_nb.errors import NotOffered


def load_av(what: str = "sound is read and written") -> ModuleType:
    """PyAV; raises NotOffered where it is not installed."""
    try:
        import av  # noqa: PLC0415 - kept unloaded until the first file: FFmpeg is large
    except ImportError:
        raise NotOffered(
            f"{what} by PyAV, which is not installed", hint='pip install "nexhina_nb[local]"'
        ) from None
    return av
