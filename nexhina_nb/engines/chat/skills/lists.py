"""Work on a given list: sort, reverse, unique, count, pick, filter, number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from nexhina_nb.engines.chat.items import Items, parse
from nexhina_nb.engines.chat.numbers import find_numbers, show, with_digits
from nexhina_nb.engines.chat.payload import given, instruction, subject
from nexhina_nb.engines.chat.prompt import Answer, Prompt

_DOWN = re.compile(
    r"\b(?:descending|desc|decreasing|reverse(?:d)?|largest (?:to|first)|biggest (?:to|first)|"
    r"high(?:est)? to low|"
    r"z (?:to|-) a|from (?:large|big|high|long)\w*|longest (?:to|first)|newest first)\b",
    re.I,
)
_LENGTH = re.compile(
    r"\b(?:by|of) (?:their )?(?:word )?length|\blongest|\bshortest|number of letters", re.I
)
_BY_NUMBER = re.compile(r"\bby (?:their |the )?(?!name|letter|alphabet|word)\w+", re.I)
_INLINE = re.compile(
    r"(?:these|this|the following|following|the|my)?\s*(?:list of |set of )?(?:words?|numbers?|"
    r"items?|names?|elements?|list|values|"
    r"fruits|cities|strings|letters|array)?[:,]?\s+((?:[^\s,:?]+(?: [^\s,:?]+){0,3}\s*,"
    r"\s*)+(?:(?:and|or) )?[^,:?\n]+?)"
    r"(?=\s+(?:in|by|from|alphabetically|ascending|descending|into|as|and (?:remove|sort|"
    r"number))\b|[.?!]?$)",
    re.I,
)

_NOUNS = re.compile(
    r"^.{0,60}\b(?:list of|words?|numbers?|items?|names?|elements?|list|values|fruits|cities|"
    r"strings|letters|array|of|these|this|"
    r"following|sort|order|arrange|alphabeti[sz]e|reverse|rank)\b:?\s+",
    re.I,
)

_Make = Callable[[Items, str, re.Match[str]], "Answer | None"]


def answer(prompt: Prompt) -> Answer | None:
    """Does to the list what the task says."""
    if len(prompt.task) > 60_000:
        return None
    order = instruction(prompt.task)
    for pattern, make in _ORDERS:
        match = pattern.search(order[:1_000])
        items = _items(prompt) if match else None
        answer = make(items, order, match) if match and items and items.values else None
        if answer is not None:
            return answer
    return None


def _items(prompt: Prompt) -> Items | None:
    text = given(prompt.task)
    if not text or len(parse(text).values) < 2:
        inline = _INLINE.search(prompt.task[:2_000])
        if inline:
            return parse(_NOUNS.sub("", inline[1]))
    if not text:
        text = subject(prompt)
        text = given(text) or text
    return parse(text) if text else None


def _numeric(values: tuple[str, ...]) -> bool:
    return all(
        len(find_numbers(value)) == 1 and value.strip("$€£%+-., \"'0123456789") == ""
        for value in values
    )


def _goes_by_number(items: Items, order: str) -> bool:
    if _BY_NUMBER.search(order):
        return all(len(find_numbers(value)) == 1 for value in items.values)
    return _numeric(items.values) and "alphabet" not in order.lower()


def _sort(items: Items, order: str, match: re.Match[str]) -> Answer:
    down = bool(_DOWN.search(order))
    values = list(items.values)
    if _LENGTH.search(order):
        values.sort(key=len, reverse=down)
    elif _goes_by_number(items, order):
        values.sort(key=lambda value: find_numbers(value)[0], reverse=down)
    else:
        values.sort(key=lambda value: (value.casefold(), value), reverse=down)
    return Answer(items.write(values))


def _reverse(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    return Answer(items.write(list(reversed(items.values)))) if len(items.values) > 1 else None


def _unique(items: Items, order: str, match: re.Match[str]) -> Answer:
    first: dict[str, str] = {}
    for value in items.values:
        first.setdefault(value.casefold(), value)
    kept = list(first.values())
    if re.search(r"\bhow many|\bcount\b|\bnumber of\b", order, re.I):
        return Answer(f"There are {len(kept)} different items.", str(len(kept)))
    if re.search(r"sort|alphabet", order, re.I):
        return _sort(Items(tuple(kept), items.style), order, match)
    return Answer(items.write(kept))


def _count(items: Items, order: str, match: re.Match[str]) -> Answer:
    many = len(items.values)
    return Answer(f"There are {many} items." if many != 1 else "There is one item.", str(many))


def _most_common(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    value, times = Counter(items.values).most_common(1)[0]
    return Answer(f"{value} appears most often, {times} times.", value) if times > 1 else None


def _pick(items: Items, order: str, match: re.Match[str]) -> Answer:
    many = int(with_digits(match[2])) if match[2] else 1
    values = list(items.values)
    picked = values[:many] if match[1].lower() == "first" else values[-many:]
    return Answer(items.write(picked))


def _extreme(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if len(items.values) < 2:
        return None
    pick = max if match[1].lower().startswith("long") else min
    return Answer(pick(items.values, key=len))


def _filter(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    wanted = match[2].strip("\"'“”‘’.?!").casefold()
    tests: dict[str, Callable[[str], bool]] = {
        "start": lambda value: value.casefold().startswith(wanted),
        "begin": lambda value: value.casefold().startswith(wanted),
        "end": lambda value: value.casefold().endswith(wanted),
        "cont": lambda value: wanted in value.casefold(),
    }
    test = next(make for name, make in tests.items() if match[1].lower().startswith(name))
    return _kept(items, order, [value for value in items.values if test(value)])


def _parity(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if not _numeric(items.values) or len(items.values) < 2:
        return None
    rest = match[1].lower() == "odd"
    return _kept(
        items, order, [value for value in items.values if find_numbers(value)[0] % 2 == rest]
    )


def _beyond(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if not _numeric(items.values) or len(items.values) < 2:
        return None
    above = match[1].lower() in ("greater", "larger", "bigger", "more", "above", "over")
    limit = find_numbers(match[2])[0]
    return _kept(
        items,
        order,
        [
            value
            for value in items.values
            if value
            and (find_numbers(value)[0] > limit if above else find_numbers(value)[0] < limit)
        ],
    )


def _kept(items: Items, order: str, values: list[str]) -> Answer:
    if re.search(r"\bhow many|\bcount\b", order, re.I):
        return Answer(f"{len(values)} of them.", str(len(values)))
    return Answer(items.write(values) or "None of them.", items.write(values) or "none")


def _number(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if len(items.values) < 2:
        return None
    bulleted = bool(re.search(r"bullet", match[0], re.I))
    marks = (
        ["-"] * len(items.values)
        if bulleted
        else [f"{place}." for place in range(1, len(items.values) + 1)]
    )
    return Answer(
        "\n".join(f"{mark} {value}" for mark, value in zip(marks, items.values, strict=True))
    )


def _checklist(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if len(items.values) < 2:
        return None
    return Answer("\n".join(f"- {value}" for value in items.values))


def _join(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if len(items.values) < 2:
        return None
    return Answer(("\n" if "line" in match[0].lower() else ", ").join(items.values))


def _total(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if not _numeric(items.values) or len(items.values) < 2:
        return None
    value = show(sum(find_numbers(row)[0] for row in items.values))  # type: ignore[arg-type]
    return Answer(f"The sum is {value}.", value)


def _array(items: Items, order: str, match: re.Match[str]) -> Answer | None:
    if len(items.values) < 2:
        return None
    return Answer(Items(items.values, "json").write(list(items.values)))


_ORDERS: tuple[tuple[re.Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (r"\b(?:unique|distinct|duplicates?|dedup\w*|different)\b", _unique),
        (
            r"\b(?:sort|order|arrange|rank|alphabeti[sz]e|sortiere?|ordne|trie[rz]?|ordena)\b"
            r"(?! of)|"
            r"\balphabetical(?:ly)?\b|\balphabetisch\b|排序",
            _sort,
        ),
        (
            r"\b(?:even|odd) (?:numbers|ones|values)\b|\bonly the (even|odd)\b",
            lambda items, order, match: None,
        ),
        (r"\b(even|odd)\b", _parity),
        (
            r"\b(greater|larger|bigger|more|above|over|less|smaller|below|under|lower|"
            r"fewer) (?:than )?(-?\d[\d.,]*)",
            _beyond,
        ),
        (
            r"\b(start|begin|end|contain)\w*(?: with| in)?(?: the)?(?: letters?| word|"
            r" string)? ([\"'“‘]?[\w ]{1,30}[\"'”’]?)$",
            _filter,
        ),
        (
            r"\b(start|begin|end)\w* (?:with|in) (?:the letters? )?([\"'“‘]?\w{1,30}[\"'”’]?)",
            _filter,
        ),
        (r"\b(contain)\w* (?:the (?:letters?|word) )?([\"'“‘]?\w{1,30}[\"'”’]?)", _filter),
        (
            r"\b(longest|(?<=which is )longer|shortest|(?<=which is )shorter)\b"
            r"(?: (?:word|item|name|one|element|"
            r"string))?\b(?! sentence)",
            _extreme,
        ),
        (
            r"\breverse\b.{0,40}\b(?:list|order|items|elements|array|numbers|words|sequence)\b|"
            r"\bin reverse(?: order)?\b",
            _reverse,
        ),
        (
            r"\bhow many (?:items|elements|entries|things|names|numbers|values|fruits)\b|"
            r"\bcount (?:the )?(?:items|elements|entries|names|"
            r"numbers|values)\b|\blength of (?:the|this) list\b",
            _count,
        ),
        (r"\b(?:most (?:common|frequent)|appears most)\b", _most_common),
        (
            r"\b(first|last) (?:(\d{1,4}|two|three|four|five|six|seven|eight|nine|"
            r"ten) )?(?:items?|elements?|entries|entry|names?|values?|of)\b",
            _pick,
        ),
        (r"\b(?:sum|total|add up)\b", _total),
        (r"\bjson(?: array| list)?\b(?! object| with)", _array),
        (r"\b(?:to-?do|shopping|check|grocery|packing) ?list\b", _checklist),
        (r"\breverse (?:it|them|that|this)\b", _reverse),
        (
            r"\b(?:numbered|bullet(?:ed)?|bullets|ordered) (?:list|points?)\b|\bbullets\b|"
            r"\bnumber (?:these|the|this|them)\b",
            _number,
        ),
        (
            r"\b(?:comma[- ]separated|one per line|separate lines|join|split|(?:by|"
            r"with) commas?)\b",
            _join,
        ),
    )
)
