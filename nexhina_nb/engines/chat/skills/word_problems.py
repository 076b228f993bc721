"""Small word problems: things gained and lost, groups of equal size, fair shares, and speed, time
and distance.
"""

from __future__ import annotations

import re
from fractions import Fraction

from nexhina_nb.engines.chat.numbers import find_numbers, show, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills import relations
from nexhina_nb.engines.chat.words import sentences

_GAIN = re.compile(
    r"\b(?:buys?|bought|gets?|got|finds?|found|receives?|received|earns?|earned|wins?|won|adds?|"
    r"added|picks?|picked|"
    r"collects?|collected|gains?|gained|(?:gives?|gave|given) (?:me|him|her|us|them|you)|more|"
    r"another|joins?|joined|arrives?|get on)\b",
    re.I,
)
_LOSS = re.compile(
    r"\b(?:eats?|ate|eaten|loses?|lost|gives?|gave|sells?|sold|spends?|spent|uses?|used|breaks?|"
    r"broke|drops?|dropped|"
    r"removes?|removed|donates?|donated|leaves?|left the|takes? away|throws?|threw|drinks?|drank|"
    r"pays?|paid|fly away|flew away|"
    r"get off|go home|went home)\b",
    re.I,
)
_ASKS = re.compile(
    r"\bhow (?:many|much)\b|\bwhat(?:'s| is) (?:the )?(?:total|left|remaining)\b", re.I
)
_CLAUSE = re.compile(r",|;|\band\b|\bthen\b|\bbut\b|[.!?]\s", re.I)
_AGE_GAP = re.compile(
    r"\b[A-Z]\w+ is (?P<age>\d+)(?: years old)?\b.{0,40}?\b(?P<who>[A-Z]\w+) is (?P<gap>\d+) years?"
    r" (?P<way>younger|older)\b",
    re.S,
)
_BARE_NUMBER = re.compile(r"\s*[$€£]?\d")
_EACH = re.compile(
    r"\b(?:each|every|per|apiece)\b|\b(?:packs?|boxes|bags?|rows?|groups?) of\b", re.I
)
_SHARE = re.compile(
    r"\b(?:shared?|split|divided?|distribut\w+)\b.{0,60}\b(?:equally|evenly|among|between|by|"
    r"into|amongst)\b",
    re.I,
)
_SPEED = re.compile(
    r"(\d[\d.,]*)\s*(km/h|kph|mph|m/s|km per hour|kilomet(?:er|re)s (?:per|an) hour|miles (?:per|"
    r"an) hour|"
    r"met(?:er|re)s per second)",
    re.I,
)
_TIME = re.compile(
    r"(?:for|in|takes?|after|of)\s+(\d[\d.,]*)\s*(hours?|minutes?|seconds?|h\b|min\b|s\b)", re.I
)
_DISTANCE = re.compile(
    r"(\d[\d.,]*)\s*(km|kilomet(?:er|re)s?|miles?|m|met(?:er|re)s?)\b(?! ?/|/h| per| an)", re.I
)
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def answer(prompt: Prompt) -> Answer | None:
    """Solves the problem where its sentences follow one of the known patterns."""
    task = with_digits(prompt.task)
    if len(task) > 1_500 or not find_numbers(task):
        return None
    related = relations.part(task) or relations.age(task) or relations.by_rate(task)
    if related or relations.is_rate(task) or len(find_numbers(task)) < 2:
        return related
    return (
        _motion(task)
        or _discount(task)
        or _ages(task)
        or (_counting(task) if _ASKS.search(task) else None)
    )


def _discount(task: str) -> Answer | None:
    rate = re.search(r"(\d[\d.]*)\s?% (off|discount)", task, re.I)
    price = re.search(
        r"[$€£]\s?(\d[\d,.]*\d|\d)|(\d[\d,.]*) (?:dollars|euros|pounds|francs|CHF|USD|EUR|yen)",
        task,
    )
    if (
        rate is None
        or price is None
        or not re.search(r"\b(?:price|cost|pay|how much)\b", task, re.I)
    ):
        return None
    before, percent = find_numbers(price[1] or price[2])[0], find_numbers(rate[1])[0]
    return _worked(
        f"{show(before)} - {show(percent)}% of {show(before)}", before * (100 - percent) / 100
    )


def _ages(task: str) -> Answer | None:
    """'Ada is 36. Bob is 5 years younger. How old is Bob?'"""
    told, asked = _AGE_GAP.search(task), re.search(r"\bhow old is (\w+)", task, re.I)
    if told is None or asked is None or asked[1].lower() != told["who"].lower():
        return None
    base, gap = find_numbers(told["age"])[0], find_numbers(told["gap"])[0]
    sign = "-" if told["way"].lower() == "younger" else "+"
    value = base - gap if sign == "-" else base + gap
    return _worked(f"{show(base)} {sign} {show(gap)}", value)


def _counting(task: str) -> Answer | None:
    parts = sentences(task)
    story = " ".join(part for part in parts if not part.endswith("?"))
    question = parts[-1] if parts[-1].endswith("?") else ""
    if not story:  # everything in one sentence: "if I have 3 apples and eat 1, how many are left?"
        asked = _ASKS.search(question)
        start = asked.start() if asked else len(question)
        story, question = question[:start], question[start:]
    numbers = find_numbers(f"{story} {question}")
    if re.search(r"\d{4}-\d\d|%|\bdegrees?\b", task) or not 2 <= len(numbers) <= 8:
        return None
    for solve in (_prices, _shares, _groups, _flow):
        steps = solve(story, question)
        if steps:
            return _worked(*steps)
    return None


def _worked(steps: str, value: Fraction) -> Answer:
    return Answer(f"{steps} = {show(value, 4)}", show(value, 4))


def _prices(story: str, question: str) -> tuple[str, Fraction] | None:
    """'A book costs $12; how much do 3 books cost?' and 'if 3 cost $6, how much do 5 cost?'"""
    numbers = find_numbers(f"{story} {question}")
    if not re.search(r"\bcosts?\b|\bpay\b", f"{story} {question}", re.I):
        return None
    if len(numbers) == 3 and re.search(r"\d \w+ costs? ", story, re.I) and numbers[0]:
        steps = f"{show(numbers[1])} / {show(numbers[0])} * {show(numbers[2])}"
        return steps, numbers[1] / numbers[0] * numbers[2]
    if len(numbers) == 2 and re.search(
        r"\b(?:an?|one|each|every|1)\b.{0,30}\bcosts?\b", story, re.I
    ):
        return f"{show(numbers[0])} * {show(numbers[1])}", numbers[0] * numbers[1]
    return None


def _shares(story: str, question: str) -> tuple[str, Fraction] | None:
    numbers = find_numbers(f"{story} {question}")
    if not _SHARE.search(f"{story} {question}") or len(numbers) != 2 or numbers[1] == 0:
        return None
    return f"{show(numbers[0])} / {show(numbers[1])}", numbers[0] / numbers[1]


def _groups(story: str, question: str) -> tuple[str, Fraction] | None:
    numbers = find_numbers(f"{story} {question}")
    if len(numbers) != 2 or not _EACH.search(f"{story} {question}"):
        return None
    if not _EACH.search(story) and numbers[1]:
        return f"{show(numbers[0])} / {show(numbers[1])}", numbers[0] / numbers[1]
    return f"{show(numbers[0])} * {show(numbers[1])}", numbers[0] * numbers[1]


def _flow(story: str, question: str) -> tuple[str, Fraction] | None:
    total: Fraction | None = None
    steps = ""
    moved = False
    carried = ""  # "spends 3 on bread and 4 on milk" says its verb once
    for clause in _CLAUSE.split(story):
        for number in find_numbers(clause):
            if total is None:
                total, steps = number, show(number)
                continue
            sign = _direction(clause) or (carried if _BARE_NUMBER.match(clause) else "")
            carried = sign
            if not sign:
                return _together(story, question)
            moved = True
            total += number if sign == "+" else -number
            steps += f" {sign} {show(number)}"
    return (steps, total) if total is not None and moved else None


def _direction(clause: str) -> str:
    gains, losses = _GAIN.search(clause), _LOSS.search(clause)
    if losses and not (
        gains and gains.start() <= losses.start() and gains[0].lower() not in ("more", "another")
    ):
        return "-"
    return "+" if gains else ""


def _together(story: str, question: str) -> tuple[str, Fraction] | None:
    numbers = find_numbers(story)
    whole = re.search(r"\b(?:altogether|in total|total|in all|together|combined)\b", question, re.I)
    if not whole and not _all_kinds(story, question):
        return None
    return " + ".join(show(number) for number in numbers), sum(numbers, Fraction(0))


def _all_kinds(story: str, question: str) -> bool:
    """'12 girls and 15 boys: how many children?' asks for all, '… how many girls?' for some."""
    asked = re.search(
        r"\bhow many (\w+) (?:are there|are in|does \w+ have|do (?:i|we|they) have)\b",
        question,
        re.I,
    )
    counted = re.findall(r"\b\d+ (\w+)", story)
    several = re.search(r"\b\d+ [\w ]{1,30}?(?:,| and) \d+ ", story)
    return (
        bool(asked and several)
        and asked is not None
        and asked[1].lower() not in (word.lower() for word in counted)
    )


def _motion(task: str) -> Answer | None:
    speed, time, distance = _SPEED.search(task), _TIME.search(task), _DISTANCE.search(task)
    if (
        speed
        and time
        and re.search(r"how far|what distance|how many (?:km|miles|kilo|met)", task, re.I)
    ):
        per_second = "second" in speed[2].lower() or "m/s" in speed[2].lower()
        unit = 1 if per_second else 3600
        value = _read(speed) * _read(time) * _SECONDS[time[2][0].lower()] / unit
        name = "m" if per_second else "miles" if "mi" in speed[2] or "mph" in speed[2] else "km"
        return _units(value, name)
    if speed and distance and re.search(r"how long|how many hours|what time", task, re.I):
        per_second = "second" in speed[2].lower() or "m/s" in speed[2].lower()
        return _units(_read(distance) / (_read(speed) or 1), "seconds" if per_second else "hours")
    if (
        distance
        and time
        and re.search(r"(?:what|how|average).{0,30}\b(?:speed|fast)\b", task, re.I)
    ):
        name = "km" if distance[2].lower().startswith("k") else distance[2].lower()
        return _units(
            _read(distance) / (_read(time) or 1), f"{name} per {time[2].lower().rstrip('s')}"
        )
    return None


def _read(match: re.Match[str]) -> Fraction:
    found = find_numbers(match[1])
    return found[0] if found else Fraction(0)


def _units(value: Fraction, unit: str) -> Answer:
    return Answer(f"{show(value, 4)} {unit}", f"{show(value, 4)} {unit}")
