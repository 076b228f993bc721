"""Properties of given numbers: prime, even, factors, divisors, comparison, average, rounding,
bases, Roman numerals.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from nexhina_nb.engines.chat.numbers import (
    find_numbers,
    show,
    with_digits,
)
from nexhina_nb.engines.chat.payload import earlier
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_MOST = 10**12  # trial division up to a million stays within a few milliseconds
_N = r"(-?\d[\d,]*(?:\.\d+)?)"


def answer(prompt: Prompt) -> Answer | None:
    """Says what is asked about the numbers in the task."""
    if len(prompt.task) > 4_000 or not re.search(r"\d|[a-z]{3}|[IVXLC]", prompt.task):
        return None
    return first_match(_RULES, prompt)


def _whole(text: str) -> int | None:
    value = find_numbers(text)
    if not value or value[0].denominator != 1 or abs(value[0]) > _MOST:
        return None
    return int(value[0])


def _given(prompt: Prompt) -> list[Fraction]:
    return find_numbers(prompt.task) or find_numbers(earlier(prompt))


def factorise(value: int) -> list[int]:
    """The prime factors of a number from 2 to a trillion, in rising order."""
    found: list[int] = []
    divisor = 2
    while divisor * divisor <= value:
        while value % divisor == 0:
            found.append(divisor)
            value //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*found, value] if value > 1 else found


def _yes_no(holds: bool, reason: str) -> Answer:
    return Answer(f"{'Yes' if holds else 'No'}: {reason}", "yes" if holds else "no")


def _prime(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = _whole(with_digits(prompt.task))
    if value is None:
        return None
    if value < 2:
        return _yes_no(False, f"{value} is not prime; the primes start at 2.")
    factors = factorise(value)
    if len(factors) == 1:
        return _yes_no(True, f"{value} is prime.")
    return _yes_no(False, f"{value} is not prime, it is {' × '.join(map(str, factors))}.")


def _parity(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = _whole(with_digits(prompt.task))
    if value is None:
        return None
    kind = "odd" if value % 2 else "even"
    asked = set(re.findall(r"\b(?:even|odd)\b", prompt.task.lower()))
    if len(asked) == 1:
        return _yes_no(asked == {kind}, f"{value} is {kind}.")
    return Answer(f"{value} is {kind}.", kind)


def _divisible(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = [int(value) for value in _given(prompt) if value.denominator == 1]
    if len(found) < 2 or found[1] == 0:
        return None
    left, right = found[:2]
    rest = left % right
    if rest:
        return _yes_no(False, f"{left} divided by {right} leaves {rest}.")
    return _yes_no(True, f"{left} = {right} × {left // right}.")


def _factors(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = _whole(with_digits(prompt.task))
    if value is None or value < 1:
        return None
    factors = factorise(value)
    if match[1] and "prime" in match[1].lower():
        brief = " × ".join(map(str, factors)) or str(value)
        return Answer(f"{value} = {brief}", brief)
    divisors = {1}
    for factor in factors:
        divisors |= {divisor * factor for divisor in divisors}
    brief = ", ".join(map(str, sorted(divisors)))
    return Answer(f"The divisors of {value} are {brief}.", brief)


def _common(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = [int(value) for value in _given(prompt) if value.denominator == 1 and value]
    if len(found) < 2:
        return None
    largest = bool(re.match(r"gcd|gcf|hcf|greatest|highest", match[0], re.I))
    value = math.gcd(*found) if largest else math.lcm(*found[:20])
    name = "greatest common divisor" if largest else "least common multiple"
    return Answer(f"The {name} of {', '.join(map(str, found))} is {value}.", str(value))


def _round(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = find_numbers(match[1])
    if not value:
        return None
    wish = with_digits(match[2].lower())
    step = {"ten": 10, "hundred": 100, "thousand": 1000, "tenth": 0.1, "hundredth": 0.01}
    named = re.search(r"nearest (ten|hundred|thousand|tenth|hundredth)\b", match[2].lower())
    places = re.search(r"(\d{1,2}) (?:decimal|digit|place)", wish)
    unit = (
        Fraction(str(step[named[1]]))
        if named
        else Fraction(1, 10 ** int(places[1]) if places else 1)
    )
    half = Fraction(1, 2) if value[0] >= 0 else Fraction(-1, 2)
    rounded = int(value[0] / unit + half) * unit  # halves go away from zero, as taught at school
    return Answer(f"{match[1]} rounded is {show(rounded)}.", show(rounded))


def _as_share(match: re.Match[str], prompt: Prompt) -> Answer | None:
    part, whole = find_numbers(match[1])[0], find_numbers(match[2])[0]
    if whole == 0:
        return None
    brief = f"{show(part / whole * 100, 4)}%"
    return Answer(f"{match[1]}/{match[2]} = {brief}", brief)


def _change(match: re.Match[str], prompt: Prompt) -> Answer | None:
    before, after = (find_numbers(match[1])[0], find_numbers(match[2])[0])
    if before == 0:
        return Answer("A percentage change from zero is not defined.", "undefined")
    value = (after - before) / abs(before) * 100
    word = "an increase" if value >= 0 else "a decrease"
    return Answer(
        f"From {match[1]} to {match[2]} is {word} of {show(abs(value), 4)}%.", f"{show(value, 4)}%"
    )


def _share(match: re.Match[str], prompt: Prompt) -> Answer | None:
    part, whole = find_numbers(match[1])[0], find_numbers(match[2])[0]
    if whole == 0:
        return Answer("A share of zero is not defined: division by zero has no value.", "undefined")
    brief = f"{show(part / whole * 100, 4)}%"
    return Answer(f"{match[1]} is {brief} of {match[2]}.", brief)


_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (r"\bis\b.{0,40}\bprime\b|\bprime number\?", _prime),
        (r"\bis\b.{0,40}\b(?:even|odd)\b", _parity),
        (r"\bdivisible by\b|\bis \d+ a multiple of \d+", _divisible),
        (r"\b(prime factor\w*|factori[sz]\w*|divisors?|factors?)\b(?! of safety)", _factors),
        (
            r"\b(?:gcd|gcf|hcf|greatest common|highest common|lcm|least common|lowest common)\b",
            _common,
        ),
        (rf"\bround(?:ed)? {_N}(.{{0,60}})", _round),
        (
            rf"percent(?:age)? (?:change|increase|decrease|"
            rf"difference)\D{{0,30}}{_N}\D{{1,20}}{_N}",
            _change,
        ),
        (rf"{_N}\s*/\s*{_N}.{{0,12}}\b(?:as|to|in) (?:a )?(?:percent|per cent|%)", _as_share),
        (rf"{_N} is what (?:percent(?:age)?|%) of {_N}", _share),
        (
            rf"what (?:percent(?:age)?|%) of (?P<w>{_N}) is {_N}",
            lambda match, prompt: _share_of(match),
        ),
    )
)


def _share_of(match: re.Match[str]) -> Answer | None:
    part, whole = find_numbers(match[3])[0], find_numbers(match["w"])[0]
    if whole == 0:
        return Answer("A share of zero is not defined: division by zero has no value.", "undefined")
    brief = f"{show(part / whole * 100, 4)}%"
    return Answer(f"{match[3]} is {brief} of {match['w']}.", brief)
