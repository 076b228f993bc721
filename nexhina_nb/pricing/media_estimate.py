"""What a call for pictures, sound or video will cost: priced by the piece, the character, the
second.

Where a price counts tokens that only the answer tells, as of some picture models, the estimate says
that it is a floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.cost import Ratio, quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.tasks import (
    SORA_SECONDS,
    image_ratios,
    speaks_by_token,
    task_quota,
    video_ratios,
)
from nexhina_nb.pricing.usage import Tokens, seconds_to_tokens

COUNTED_AFTERWARDS = "the model counts tokens of its answer, which are known afterwards"


@dataclass(frozen=True, slots=True)
class Piece:
    """What is asked for. ``seconds`` is the length of a video or of a recording; ``text`` what is
    spoken.
    """

    verb: str
    model: str
    text: str = ""
    seconds: float | None = None
    size: str = ""
    quality: str = ""
    n: int = 1

    def used(self, price: Price | None) -> Tokens:
        """What the call counts as used, as far as that is known before it."""
        if self.verb == "speak":
            return Tokens(prompt=self._spoken)
        if self.verb in ("transcribe", "translate"):
            return Tokens(prompt=seconds_to_tokens(self.seconds))
        if self.verb == "image" and price is not None and price.per_call is None:
            return Tokens(prompt=self._counted)
        return Tokens(prompt=self.n if self.verb == "image" else 0)

    @property
    def _counted(self) -> int:
        return tokens.count(self.text, tokens.encoding_for(self.model))

    @property
    def _spoken(self) -> int:
        return self._counted if speaks_by_token(self.model) else len(self.text)

    def ratios(self, price: Price) -> tuple[Ratio, ...]:
        """The other ratios of the price (contract 5.4)."""
        if self.verb == "image":
            if price.per_call is None:
                return ()  # the tokens of a call are those of all its pictures
            return image_ratios(self.model, size=self.size, quality=self.quality, n=self.n)
        if self.verb == "video":
            length = None if self.seconds is None else Decimal(str(self.seconds))
            return (*video_ratios(self.model, seconds=length, size=self.size), self.n)
        return ()

    @property
    def amount(self) -> str:
        """What is counted, for people: "3 images", "12 s"."""
        if self.verb == "image":
            return "1 image" if self.n == 1 else f"{self.n} images"
        if self.verb == "speak":
            unit = "tokens" if speaks_by_token(self.model) else "characters"
            return f"{self._spoken:,} {unit}"
        seconds = SORA_SECONDS if self.seconds is None and self.verb == "video" else self.seconds
        return "of unknown length" if seconds is None else f"{seconds:g} s"

    def quota(self, price: Price, group_ratio: Ratio) -> int:
        """What it costs."""
        if self.verb == "video":
            return task_quota(price, group_ratio, other_ratios=self.ratios(price))
        return quota(price, self.used(price), group_ratio, other_ratios=self.ratios(price))

    def is_floor(self, price: Price) -> bool:
        """Whether more may be charged: for tokens that are counted in the answer."""
        if price.per_call is not None:
            return False
        if self.verb in ("image", "speak"):
            return price.weights.audio_out != 0
        # What hears by the second counts nothing else.
        return price.unit == "token" and price.weights.completion != 0
