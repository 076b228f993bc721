"""Tab in a magic line: verbs, options and their values, and nothing of Python's own names.

IPython drops what its other matchers found only if this one found something. Where free text
stands, the word itself is offered, so that nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from nexhina_nb.errors import NexhinaError
from nexhina_nb.magics import verbs
from nexhina_nb.magics.args import split
from nexhina_nb.magics.frames import is_frame
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.options import Administration, Kind, Option
from nexhina_nb.magics.verbs import Verb

_LINE = re.compile(r"\s*(?:[\w.,\[\]\"' ]+=\s*)?(?P<mark>%%?)nexhina\s(?P<rest>.*)")


class Completer:
    """Completes by the declared verbs. ``namespace`` gives the user's variables, ``models`` the
    names of models, ``conversations`` are those that there are.
    """

    def __init__(
        self,
        namespace: Callable[[], MutableMapping[str, Any]],
        models: Callable[[], Iterable[str]],
        conversations: Iterable[str],
    ) -> None:
        self._namespace, self._models = namespace, models
        self._conversations = conversations

    @context_matcher(priority=100, identifier="nexhina")
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """IPython's protocol of a matcher."""
        found = _LINE.fullmatch(context.text_until_cursor)
        if found is None or not _is_magic_line(context, found["mark"]):
            return _nothing()
        head, word = cut(found["rest"])
        try:
            offers = self._offers(split(head), word, is_cell=found["mark"] == "%%")
        except NexhinaError:
            return _nothing()
        if offers is None:
            return _nothing()
        typed = word.lstrip("\"'")
        fitting = [offer for offer in dict.fromkeys(offers) if offer.startswith(typed)]
        completions = [SimpleCompletion(_quoted(offer), type="nexhina") for offer in fitting]
        return SimpleMatcherResult(
            completions=completions or [SimpleCompletion(word)],
            suppress=True,
            ordered=True,
            matched_fragment=word,
        )

    def _offers(self, words: list[str], word: str, *, is_cell: bool) -> Iterable[str] | None:
        """What may stand in the place of ``word``; None where IPython knows better."""
        if not words and not word.startswith("-"):
            return [verb.name for verb in verbs.forms(is_cell=is_cell)]
        named = bool(words) and not words[0].startswith("-")
        verb = _verb(words[0] if named else verbs.VERBS[0].name, is_cell)
        if verb is None:
            return ()
        rest = words[named:]
        flags = {flag: row for _, row in verbs.options(verb) for flag in row.flags}
        before = flags.get(rest[-1]) if rest else None
        if before is not None and before.kind is not Kind.FLAG:
            return self._values(before, rest)
        if verb.args is Administration:
            return _of_command_line(verb, list(_arguments(rest, flags)), word)
        flag, equals, _ = word.partition("=")
        if equals and flag in flags:
            values = self._values(flags[flag], rest)
            return None if values is None else [f"{flag}={value}" for value in values]
        argument = () if word.startswith("-") else self._argument(verb, rest, flags)
        return None if argument is None else [*argument, *_free_flags(flags, rest, word)]

    def _argument(
        self, verb: Verb, rest: list[str], flags: Mapping[str, Option]
    ) -> Iterable[str] | None:
        rows = [row for _, row in verbs.options(verb) if not row.flags]
        given = sum(1 for _ in _arguments(rest, flags))
        return self._values(rows[given], rest) if given < len(rows) else ()

    def _values(self, option: Option, words: list[str]) -> Iterable[str] | None:
        if option.choices:
            return option.choices
        if option.kind in _PATHS:
            return None  # IPython completes paths, and variables
        if option.kind is Kind.MODEL:
            return self._models()
        if option.kind is Kind.CONVERSATION:
            return self._conversations
        if option.kind is Kind.VERB:
            return [verb.name for verb in verbs.VERBS]
        if option.kind is Kind.COLUMN:
            return self._columns(words, option.frame)
        fits = _FITTING.get(option.kind)
        return self._variables(fits) if fits else ()

    def _variables(self, fits: Callable[[Any], bool]) -> list[str]:
        names = Names(self._namespace())
        return sorted(name for name in names if fits(names.user[name]))

    def _columns(self, words: list[str], flag: str) -> list[str]:
        places = [place for place, word in enumerate(words[:-1]) if word == flag]
        frame: Any = self._namespace().get(words[places[-1] + 1]) if places else None
        return [str(name) for name in frame.columns] if is_frame(frame) else []


def _of_command_line(verb: Verb, words: list[str], word: str) -> Iterable[str] | None:
    """What its command takes, and of the magic's own options those that go with every command."""
    from nexhina_nb.magics import command_line  # noqa: PLC0415 - not a part of %load_ext

    found = command_line.follow((verb.name, *words), word)
    own = ["-o", "--traceback"] if word.startswith("-") else []
    return None if found is None else [*found, *own]


_PATHS = (Kind.PICTURE, Kind.FILE, Kind.NEW_FILE)


def _verb(name: str, is_cell: bool) -> Verb | None:
    found = verbs.find(name)
    return None if found is None else found.form(is_cell=is_cell)


def _nothing() -> SimpleMatcherResult:
    # A new one each time, since IPython writes into it.
    return SimpleMatcherResult(completions=[], suppress=False)


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict) or hasattr(value, "model_json_schema")


def _is_response(value: Any) -> bool:
    return type(value).__name__ == "RespondReply"


def _is_function(value: Any) -> bool:
    return callable(value) and hasattr(value, "__code__")


_FITTING: dict[Kind, Callable[[Any], bool]] = {
    Kind.NEW_NAME: lambda value: not _is_function(value) and not hasattr(value, "__loader__"),
    Kind.FRAME: is_frame,
    Kind.SCHEMA: _is_schema,
    Kind.FUNCTION: _is_function,
    Kind.REPLY: _is_response,
}


def _is_magic_line(context: CompletionContext, mark: str) -> bool:
    """A cell magic stands in the first line of the cell, a line magic not in another's body."""
    lines = context.full_text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if mark == "%%":
        return context.cursor_line == first
    return not lines[first].lstrip().startswith("%%")


def cut(text: str) -> tuple[str, str]:
    """A line up to the cursor → what is complete, and the word that is being typed."""
    quote, start = "", 0
    for place, mark in enumerate(text):
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        elif mark.isspace():
            start = place + 1
    return text[:start], text[start:]


def _free_flags(flags: Mapping[str, Option], words: list[str], word: str) -> Iterator[str]:
    """Flags that may still be given; the short ones only when asked for by a dash."""
    used = [flags[given] for given in words if given in flags]
    for flag, option in flags.items():
        if (option.repeated or option not in used) and (word or flag.startswith("--")):
            yield flag


def _arguments(words: list[str], flags: Mapping[str, Option]) -> Iterator[str]:
    """The words that are neither flags nor their values."""
    rest = iter(words)
    for word in rest:
        option = flags.get(word)
        if option is None:
            yield word
        elif option.kind is not Kind.FLAG:
            next(rest, None)


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[\s']", text) else text
