"""Whether what refuses the first rows of a batch refuses all of them. Pure.

A frame may be sorted, so its first rows say little: once some were refused in the same words,
inputs from all over the batch are asked. Only if they fare no better, the batch itself is wrong.
"""

from __future__ import annotations

from collections import Counter

ALIKE = 16  # inputs refused in the same words: then others are looked for
SAMPLES = 32  # inputs from elsewhere that are refused in these words too: then all would be
STRIDE = 0.618  # of what waits, from sample to sample: the golden section spreads them evenly


class Doubts:
    """What is known of a batch before anything of it was answered; after that there is no doubt.
    While they ``are_open``, the next input should be one from elsewhere.
    """

    def __init__(self) -> None:
        self._alike: Counter[str] = Counter()
        self._samples: Counter[str] = Counter()
        self._is_settled = self.are_open = False
        self._strides = 0

    def answered(self) -> None:
        """Something was."""
        self._is_settled, self.are_open = True, False

    def stride(self, waiting: int) -> int:
        """How far from the end of what waits the next sample is: the first one is the last."""
        self._strides += 1
        return 1 if self._strides == 1 else round(waiting * STRIDE)

    def refused(self, words: str | None, *, is_sample: bool) -> bool:
        """Whether all would be, now that one more input was refused; no ``words``: for itself."""
        if words is None or self._is_settled:
            return False
        self._alike[words] += 1
        self._samples[words] += is_sample
        self.are_open = self.are_open or self._alike[words] >= ALIKE
        return self._samples[words] >= SAMPLES
