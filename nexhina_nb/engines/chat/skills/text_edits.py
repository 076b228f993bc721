"""Edits and counts of a given text: case, reversal, replacing, removing, spelling, counting, first
and last words.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from nexhina_nb.engines.chat.numbers import with_digits
from nexhina_nb.engines.chat.operand import Edit, first_edit
from nexhina_nb.engines.chat.payload import unquote
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.words import sentences, words


def answer(prompt: Prompt) -> Answer | None:
    """Edits the text as the task says."""
    return first_edit(_ORDERS, prompt)


def _edit(change: Callable[[str], str]) -> Edit:
    return lambda match, text: Answer(change(text))


def _title(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in text.split(" "))


def _reverse(match: re.Match[str], text: str) -> Answer:
    if re.search(
        r"\border of (?:the )?words\b|\bword order\b|\bthe words\b|\bword by word\b",
        match.string,
        re.I,
    ):
        return Answer(" ".join(reversed(text.split())))
    return Answer(text[::-1])


def _replace(match: re.Match[str], text: str) -> Answer | None:
    old, new = (unquote(match[name].strip()) for name in ("old", "new"))
    if not old or len(text) > 50_000:
        return None
    for name, sign in {
        "spaces": " ",
        "space": " ",
        "commas": ",",
        "hyphens": "-",
        "underscores": "_",
        "dashes": "-",
        "periods": ".",
    }.items():
        old, new = (sign if part.lower() == name else part for part in (old, new))
    return Answer(re.sub(re.escape(old), lambda _: new, text, flags=0 if old in text else re.I))


def _remove(match: re.Match[str], text: str) -> Answer:
    what = match["what"].lower()
    removed: dict[str, Callable[[str], str]] = {
        "vowel": lambda row: re.sub(r"[aeiou]", "", row, flags=re.I),
        "punct": lambda row: row.translate(str.maketrans("", "", string.punctuation + "“”‘’…–—")),
        "space": lambda row: re.sub(r"\s+", "", row),
        "whitespace": lambda row: re.sub(r"\s+", "", row),
        "digit": lambda row: re.sub(r"\d", "", row),
        "number": lambda row: re.sub(r"\d", "", row),
        "consonant": lambda row: re.sub(r"[b-df-hj-np-tv-z]", "", row, flags=re.I),
        "extra": lambda row: " ".join(row.split()),
        "line": lambda row: " ".join(row.split("\n")),
    }
    return Answer(next(make for name, make in removed.items() if what.startswith(name))(text))


def _drop(match: re.Match[str], text: str) -> Answer:
    return Answer(" ".join(text.replace(unquote(match["old"]), "").split()))


_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"


def _nth(match: re.Match[str], text: str) -> Answer | None:
    said = match["place"].lower()
    place = int(re.sub(r"\D", "", said)) if said[0].isdigit() else _ORDINALS.split().index(said) + 1
    parts = text.split() if match["unit"].lower().startswith("word") else [*text.replace(" ", "")]
    return Answer(parts[place - 1].strip(".,;:!?")) if 0 < place <= len(parts) else None


def _spell(match: re.Match[str], text: str) -> Answer:
    backwards = "backward" in match.string.lower()
    spelled = text[::-1] if backwards else text
    return Answer("-".join(letter.upper() for letter in spelled if not letter.isspace()))


def _ends(match: re.Match[str], text: str) -> Answer:
    many = int(with_digits(match["many"])) if match["many"] else 1
    unit = match["unit"].lower()
    parts = (
        text.split()
        if unit.startswith("word")
        else sentences(text)
        if unit.startswith("sent")
        else list(text.strip())
    )
    picked = parts[:many] if match["end"].lower() == "first" else parts[-many:]
    shown = ("" if unit.startswith(("letter", "char")) else " ").join(picked)
    return Answer(shown.strip(".,;:!?\"'") if many == 1 and unit.startswith("word") else shown)


def _acronym(match: re.Match[str], text: str) -> Answer:
    return Answer(
        "".join(
            word[0].upper()
            for word in words(text)
            if word not in ("of", "the", "and", "for", "a", "in")
        )
    )


def _camel(text: str) -> str:
    parts = words(text)
    return "".join([*parts[:1], *(part.capitalize() for part in parts[1:])])


def _rot13(text: str) -> str:
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    table = str.maketrans(lower + upper, lower[13:] + lower[:13] + upper[13:] + upper[:13])
    return text.translate(table)


_Q = r"[\"'“‘][^\"”’\n]{0,200}?[\"'”’]"
_TERM = rf"(?:{_Q}|[^\s\"']{{1,60}})"
_ORDERS: tuple[tuple[re.Pattern[str], Edit], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (
            rf"\b(?:replace|substitute|swap|change)\b (?:all |every |"
            rf"each )?(?:the )?(?:occurrences? of )?(?:the )?(?:word |letter |"
            rf"character )?(?P<old>{_TERM}) "
            rf"(?:with|by|for|to|into) (?:the )?(?:word |letter |"
            rf"character )?(?P<new>{_TERM}) (?:in|of|for)\b(?: (?:the )?(?:following )?(?:text|"
            rf"sentence|"
            r"string|phrase|word|this))?\s*:?\s*(?P<text>.{1,5000})",
            _replace,
        ),
        (
            rf"\b(?:replace|substitute|swap)\b (?:all |every |"
            rf"each )?(?:the )?(?:occurrences? of )?(?:the )?(?:word |letter )?(?P<old>{_TERM}) "
            rf"(?:with|by|for) (?:the )?(?:word |letter )?(?P<new>{_TERM})",
            _replace,
        ),
        (r"\bspell\b|\bspelled?\b.{0,20}\b(?:letter by letter|out|backwards)\b", _spell),
        (
            rf"\b(?:remove|delete|drop)\b (?:the )?(?:word |letter |phrase )?(?P<old>{_Q}) from\b"
            r"(?: (?:the )?(?:sentence|text|string|phrase|word))?:?\s*(?P<text>.{1,5000})",
            _drop,
        ),
        (
            rf"\b(?P<place>\d{{1,3}}(?:st|nd|rd|th)|{_ORDINALS.replace(' ', '|')}) (?P<unit>word|"
            rf"letter|character) "
            r"(?:of|in)\b(?! the alphabet)",
            _nth,
        ),
        (
            r"\b(?P<end>first|last)\s+(?:(?P<many>\d{1,4}|two|three|four|five|six|seven|eight|"
            r"nine|ten)\s+)?(?P<unit>words?|letters?|char(?:acter)?s?|"
            r"sentences?)\b",
            _ends,
        ),
        (
            r"\b(?:remove|delete|strip|drop|eliminate)\b(?: all| any| the|"
            r" every)*\s(?P<what>vowels?|punctuation|spaces?|whitespace|digits?|numbers?|"
            r"consonants?|extra spaces|line ?breaks)",
            _remove,
        ),
        (r"\bupper[- ]?case\b|\ball[- ]caps\b|\bcapital letters\b|\bcapitals\b", _edit(str.upper)),
        (r"\blower[- ]?case\b|\bsmall letters\b", _edit(str.lower)),
        (
            r"\btitle[- ]?case\b|\bcapitali[sz]e (?:each|every|all|the first letter of (?:each|"
            r"every)) ?words?\b|\bcapitali[sz]e the first letter of each\b",
            _edit(_title),
        ),
        (r"\bsnake[_ -]?case\b", _edit(lambda text: "_".join(words(text)))),
        (r"\bkebab[- ]?case\b|\bslug(?:ify)?\b", _edit(lambda text: "-".join(words(text)))),
        (r"\bcamel[- ]?case\b", _edit(_camel)),
        (r"\brot-?13\b", _edit(_rot13)),
        (r"\bswap(?:ped)? (?:the )?case\b", _edit(str.swapcase)),
        (r"\bcapitali[sz]e\b", _edit(lambda text: text[:1].upper() + text[1:])),
        (r"\breverse(?:d)?\b|\bbackwards?\b", _reverse),
        (r"\bacronym\b|\binitials\b|\babbreviat", _acronym),
    )
)
