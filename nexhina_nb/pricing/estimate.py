"""What a call will cost, before it is made. Pure: nothing is sent.

Input tokens are counted exactly where the model's vocabulary is known; output is a range, and what
its upper end assumes is said. The money is `cost.quota`'s, so that the estimate and the bill cannot
disagree.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from nexhina_nb.origin import callers_level
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Ratio, format_usd, quota, usd
from nexhina_nb.pricing.inputs import TEXT, Inputs, Message, Verb, count_inputs, messages_of
from nexhina_nb.pricing.markup import escaped
from nexhina_nb.pricing.media_estimate import COUNTED_AFTERWARDS, Piece
from nexhina_nb.pricing.output import ENDLESS, Bound, Usual, bound
from nexhina_nb.pricing.price import Price, UnknownPriceWarning
from nexhina_nb.pricing.usage import LARGEST, Tokens

__all__ = ["Estimate", "Verb", "count_inputs", "estimate"]

_PIECES = ("image", "speak", "transcribe", "translate", "video")


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """Tokens and money of a call that has not been made; ranges are (least, most).

    ``quota`` and ``usd`` are None where no price is known. ``is_exact`` says whether the input was
    counted with the model's own vocabulary, ``assumption`` what the most output rests on.
    ``amount`` is what is counted where it is not tokens: images, characters, seconds; ``answers``
    how many texts are asked for. ``floor`` says why more than the most may be charged; it is empty
    where that cannot be.
    """

    verb: Verb
    model: str
    input_tokens: int
    output_tokens: tuple[int, int]
    quota: tuple[int, int] | None
    price: Price | None
    is_exact: bool
    assumption: str = ""
    notes: tuple[str, ...] = ()
    amount: str = ""
    answers: int = 0
    floor: str = ""

    @property
    def usd(self) -> tuple[Decimal, Decimal] | None:
        """The range in USD."""
        return None if self.quota is None else (usd(self.quota[0]), usd(self.quota[1]))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What people should know besides."""
        return (f"a floor: {self.floor}", *self.notes) if self.floor else self.notes

    def narrowed(self, usual: Usual | None, *, to_the_limit: bool = False) -> Estimate:
        """The same with answers as long as they usually are; never longer than they can be, which
        stays the upper end ``to_the_limit``: of a limit that the caller has set.
        """
        top = self.output_tokens[1]
        if usual is None or not self.answers or not top:
            return self
        limit, floor = (LARGEST, "") if self.floor == ENDLESS else (top, self.floor)
        longest = limit if to_the_limit else usual.most * self.answers
        least, most = (min(length, limit) for length in (usual.least * self.answers, longest))
        words = f"{usual}; {self.assumption}" if most == limit else str(usual)
        quota = self.quota
        if quota is not None:
            # Cost grows evenly with the answer, since cliffs are in the length of the input.
            base, rise = quota[0], quota[1] - quota[0]
            quota = base + rise * least // top, base - -rise * most // top
        return replace(
            self, output_tokens=(least, most), quota=quota, assumption=words, floor=floor
        )

    def __str__(self) -> str:
        return "; ".join(f"{label} {value}" for label, value in self._lines())

    __repr__ = __str__  # consoles show it, and lists of estimates

    def _repr_html_(self) -> str:
        cells = (
            f"<tr><th style='text-align:left'>{label}</th>"
            f"<td style='text-align:left'>{escaped(value)}</td></tr>"
            for label, value in self._lines()
        )
        return f"<table>{''.join(cells)}</table>"

    def _lines(self) -> list[tuple[str, str]]:
        about = "" if self.is_exact else "about "
        lines = [
            (self.verb, self.model),
            ("in", self.amount or f"{about}{self.input_tokens:,} tokens"),
            ("out", _range(self.output_tokens, "{:,}") + " tokens"),
            ("cost", self._cost()),
            ("price", (self.price.source or "set here") if self.price else "unknown"),
        ]
        if not self.output_tokens[1]:
            del lines[2]
        if self.assumption:
            lines.append(("assuming", self.assumption))
        return lines + [("note", note) for note in self.remarks]

    def _cost(self) -> str:
        if self.quota is None:
            lacks = "price for this model" if self.price is None else "length of the recording"
            return f"unknown: no {lacks}"
        low, high = (format_usd(usd(amount)) for amount in self.quota)
        return f"{_either(low, high)} ({_range(self.quota, '{:,}')} quota)"


def estimate(
    verb: Verb,
    inputs: Inputs,
    *,
    model: str,
    documents: Iterable[str | Message] | None = None,
    tools: Sequence[Message] | None = None,
    max_tokens: int | None = None,
    n: int = 1,
    seconds: float | None = None,
    size: str = "",
    quality: str = "",
    group_ratio: Ratio | None = None,
    catalog: Catalog | None = None,
    at: datetime | date | None = None,
) -> Estimate:
    """Tokens and cost of one call: ``chat`` and ``respond`` (a prompt or messages), ``embed`` and
    ``moderate`` (texts), ``rerank`` (a query); ``image`` (a prompt, ``size``, ``quality``, ``n``),
    ``speak`` (a text), ``transcribe`` and ``translate`` (``seconds``), ``video`` (a prompt,
    ``seconds``, ``size``).

    ``group_ratio`` is by default the catalogue's, 1 for list prices. Without a price ``quota`` is
    None (UnknownPriceWarning). Raises BadInput for another verb and for ``max_tokens`` below 0.
    """
    catalog = Catalog.bundled() if catalog is None else catalog
    price = _price(catalog, model, at)
    group_ratio = catalog.ratio(model) if group_ratio is None else group_ratio
    if verb in _PIECES:
        piece = Piece(verb, model, str(inputs), seconds, size, quality, n)
        return _of_piece(verb, piece, price, group_ratio)
    messages = messages_of(inputs) if verb in TEXT else []
    counts = count_inputs(verb, messages or inputs, model=model, documents=documents, tools=tools)
    used, output = Tokens(prompt=sum(counts)), Bound()
    if verb in TEXT:
        images, sounds = tokens.count_media(messages, model)
        used = replace(used, image_in=images, audio_in=sounds)
        output = bound(catalog, model, used.prompt, max_tokens, n)
    return Estimate(
        verb=verb,
        model=model,
        input_tokens=used.prompt,
        output_tokens=(0, output.most),
        quota=None if price is None else _quotas(price, used, output.most, group_ratio),
        price=price,
        is_exact=tokens.is_exact(model),
        assumption=output.assumption,
        notes=tuple(_notes(catalog, model, counts)),
        answers=n if verb in TEXT else 0,
        floor=output.floor,
    )


def _price(catalog: Catalog, model: str, at: datetime | date | None) -> Price | None:
    price = catalog.price(model, at)
    if price is None:
        near = catalog.nearest(model)
        hint = f"; near: {', '.join(near)}" if near else ""
        what = f"no price is known for {model!r}{hint}"
        warnings.warn(what, UnknownPriceWarning, stacklevel=callers_level())
    return price


def _of_piece(verb: Verb, piece: Piece, price: Price | None, group_ratio: Ratio) -> Estimate:
    unknown = verb in ("transcribe", "translate") and piece.seconds is None
    amount = None if price is None or unknown else piece.quota(price, group_ratio)
    return Estimate(
        verb=verb,
        model=piece.model,
        input_tokens=piece.used(price).prompt,
        output_tokens=(0, 0),
        quota=None if amount is None else (amount, amount),
        price=price,
        is_exact=True,
        amount=piece.amount,
        floor=COUNTED_AFTERWARDS if price is not None and piece.is_floor(price) else "",
    )


def _quotas(price: Price, used: Tokens, most: int, group_ratio: Ratio) -> tuple[int, int]:
    low, high = (
        quota(price, replace(used, completion=output), group_ratio) for output in (0, most)
    )
    return low, high


def _notes(catalog: Catalog, model: str, counts: Sequence[int]) -> list[str]:
    context = catalog.context_length(model)
    long = [count for count in counts if context is not None and count > context]
    if not long:
        return []
    what = f"{len(long)} of {len(counts)} texts are" if len(counts) > 1 else "the input is"
    return [f"{what} longer than the model's {context:,} tokens"]


def _range(ends: tuple[int, int], form: str) -> str:
    return _either(form.format(ends[0]), form.format(ends[1]))


def _either(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
