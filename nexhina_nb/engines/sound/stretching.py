"""Slower speech at the same pitch, for speeds below what a synthesiser itself can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexhina_nb.engines.sound.samples import Sound

if TYPE_CHECKING:  # listing the engines must not load NumPy
    import numpy as np
    import numpy.typing as npt

_HOPS = 80  # windows a second: each holds two periods of the deepest voice


def stretched(sound: Sound, factor: float) -> Sound:
    """``factor`` times as long, by overlap and add of similar waves (WSOLA)."""
    import numpy as np  # noqa: PLC0415 - loaded by now: there is a sound

    hop = sound.rate // _HOPS
    count = round(len(sound.samples) * factor) // hop
    wave = np.pad(sound.samples.astype(np.float32), (hop, 4 * hop))
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    made = np.zeros((count + 2) * hop, np.float32)
    start = 0
    for n in range(count + 1):
        wanted = min(int(n * hop / factor), len(wave) - 4 * hop)
        start = _likest(wave, start + hop, wanted, hop) if n else 0
        made[n * hop : (n + 2) * hop] += window * wave[start : start + 2 * hop]
    kept = made[hop : hop + round(len(sound.samples) * factor)]
    return Sound(np.clip(np.rint(kept), -32_768, 32_767).astype(np.int16), sound.rate)


def _likest(wave: npt.NDArray[np.float32], natural: int, wanted: int, hop: int) -> int:
    """Where, near ``wanted``, the wave goes on most like at ``natural``."""
    import numpy as np  # noqa: PLC0415 - loaded by now

    first = max(0, wanted - hop // 2)
    near = wave[first : wanted + hop // 2 + 2 * hop]
    model = wave[natural : natural + 2 * hop]
    model = np.pad(model, (0, 2 * hop - len(model)))
    return first + int(np.correlate(near, model, "valid").argmax())
