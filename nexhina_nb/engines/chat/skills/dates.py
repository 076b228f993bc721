"""Calendar arithmetic on given dates: weekdays, spans, sums, leap years; it has no clock, and says
so.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from nexhina_nb.engines.chat.calendar_dates import DAYS, MONTHS, dated, find_dates, in_words
from nexhina_nb.engines.chat.languages import texts
from nexhina_nb.engines.chat.numbers import with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_TODAY = re.compile(
    r"(?:today(?:'s date)?|(?:the )?current date|(?:the )?date)(?: today)?(?: is|"
    r":)\s*(?:\w+day,? )?(?:the )?([^\n]{6,30})",
    re.I,
)
_SPAN = re.compile(r"(\d{1,6})\s*(day|week|month|year|business day|working day|weekday)s?", re.I)
_STEP = {"day": 1, "week": 7}


def answer(prompt: Prompt) -> Answer | None:
    """Answers what is asked about the dates in the task."""
    return first_match(_RULES, prompt) if len(prompt.task) < 3_000 else None


def today(prompt: Prompt) -> date | None:
    """Today's date, if the conversation gives it."""
    for text in (prompt.task, *(turn.text for turn in reversed(prompt.turns)), prompt.system):
        match = _TODAY.search(text[:20_000])
        found = find_dates(match[1]) if match else []
        if found:
            return found[0]
    return None


def _no_clock(prompt: Prompt) -> Answer:
    return Answer(prompt.phrase(*texts("clock", prompt.language)), "unknown")


def _dates(prompt: Prompt) -> list[date]:
    now = today(prompt)
    return find_dates(prompt.task, now.year if now else None)


def _weekday(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = dated(prompt.task)
    offset = _relative(prompt.task)
    now = today(prompt)
    if not found or (offset and now):
        if offset is None:
            return None
        return _day_is(now + timedelta(days=offset)) if now else _no_clock(prompt)
    if found[0][0] is None:
        complete = re.search(r"\d{4}", found[0][1])
        why = "does not exist" if complete else "needs a year"
        return Answer(f"The date {found[0][1]} {why}.", "undefined")
    return _day_is(found[0][0])


def _day_is(day: date) -> Answer:
    name = DAYS[day.weekday()]
    return Answer(f"{in_words(day)} is a {name}.", name)


def _relative(task: str) -> int | None:
    found = re.findall(
        r"\b(day before yesterday|day after tomorrow|yesterday|tomorrow|today|now|it)\b", task, re.I
    )
    known = {"day before yesterday": -2, "yesterday": -1, "tomorrow": 1, "day after tomorrow": 2}
    return known.get(found[-1].lower(), 0) if found else None


def _between(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = _dates(prompt)
    now = today(prompt)
    if len(found) == 1 and re.search(r"\b(?:until|till|since|left|before|to)\b", prompt.task, re.I):
        if now is None:
            return _no_clock(prompt)
        found = [now, found[0]]
    if len(found) < 2:
        return None
    days = abs((found[1] - found[0]).days)
    unit = match[1].lower().rstrip("s")
    whole, rest = divmod(days, _STEP.get(unit, 1))
    if unit in ("month", "year"):
        whole, rest = divmod(_months(min(found[:2]), max(found[:2])), 12 if unit == "year" else 1)
        rest = 0
    brief = f"{whole} {unit}{'s' if whole != 1 else ''}"
    tail = f" and {rest} day{'s' if rest != 1 else ''}" if rest else ""
    return Answer(
        f"From {in_words(found[0])} to {in_words(found[1])} there are {brief}{tail}.", brief + tail
    )


def _months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def _add(match: re.Match[str], prompt: Prompt) -> Answer | None:
    task = with_digits(re.sub(r"\b(?:a|an|one) (?=day|week|month|year)", "1 ", prompt.task))
    span = _SPAN.search(task)
    found = _dates(prompt)
    if span is None:
        return None
    start = found[0] if found else today(prompt)
    if start is None:
        return (
            _no_clock(prompt) if re.search(r"\b(?:today|now|from now|ago)\b", task, re.I) else None
        )
    back = re.search(r"\b(?:before|ago|earlier|subtract|minus|back|prior)\b", task, re.I)
    try:
        day = _shift(start, int(span[1]) * (-1 if back else 1), span[2].lower())
    except (ValueError, OverflowError):
        return Answer("That date is outside the calendar's years 1 to 9999.", "undefined")
    side = "before" if back else "after"
    text = (
        f"{span[1]} {span[2].lower()}{'s' if span[1] != '1' else ''} {side} {in_words(start)} is "
    )
    return Answer(
        f"{text}{DAYS[day.weekday()]}, {in_words(day)} ({day.isoformat()}).", day.isoformat()
    )


def _shift(start: date, amount: int, unit: str) -> date:
    if unit in _STEP:
        return start + timedelta(days=amount * _STEP[unit])
    if unit not in ("month", "year"):
        return _workdays(start, amount)
    months = start.year * 12 + start.month - 1 + amount * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def _workdays(start: date, amount: int) -> date:
    weeks, rest = divmod(abs(amount), 5)
    step = 1 if amount >= 0 else -1
    day = start + timedelta(days=7 * weeks * step)
    while rest or day.weekday() > 4:
        day += timedelta(days=step)
        rest -= day.weekday() <= 4 and rest > 0
    return day


def _leap(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = re.search(r"\b(\d{1,4})\b", prompt.task)
    if not found:
        return None
    holds = calendar.isleap(int(found[1]))
    return Answer(
        f"{'Yes' if holds else 'No'}: {found[1]} is {'' if holds else 'not '}a leap year.",
        "yes" if holds else "no",
    )


def _month_length(match: re.Match[str], prompt: Prompt) -> Answer | None:
    name, year = match[1].capitalize(), re.search(r"\b\d{4}\b", prompt.task)
    month = [row[:3] for row in MONTHS].index(name[:3]) + 1
    if month == 2 and not year:
        return Answer("February has 28 days, and 29 in a leap year.", "28")
    days = calendar.monthrange(int(year[0]) or 1 if year else 2001, month)[1]
    return Answer(f"{MONTHS[month - 1]}{f' {year[0]}' if year else ''} has {days} days.", str(days))


def _now(match: re.Match[str], prompt: Prompt) -> Answer | None:
    day = today(prompt)
    if day is None or "time" in match[0].lower():
        return _no_clock(prompt)
    day += timedelta(days=_relative(prompt.task) or 0)
    return Answer(
        f"It is {DAYS[day.weekday()]}, {in_words(day)} ({day.isoformat()}).", day.isoformat()
    )


def _order(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = _dates(prompt)
    if len(found) < 2:
        return None
    first = re.search(r"earl|first|old|before", match[0], re.I)
    day = min(found) if first else max(found)
    return Answer(
        f"{in_words(day)} is the {'earlier' if first else 'later'} date.", day.isoformat()
    )


def _iso(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = _dates(prompt)
    return Answer(found[0].isoformat()) if found else None


_MONTH = "|".join(MONTHS)
_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (r"\bleap year", _leap),
        (
            rf"\bhow many days (?:are|does|has|in|are there)[^?\n]{{0,20}}\b({_MONTH})\b(?! "
            rf"\d{{1,2}}\b)(?!.*\bbetween\b)",
            _month_length,
        ),
        (
            r"\b(?:(?:what|which) (?:day of the week|weekday|day)|day of the week|"
            r"weekday)\b(?! comes)",
            _weekday,
        ),
        (
            r"\bhow many (days?|weeks?|months?|years?)\b.{0,60}\b(?:between|from|until|till|"
            r"since|left|to|before)\b",
            _between,
        ),
        (
            r"\b(days?|weeks?|months?|years?) (?:between|from|until|till|since)\b(?!.*\bafter\b)",
            _between,
        ),
        (
            r"\bhow (?:long|old)\b.{0,40}\b(?:between|from|until|since)()",
            lambda match, prompt: None,
        ),
        (
            r"\b(?:(?:earlier|earliest|later|latest|older|newest|first|last) (?:date|of)|"
            r"(?:which|what)[^?]{0,30}(?:earlier|later|first|"
            r"earliest|latest))\b",
            _order,
        ),
        (
            r"\b(?:day|week|month|year)s?\b.{0,20}\b(?:after|before|from|later|earlier|ago|prior|"
            r"to|in)\b|"
            r"\b(?:add|subtract|plus|minus|in)\b.{0,40}\b(?:day|week|month|year)s?\b",
            _add,
        ),
        (
            r"\bwhat(?:'s| is| was| will be)? (?:the |today's |tomorrow's |current )*(?:date|"
            r"time|day)\b(?: is it)?(?: today| now| tomorrow| "
            r"yesterday)?(?: it is)?\s*(?:right now|today|now)?\s*[?.!]*$|\bwhat (?:time|day|"
            r"date|year|month) is it\b|\bcurrent time\b",
            _now,
        ),
        (r"\biso(?:[- ]?8601)?\b|\byyyy-mm-dd\b", _iso),
    )
)
