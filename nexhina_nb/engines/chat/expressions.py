"""Arithmetic, read by recursive descent and computed exactly; sizes are bounded so that no input
can stall it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,60}(?:,\d{3})*(?:\.\d{1,60})?|\.\d{1,60})|(?P<name>[a-z]{1,12})|"
    r"(?P<sign>\*\*|//|[-+*/%^()!,]))",
    re.I,
)
_MOST_BITS = 6_000  # about 1,800 digits
_MOST_TOKENS = 400
_MOST_DEPTH = 60
_PLACES = 15


class NotAnExpression(ValueError):
    """The text is not arithmetic."""


class Undefined(ArithmeticError):
    """The text is arithmetic without a value; the message says why."""


@dataclass(slots=True)
class Value:
    """A computed number; ``exact`` is false once a root or a transcendental function has rounded
    it.
    """

    number: Fraction
    exact: bool = True


def evaluate(text: str) -> Value:
    """The value of an arithmetic expression, or `NotAnExpression`, or `Undefined`."""
    parser = _Parser(_tokens(text))
    value = parser.sum()
    if parser.peek():
        raise NotAnExpression(parser.peek())
    return Value(value, parser.exact)


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= _MOST_TOKENS:
            raise NotAnExpression(text[at : at + 20])
        found.append(match[0].strip().lower())
        at = match.end()
    return found


@dataclass(slots=True)
class _Parser:
    tokens: list[str]
    at: int = 0
    depth: int = 0
    exact: bool = field(default=True)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if token and token in wanted:
            self.at += 1
            return token
        return ""

    def sum(self) -> Fraction:
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            value = _bounded(value + other if sign == "+" else value - other)
        return value

    def product(self) -> Fraction:
        value = self.signed()
        while sign := self.take("*", "/", "//", "%", "mod"):
            value = _bounded(_OPERATORS[sign](value, self.signed()))
        return value

    def signed(self) -> Fraction:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise NotAnExpression("nested too deeply")
        sign = self.take("-", "+")
        value = self.signed() if sign else self.power()
        self.depth -= 1
        return -value if sign == "-" else value

    def power(self) -> Fraction:
        base = self.postfix()
        if self.take("**", "^"):
            return self._raise(base, self.signed())
        return base

    def postfix(self) -> Fraction:
        value = self.atom()
        while self.take("!"):
            value = _factorial(value)
        return value

    def atom(self) -> Fraction:
        token = self.peek()
        self.at += 1
        if token[:1].isdigit() or token[:1] == ".":
            return self._percent(Fraction(token.replace(",", "")))
        if token == "(":
            return self._percent(self._inside())
        if token in _CONSTANTS:
            self.exact = False
            return _CONSTANTS[token]
        if token in _FUNCTIONS and self.take("("):
            return self._call(token)
        raise NotAnExpression(token)

    def _percent(self, value: Fraction) -> Fraction:
        # "%" closes a percentage when no operand follows it, and is the remainder otherwise
        follows = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        if self.peek() == "%" and (not follows or follows in "+-*/)"):
            self.at += 1
            return value / 100
        return value

    def _inside(self) -> Fraction:
        value = self.sum()
        if not self.take(")"):
            raise NotAnExpression("an unclosed parenthesis")
        return value

    def _call(self, name: str) -> Fraction:
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        if not self.take(")"):
            raise NotAnExpression("an unclosed parenthesis")
        if name in ("max", "min"):
            return max(arguments) if name == "max" else min(arguments)
        if len(arguments) != 1:
            raise NotAnExpression(name)
        value, exact = _FUNCTIONS[name](arguments[0])
        self.exact = self.exact and exact
        return value

    def _raise(self, base: Fraction, exponent: Fraction) -> Fraction:
        if exponent.denominator != 1:
            self.exact = False
            return _real_power(base, exponent)
        if base == 0 and exponent < 0:
            raise Undefined("division by zero has no value")
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if size * abs(exponent.numerator) > _MOST_BITS and abs(base) not in (0, 1):
            raise Undefined("the result is too large to write out")
        return Fraction(base**exponent.numerator)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise Undefined("the result is too large to write out")
    return value


def _divide(left: Fraction, right: Fraction) -> Fraction:
    if right == 0:
        raise Undefined("division by zero has no value")
    return left / right


def _floor_divide(left: Fraction, right: Fraction) -> Fraction:
    return Fraction(math.floor(_divide(left, right)))


def _remainder(left: Fraction, right: Fraction) -> Fraction:
    return left - right * _floor_divide(left, right)


_OPERATORS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": lambda left, right: left * right,
    "/": _divide,
    "//": _floor_divide,
    "%": _remainder,
    "mod": _remainder,
}


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise Undefined("a factorial is defined for whole numbers from 0 up")
    if value > 500:
        raise Undefined("the result is too large to write out")
    return Fraction(math.factorial(value.numerator))


def _real_power(base: Fraction, exponent: Fraction) -> Fraction:
    if base < 0:
        raise Undefined("a fractional power of a negative number is not a real number")
    return _rounded(lambda: float(base) ** float(exponent))


def _rounded(compute: Callable[[], float]) -> Fraction:
    try:
        return Fraction(f"{compute():.{_PLACES}g}")
    except (ValueError, OverflowError, ZeroDivisionError):
        raise Undefined("that has no finite real value") from None


def _root(value: Fraction, degree: int = 2) -> tuple[Fraction, bool]:
    if value < 0 and degree == 2:
        raise Undefined("the square root of a negative number is not a real number")
    exact = Fraction(_whole_root(value.numerator, degree), _whole_root(value.denominator, degree))
    if exact**degree == value:
        return exact, True
    return _rounded(lambda: math.copysign(abs(float(value)) ** (1 / degree), value)), False


def _whole_root(value: int, degree: int) -> int:
    if degree == 2:
        return math.isqrt(value)
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= abs(value) else (low, middle - 1)
    return -low if value < 0 else low


def _real(function: Callable[[float], float]) -> Callable[[Fraction], tuple[Fraction, bool]]:
    return lambda value: (_rounded(lambda: function(float(value))), False)


_CONSTANTS = {"pi": Fraction("3.14159265358979"), "e": Fraction("2.71828182845905")}
_FUNCTIONS: dict[str, Callable[[Fraction], tuple[Fraction, bool]]] = {
    "sqrt": _root,
    "cbrt": lambda value: _root(value, 3),
    "abs": lambda value: (abs(value), True),
    "round": lambda value: (Fraction(math.floor(value + Fraction(1, 2))), True),
    "floor": lambda value: (Fraction(math.floor(value)), True),
    "ceil": lambda value: (Fraction(math.ceil(value)), True),
    "factorial": lambda value: (_factorial(value), True),
    "ln": _real(math.log),
    "log": _real(math.log10),
    "exp": _real(math.exp),
    "sin": _real(math.sin),
    "cos": _real(math.cos),
    "tan": _real(math.tan),
    "max": lambda value: (value, True),
    "min": lambda value: (value, True),
}
