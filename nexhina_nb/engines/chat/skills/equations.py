"""Equations in one unknown: linear ones and quadratic ones, solved exactly where the roots are
rational.
"""

from __future__ import annotations

import re
from fractions import Fraction

from nexhina_nb.engines.chat.expressions import NotAnExpression, Undefined, evaluate
from nexhina_nb.engines.chat.numbers import show
from nexhina_nb.engines.chat.prompt import Answer, Prompt

_EQUATION = re.compile(r"[-+*/^().\s\d²a-z×·−]{1,120}=[-+*/^().\s\d²a-z×·−]{1,120}", re.I)
_UNKNOWN = re.compile(r"(?<![a-z])([a-z])(?![a-z])", re.I)
_WORDS = re.compile(r"[a-z]{2,}", re.I)


def answer(prompt: Prompt) -> Answer | None:
    """Solves the equation in the task for its one letter."""
    if "=" not in prompt.task or len(prompt.task) > 2_000:
        return None
    for found in _EQUATION.findall(prompt.task):
        text = _WORDS.split(found.split("=")[0])[-1] + "=" + _WORDS.split(found.split("=")[1])[0]
        left, right = (side.strip().rstrip(".,") for side in text.split("=", 1))
        letters = set(_UNKNOWN.findall(f"{left} {right}"))
        if len(letters) == 1 and left and right:
            return _solve(left, right, letters.pop())
    return None


def _solve(left: str, right: str, name: str) -> Answer | None:
    try:
        at = [_value(left, name, place) - _value(right, name, place) for place in range(5)]
    except (NotAnExpression, Undefined):
        return None
    # a polynomial of degree two is fixed by three values; two more tell whether it is one
    a = (at[2] - 2 * at[1] + at[0]) / 2
    b = at[1] - at[0] - a
    c = at[0]
    if any(a * x * x + b * x + c != at[x] for x in (3, 4)):
        return None
    shown = f"{left} = {right}"
    if a == 0:
        return _linear(shown, name, b, c)
    return _quadratic(shown, name, a, b, c)


def _value(side: str, name: str, value: int) -> Fraction:
    text = side.replace("²", "^2").replace("×", "*").replace("·", "*").replace("−", "-")
    text = re.sub(rf"(?<=[\d)])\s*(?={name}|\()", "*", text, flags=re.I)
    text = re.sub(rf"(?<={name})\s*(?=\()", "*", text, flags=re.I)
    return evaluate(re.sub(name, f"({value})", text, flags=re.I)).number


def _linear(shown: str, name: str, b: Fraction, c: Fraction) -> Answer:
    if b == 0:
        if c == 0:
            return Answer(f"Every {name} solves {shown}.", "all")
        return Answer(f"No {name} solves {shown}.", "none")
    value = _exact(-c / b)
    return Answer(f"{name} = {value}", value)


def _quadratic(shown: str, name: str, a: Fraction, b: Fraction, c: Fraction) -> Answer:
    inside = b * b - 4 * a * c
    if inside < 0:
        return Answer(f"No real {name} solves {shown}.", "none")
    root = evaluate(f"sqrt({inside.numerator}/{inside.denominator})").number
    roots = sorted({(-b - root) / (2 * a), (-b + root) / (2 * a)})
    brief = " or ".join(_exact(value) for value in roots)
    return Answer(f"{name} = {brief.replace(' or ', f' or {name} = ')}", brief)


def _exact(value: Fraction) -> str:
    small = value.denominator < 1000 and len(show(value)) > 8
    return f"{value.numerator}/{value.denominator}" if small else show(value, 10)
