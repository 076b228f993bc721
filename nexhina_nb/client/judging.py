"""What moderate gives back: a verdict for each input, as a value that shows itself as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from nexhina_nb.client import tables
from nexhina_nb.client.cost import Cost, cost_of, total
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.images import image_parts
from nexhina_nb.client.replies import Bundle, facts
from nexhina_nb.client.target import Target
from nexhina_nb.client.texts import checked, items_of, texts_of
from nexhina_nb.errors import BadInput
from nexhina_nb.wire import ModerationResponse
from nexhina_nb.wire.extensions import QUOTA_HEADER
from nexhina_nb.wire.moderation import CATEGORIES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one input: whether it is flagged, the categories that apply, the most likely
    first, and how likely each category is (0 to 1; None where the model does not know it).
    """

    input: str
    flagged: bool
    categories: tuple[str, ...]
    scores: Mapping[str, float | None]

    @property
    def category(self) -> str | None:
        """The most likely category that applies; None if none does."""
        return self.categories[0] if self.categories else None


@dataclass(frozen=True, eq=False, repr=False)
class ModerationReply(Sequence[Verdict]):
    """Verdicts in the order of the inputs; ``raw`` holds the answers as they came, one per request;
    ``cost`` is what they cost.
    """

    results: tuple[Verdict, ...]
    raw: tuple[ModerationResponse, ...]
    model: str
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None

    usage = None  # the wire tells none

    @property
    def flagged(self) -> bool:
        """Whether any input is flagged."""
        return any(row.flagged for row in self.results)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that apply to any input, in the order of the contract."""
        found = {name for row in self.results for name in row.categories}
        return (*(name for name in CATEGORIES if name in found), *sorted(found - {*CATEGORIES}))

    @overload
    def __getitem__(self, place: int) -> Verdict: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Verdict, ...]: ...
    def __getitem__(self, place: int | slice) -> Verdict | tuple[Verdict, ...]:
        return self.results[place]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.results)

    def frame(self) -> pd.DataFrame:
        """A pandas frame: input, flagged, category, and a column of scores for each category."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only wanted here

        names = list(dict.fromkeys([*CATEGORIES, *(n for row in self for n in row.scores)]))
        rows = [
            (row.input, row.flagged, row.category, *(row.scores.get(name) for name in names))
            for row in self
        ]
        return pd.DataFrame(rows, columns=["input", "flagged", "category", *names])

    def __repr__(self) -> str:
        count = sum(row.flagged for row in self)
        return f"<ModerationReply {len(self)} inputs, {count} flagged>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        known = facts(self.model, self.request_id, self.cost, None)
        rows = [(row.input, _said(row), *_highest(row)) for row in self]
        return tables.mimebundle(["input", "flagged", "most likely", "score"], rows), known


def inputs_of(texts: Any, images: Any = ()) -> tuple[list[Any], bool]:
    """The inputs of a request, and whether they are parts that are judged together."""
    pictures = image_parts(images)
    single = [texts] if isinstance(texts, (str, Mapping)) else texts
    given = [] if texts is None else list(items_of(single, "texts"))
    if not pictures and not any(isinstance(item, Mapping) for item in given):
        return list(texts_of(given)), False
    parts = [
        dict(item) if isinstance(item, Mapping) else _text_part(item, row)
        for row, item in enumerate(given)
    ]
    if pictures and len(parts) > 1:
        raise BadInput(
            f"{len(parts)} texts came with images, which are judged together",
            hint="pass one text, or call moderate once for each picture",
        )
    return [*parts, *pictures], True


def _text_part(item: Any, row: int) -> dict[str, Any]:
    return {"type": "text", "text": checked(item, f"item {row} of texts")}


class Judging:
    """Puts the answers of several requests together."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._verdicts: list[Verdict] = []
        self._raw: list[ModerationResponse] = []
        self._costs: list[Cost] = []
        self._request_id: str | None = None

    def add(
        self, target: Target, response: Response, answer: dict[str, Any], inputs: Sequence[str]
    ) -> None:
        """Take one answer; Upstream if it does not judge these inputs."""
        self._verdicts += read_verdicts(target, response, answer, inputs)
        self._raw.append(ModerationResponse.read(answer))
        said = answer.get("model")
        self._model = said if isinstance(said, str) and said else self._model
        self._costs.append(cost_of(response.headers.get(QUOTA_HEADER), self._model, None))
        self._request_id = self._request_id or response.request_id

    def finish(self) -> ModerationReply:
        """All verdicts."""
        return ModerationReply(
            tuple(self._verdicts),
            tuple(self._raw),
            self._model,
            total(self._costs),
            self._request_id,
        )


def read_verdicts(
    target: Target, response: Response, answer: Mapping[str, Any], inputs: Sequence[str]
) -> list[Verdict]:
    """The verdicts of one answer, in order; Upstream if it does not judge these inputs."""
    results = answer.get("results")
    if not isinstance(results, list) or not all(map(_is_result, results)):
        raise not_an_answer(target, response, "is no moderation")
    if len(results) != len(inputs):
        raise not_an_answer(target, response, f"judges {len(results)} of {len(inputs)} inputs")
    return [_verdict(row, said) for row, said in zip(results, inputs, strict=True)]


def _is_result(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("flagged"), bool)


def _verdict(result: Mapping[str, Any], said: str) -> Verdict:
    told, given = result.get("categories"), result.get("category_scores")
    applies = told if isinstance(told, Mapping) else {}
    scores = {
        str(name): float(score) if isinstance(score, (int, float)) else None
        for name, score in (given if isinstance(given, Mapping) else {}).items()
    }
    found = [str(name) for name, holds in applies.items() if holds is True]
    found.sort(key=lambda name: -(scores.get(name) or 0.0))
    return Verdict(said, result["flagged"], tuple(found), scores)


def _said(row: Verdict) -> str:
    return ", ".join(row.categories) or "yes" if row.flagged else "no"


def _highest(row: Verdict) -> tuple[str, float | None]:
    known = {name: score for name, score in row.scores.items() if score is not None}
    if not known:
        return "", None
    name = max(known, key=lambda each: known[each])
    return name, known[name]
