"""What a column of answers may hold, and how JSON becomes values of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import narwhals as nw

_BEYOND = 2**63


class Unfit(ValueError):
    """What an answer says cannot stand in its column; ``place`` is where in the answer it is."""

    def __init__(self, why: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(f"{'.'.join(place)}: {why}" if place else why)
        self.why, self.place = why, place

    def below(self, name: object) -> Unfit:
        """The same, seen from what it is a part of."""
        return Unfit(self.why, (str(name), *self.place))


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a column, and what makes a value of it, or an Unfit; ``allowed`` are all values
    that there can be, if they are few.
    """

    dtype: nw.dtypes.DType
    take: Callable[[Any], Any]
    may_be_null: bool = False
    allowed: Sequence[Any] | None = None

    def read(self, value: Any) -> Any:
        """JSON as a value of the column. Raises Unfit."""
        return None if value is None and self.may_be_null else self.take(value)

    def or_null(self) -> Kind:
        """The same where there may be nothing."""
        return replace(self, may_be_null=True)

    def among(self, allowed: Sequence[Any]) -> Kind:
        """The same for some values only."""
        return replace(self, take=partial(_among, self.take, allowed), allowed=allowed)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _is_no("text", value)
    return value


def _whole(value: Any) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or isinstance(number, bool):
        raise _is_no("whole number", value)
    if not -_BEYOND <= number < _BEYOND:
        raise Unfit(f"{number} is too large for a column of whole numbers")
    return number


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _is_no("number", value)
    try:
        return float(value)
    except OverflowError:
        raise Unfit("it is too large for a column of numbers") from None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _is_no("true or false", value)
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _is_no("date", value) from None


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise _is_no("time", value) from None


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_no(what: str, value: Any) -> Unfit:
    return Unfit(f"{_as_json(value)} is no {what}")


TEXT = Kind(nw.String(), _text)
WHOLE = Kind(nw.Int64(), _whole)
NUMBER = Kind(nw.Float64(), _number)
TRUTH = Kind(nw.Boolean(), _truth)
DAY = Kind(nw.Date(), _day)
MOMENT = Kind(nw.Datetime("us", "UTC"), _moment)
JSON = Kind(nw.String(), _as_json, may_be_null=True)


def rows(item: Kind) -> Kind:
    """A list of such values."""
    return Kind(nw.List(item.dtype), partial(_rows, item))


def record(fields: Mapping[str, Kind]) -> Kind:
    """Several values under names."""
    dtype = nw.Struct({name: kind.dtype for name, kind in fields.items()})
    return Kind(dtype, partial(read_record, fields))


def either(kinds: Sequence[Kind]) -> Kind:
    """What one of these kinds is; JSON, as a text, if a column cannot hold all of them."""
    if len(kinds) == 1:
        return kinds[0]
    dtypes = {kind.dtype for kind in kinds}
    if dtypes == {WHOLE.dtype, NUMBER.dtype}:
        return NUMBER
    if JSON in kinds or len(dtypes) > 1:
        return JSON
    return replace(kinds[0], take=partial(_either, kinds))


def read_record(fields: Mapping[str, Kind], value: Any) -> dict[str, Any]:
    """The values of an object. Raises Unfit."""
    if not isinstance(value, Mapping):
        raise _is_no("object", value)
    made = {}
    for name, kind in fields.items():
        if name not in value and not kind.may_be_null:
            raise Unfit("is missing", (name,))
        made[name] = _inside(name, kind, value.get(name))
    return made


def _rows(item: Kind, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _is_no("list", value)
    return [_inside(place, item, each) for place, each in enumerate(value)]


def _inside(name: object, kind: Kind, value: Any) -> Any:
    try:
        return kind.read(value)
    except Unfit as error:
        raise error.below(name) from None


def _either(kinds: Sequence[Kind], value: Any) -> Any:
    for kind in kinds[:-1]:
        try:
            return kind.read(value)
        except Unfit:
            continue
    return kinds[-1].read(value)


def _among(take: Callable[[Any], Any], allowed: Sequence[Any], value: Any) -> Any:
    if value not in allowed:
        raise Unfit(f"{_as_json(value)} is none of {', '.join(map(_as_json, allowed))}")
    return take(value)
