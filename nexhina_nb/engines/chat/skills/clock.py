"""Times of the day: minutes and hours added or taken away, the time between two, twelve hours for
twenty-four.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.numbers import find_numbers, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_DAY = 24 * 60
_T = r"(\d{1,2}:\d\d(?:\s?[ap]\.?m\b\.?)?|\d{1,2}\s?[ap]\.?m\b\.?)"
_SPAN = r"((?:\d+(?:\.\d+)? (?:hours?|minutes?|mins?|h)\b(?:,? (?:and )?)?){1,2})"


def answer(prompt: Prompt) -> Answer | None:
    """Computes with the times that the task names."""
    if len(prompt.task) > 300:
        return None
    return first_match(_RULES, Prompt(with_digits(prompt.task)))


def _minutes(text: str) -> int | None:
    """Minutes since midnight; None for what is no time of the day."""
    parts = re.match(r"(\d{1,2})(?::(\d\d))?\s?([ap])?", text.lower())
    if parts is None:
        return None
    hour, minute = int(parts[1]), int(parts[2] or 0)
    if hour > (12 if parts[3] else 23) or minute > 59:
        return None
    return (hour % 12 + (12 if parts[3] == "p" else 0) if parts[3] else hour) * 60 + minute


def _length(text: str) -> int:
    found = re.findall(r"(\d+(?:\.\d+)?) (h|m)", text.lower())
    return int(sum(find_numbers(number)[0] * (60 if unit == "h" else 1) for number, unit in found))


def _shown(minutes: int) -> str:
    return f"{minutes // 60 % 24}:{minutes % 60:02d}"


def _moved(time: str, span: str, sign: int) -> Answer | None:
    start = _minutes(time)
    if start is None:
        return None
    end = start + sign * _length(span)
    day = "" if 0 <= end < _DAY else " the next day" if end >= _DAY else " the day before"
    text = f"{_shown(end)}{day}"
    way = "after" if sign > 0 else "before"
    return Answer(f"{span.strip(' ,')} {way} {time} is {text}.", text)


def _between(match: re.Match[str], prompt: Prompt) -> Answer | None:
    start, end = _minutes(match[1]), _minutes(match[2])
    if start is None or end is None:
        return None
    minutes = (end - start) % _DAY
    if re.search(r"\bminutes\b", prompt.task, re.I):
        text = f"{minutes} minutes"
    else:
        text = f"{minutes // 60} h {minutes % 60} min"
    return Answer(f"From {match[1]} to {match[2]} it is {text}.", text)


def _twelve(match: re.Match[str], prompt: Prompt) -> Answer | None:
    start = _minutes(match[1])
    if start is None:
        return None
    hour = start // 60
    text = f"{hour % 12 or 12}:{start % 60:02d} {'pm' if hour > 11 else 'am'}"
    return Answer(f"{match[1]} is {text}.", text)


def _twenty_four(match: re.Match[str], prompt: Prompt) -> Answer | None:
    start = _minutes(match[1])
    text = f"{start // 60:02d}:{start % 60:02d}" if start is not None else ""
    return Answer(f"{match[1]} is {text}.", text) if text else None


_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (rf"{_T}.{{0,30}}\b(?:12|twelve)[- ]hour", _twelve),
        (rf"{_T}.{{0,30}}\b24[- ]hour", _twenty_four),
        (
            rf"\b(?:how (?:long|many (?:minutes|hours))|time|minutes|hours)\b.{{0,30}}\b(?:between|"
            rf"from) {_T} (?:and|to|until|till) {_T}",
            _between,
        ),
        (rf"\b(?:add )?{_SPAN}\s*(?:to|after|past) {_T}", lambda m, _: _moved(m[2], m[1], 1)),
        (rf"{_T} (?:plus|\+) {_SPAN}", lambda m, _: _moved(m[1], m[2], 1)),
        (
            rf"\b(?:subtract |take )?{_SPAN}\s*(?:before|from|off) {_T}",
            lambda m, _: _moved(m[2], m[1], -1),
        ),
        (rf"{_T} (?:minus|-) {_SPAN}", lambda m, _: _moved(m[1], m[2], -1)),
    )
)
