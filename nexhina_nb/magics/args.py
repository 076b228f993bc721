"""The line of a magic → a verb and its typed arguments.

Split like a shell's command line, with one difference: a backslash is an ordinary character, so
that paths of Windows stay whole.
"""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.magics import verbs
from nexhina_nb.magics.nearest import nearest
from nexhina_nb.magics.options import Command, Kind, Option
from nexhina_nb.magics.verbs import Verb

Expand = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a line asks for: the verb, and an instance of its options."""

    verb: Verb
    args: Command


def split(line: str) -> list[str]:
    """The words of a line; quotes keep a word with blanks together. Raises BadInput."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise BadInput(
            "a quotation mark is not closed", hint='put texts with a \' into "double quotes"'
        ) from None


def parse(line: str, *, is_cell: bool, expand: Expand = str) -> Parsed:
    """Read a line; ``expand`` inserts variables into the values. Raises BadInput.

    A cell without a verb is a chat, a line without a verb asks for help.
    """
    words = split(line)
    named = bool(words) and not words[0].startswith("-")
    verb = _verb(words[0] if named else "chat" if is_cell else "help", is_cell)
    values = _values(verb, words[named:], expand)
    if not values.get("help"):
        _require(verb, values)
    return Parsed(verb, verb.args(**values))


def _verb(word: str, is_cell: bool) -> Verb:
    verb = verbs.find(word)
    if verb is None:
        names = [form.name for form in verbs.forms(is_cell=is_cell)]
        raise BadInput(f"there is no verb {word!r}", hint=nearest(word, names, "verbs"))
    form = verb.form(is_cell=is_cell)
    if form is not None:
        return form
    if is_cell:
        raise BadInput(f"{word} takes one line", hint=f"write %nexhina {word}")
    raise BadInput(
        f"{word} takes a whole cell",
        hint=f"write %%nexhina {word} as the first line of a cell and the {verb.body} below",
    )


def _values(verb: Verb, words: list[str], expand: Expand) -> dict[str, Any]:
    known = dict(verbs.options(verb))
    flags = {flag: name for name, option in known.items() for flag in option.flags}
    others = next((name for name, option in known.items() if option.kind is Kind.WORDS), None)
    free = iter([name for name, option in known.items() if not option.flags])
    values: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        name = flags.get(flag) or others or _argument(verb, flag, free, flags)
        option = known[name]
        if option.kind is Kind.FLAG:
            if equals:
                raise BadInput(f"{flag} takes no value", hint=option.help)
            values[name] = True
            continue
        given = word if not option.flags else value if equals else _next(rest, option, flags)
        _put(values, name, option, convert(option, expand(given)))
    return values


def _argument(verb: Verb, word: str, free: Iterator[str], flags: dict[str, str]) -> str:
    more = f"`{verb.magic} {verb.name} --help` lists all"
    if word.startswith("-") and len(word) > 1:
        long = [flag for flag in flags if flag.startswith("--")]
        hint = f"{nearest(word, long, 'options')} ({more})"
        raise BadInput(f"{verb.name} has no option {word}", hint=hint)
    name = next(free, None)
    if name is None:
        text = f"; the {verb.body} goes below the first line" if verb.body else ""
        takes_file = any(row.kind is Kind.FILE for _, row in verbs.options(verb))
        text += "; put a path with blanks into quotes" if takes_file else ""
        raise BadInput(f"{verb.name} has no use for {word!r}", hint=f"{more}{text}")
    return name


def _next(rest: Iterator[str], option: Option, flags: dict[str, str]) -> str:
    value = next(rest, None)
    if value is None or value in flags:
        raise BadInput(f"{option.label} needs a value", hint=_explain(option))
    return value


def _put(values: dict[str, Any], name: str, option: Option, value: Any) -> None:
    if option.repeated:
        values[name] = (*values.get(name, ()), value)
    elif name in values:
        raise BadInput(f"{option.label} is given twice", hint="leave one of them out")
    else:
        values[name] = value


def _require(verb: Verb, values: dict[str, Any]) -> None:
    for name, option in verbs.options(verb):
        if option.required and not {name, option.unless} & values.keys():
            raise BadInput(f"{verb.name} needs {option.label}", hint=_explain(option))


def _explain(option: Option) -> str:
    flag = f"{option.flags[-1]} " if option.flags else ""
    return f"{flag}{option.placeholder}: {option.help}"


def convert(option: Option, text: str) -> Any:
    """The typed value of an option. Raises BadInput."""
    reader = _READERS.get(option.kind, str)
    try:
        value = reader(text)
    except (ValueError, InvalidOperation):
        raise BadInput(
            f"{option.label} cannot be {text!r}", hint=f"it takes {_NEEDS[option.kind]}"
        ) from None
    if option.choices and not option.takes(value):
        known = [f"{name}NAME" if name.endswith(":") else name for name in option.choices]
        hint = nearest(text, known, "choose from")
        raise BadInput(f"{option.label} cannot be {text!r}", hint=hint)
    return value


def _usd(text: str) -> Decimal:
    amount = Decimal(text.removeprefix("$"))
    if not amount.is_finite() or amount < 0:
        raise ValueError(text)
    return amount


def _number(text: str) -> float:
    value = float(text)
    if value - value != 0.0:  # inf and nan
        raise ValueError(text)
    return value


def _new_name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise ValueError(text)
    return text


def _size(text: str) -> str:
    if text != "auto" and not _SIZE.fullmatch(text):
        raise ValueError(text)
    return text


# Most models want width and height; some know names such as 720p, 2K or 16:9.
_SIZE = re.compile(r"\d+x\d+|\d+[pkPK]|\d+:\d+")


def _unescape(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t")


_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.INTEGER: int,
    Kind.NUMBER: _number,
    Kind.USD: _usd,
    Kind.SIZE: _size,
    Kind.NEW_NAME: _new_name,
    Kind.ESCAPED: _unescape,
}
_NEEDS = {
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a number",
    Kind.USD: "an amount in USD, such as 0.05",
    Kind.SIZE: "width and height in pixels, such as 1024x1024",
    Kind.NEW_NAME: "a name for a variable",
}
