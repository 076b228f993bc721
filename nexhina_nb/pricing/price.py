"""What one model costs, in the ratios that gateways of this family use (contract 5.1).

A `Price` is either ratios (per token) or ``per_call`` (USD). Model ratio 1 is $2 per 1M tokens, so
that one prompt token costs ``model_ratio`` quota; the other ratios are relative to it. Where a
shipped ratio of New API and the public price disagree, this package keeps the public price: gpt-4.1
is $2 in, $8 out, completion ratio 4, and not the 2 that New API ships for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from nexhina_nb.errors import BadInput

QUOTA_PER_USD = 500_000
WRITE_1H = Decimal(
    "1.6"
)  # a cache entry kept for an hour against one kept for five minutes: 6 / 3.75

# Prices become whole numbers of 10⁻¹² quota. That is exact for every published price, fine enough
# that 2³¹ tokens are off by 0.001 quota at worst, and coarse enough to undo a division: 2.5 / 0.3 ×
# 0.15 is 1.25 again.
SCALE = 10**12

Amount = Decimal | int | str

_ZERO, _ONE = Decimal(0), Decimal(1)
_HALF = Decimal("0.5")  # $1 per 1M tokens is half a quota per token
# own contexts: a notebook that sets decimal.getcontext().prec must not change what a call costs
EXACT = Context(prec=100)
_RATIO = Context(prec=28)
_LARGEST = Decimal(10**9)
_FURTHEST = 30  # powers of ten; what lies beyond is a slip of the keyboard or an attack


class UnknownPriceWarning(UserWarning):
    """A cost was asked for that no known price answers; the answer is None, never 0."""


class Weights(NamedTuple):
    """A price as integers: 10⁻¹² quota per token of each kind, or per call."""

    prompt: int
    completion: int
    cached: int
    cache_write: int
    cache_write_1h: int
    image_in: int
    audio_in: int
    audio_out: int
    audio_in_apart: int | None
    call: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one model at one time; ratios as in contract 5.1, or ``per_call`` in USD.

    ``audio_in_usd`` is a price of its own for audio input in $ per 1M tokens (Gemini). ``above``
    holds cliffs: from more than that many input tokens on, the other price counts for the whole
    call. ``unit`` says what one prompt token, or one call, stands for: token, character, second,
    image, call.
    """

    model_ratio: Decimal = _ZERO
    completion_ratio: Decimal = _ONE
    cache_ratio: Decimal = _ONE
    create_cache_ratio: Decimal = Decimal("1.25")
    image_ratio: Decimal = _ONE
    audio_ratio: Decimal = _ONE
    audio_completion_ratio: Decimal = _ONE
    audio_in_usd: Decimal | None = None
    per_call: Decimal | None = None
    above: tuple[tuple[int, Price], ...] = ()
    unit: str = "token"
    source: str = ""
    since: date | None = None
    weights: Weights = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for row in fields(self):
            value = getattr(self, row.name, None)
            if isinstance(value, Decimal) and not (value.is_finite() and 0 <= value <= _LARGEST):
                raise BadInput(f"a price cannot have {row.name} = {value}", hint="0 or more")
        object.__setattr__(self, "above", tuple(sorted(self.above, key=lambda step: step[0])))
        object.__setattr__(self, "weights", _weigh(self))

    @classmethod
    def per_million(
        cls,
        input: Amount,
        output: Amount = 0,
        cached: Amount | None = None,
        *,
        cache_write: Amount | None = None,
        image: Amount | None = None,
        audio: Amount | None = None,
        audio_output: Amount | None = None,
        audio_apart: Amount | None = None,
        above: tuple[tuple[int, Price], ...] = (),
        unit: str = "token",
        source: str = "",
        since: date | None = None,
    ) -> Price:
        """A price from USD per 1M tokens of each kind; what is not named costs what the contract
        defaults to.

        Raises BadInput where the input is free and something else is not: ratios cannot say that.
        """
        base = as_decimal(input)
        audio_in = base if audio is None else as_decimal(audio)
        return cls(
            model_ratio=_RATIO.divide(base, Decimal(2)),
            completion_ratio=_ratio(output, base),
            cache_ratio=_ONE if cached is None else _ratio(cached, base),
            create_cache_ratio=Decimal("1.25")
            if cache_write is None
            else _ratio(cache_write, base),
            image_ratio=_ONE if image is None else _ratio(image, base),
            audio_ratio=_ratio(audio_in, base),
            audio_completion_ratio=_ONE if audio_output is None else _ratio(audio_output, audio_in),
            audio_in_usd=None if audio_apart is None else as_decimal(audio_apart),
            above=above,
            unit=unit,
            source=source,
            since=since,
        )

    @classmethod
    def per_call_usd(
        cls, usd: Amount, *, unit: str = "call", source: str = "", since: date | None = None
    ) -> Price:
        """A fixed price in USD for each call, image or second of video."""
        return cls(per_call=as_decimal(usd), unit=unit, source=source, since=since)

    @property
    def is_free(self) -> bool:
        """Whether nothing costs anything."""
        return not any(weight for _, price in ((0, self), *self.above) for weight in price.weights)

    def at_length(self, input_tokens: int) -> Price:
        """The price that counts for a call with that many input tokens."""
        chosen = self
        for start, price in self.above:
            if input_tokens > start:
                chosen = price
        return chosen

    def usd_per_million(self) -> dict[str, Decimal]:
        """USD per 1M of input, output and cached tokens, as in a price list; empty if per call."""
        if self.per_call is not None:
            return {}
        w = self.weights
        kinds = {"input": w.prompt, "output": w.completion, "cached": w.cached}
        return {name: EXACT.divide(2 * weight, SCALE) for name, weight in kinds.items()}


def as_decimal(value: Decimal | int | str | float) -> Decimal:
    """A number as it is written: 0.1 from JSON is a tenth exactly. Raises BadInput for junk."""
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (ArithmeticError, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > _FURTHEST:
        raise BadInput(f"{value!r} is not a number to calculate with", hint="write it like 0.15")
    return number


def _ratio(part: Amount, base: Decimal) -> Decimal:
    part = as_decimal(part)
    if base:
        return _RATIO.divide(part, base)
    if part:
        raise BadInput("the input is free and something else is not", hint="price it per call")
    return _ONE


def _weigh(price: Price) -> Weights:
    ratio = price.model_ratio
    audio = EXACT.multiply(ratio, price.audio_ratio)
    write = EXACT.multiply(ratio, price.create_cache_ratio)
    return Weights(
        prompt=_units(ratio),
        completion=_units(EXACT.multiply(ratio, price.completion_ratio)),
        cached=_units(EXACT.multiply(ratio, price.cache_ratio)),
        cache_write=_units(write),
        cache_write_1h=_units(EXACT.multiply(write, WRITE_1H)),
        image_in=_units(EXACT.multiply(ratio, price.image_ratio)),
        audio_in=_units(audio),
        audio_out=_units(EXACT.multiply(audio, price.audio_completion_ratio)),
        audio_in_apart=_maybe(price.audio_in_usd, _HALF),
        call=_maybe(price.per_call, Decimal(QUOTA_PER_USD)),
    )


def _maybe(usd: Decimal | None, quota: Decimal) -> int | None:
    return None if usd is None else _units(EXACT.multiply(usd, quota))


def _units(quota: Decimal) -> int:
    scaled = EXACT.multiply(quota, Decimal(SCALE))
    return int(scaled.to_integral_value(ROUND_HALF_UP, EXACT))
