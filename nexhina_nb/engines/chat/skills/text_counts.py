"""Counts in a given text: words, letters, vowels, sentences, one letter or word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from nexhina_nb.engines.chat.operand import Edit, first_edit
from nexhina_nb.engines.chat.payload import quoted
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.words import sentences, words

_Q = r"[\"'“‘][^\"”’\n]{0,200}?[\"'”’]"
_COUNTED = (
    r"(?P<unit>words?|letters?|char(?:acter)?s?|sentences?|lines|vowels?|consonants?|"
    r"digits|spaces|syllables?|paragraphs?|capital letters|wörter|buchstaben|sätze|mots|lettres|"
    r"phrases(?= a\b)|palabras|letras|oraciones)"
)
_FOREIGN = {
    "wört": "words",
    "mots": "words",
    "palabr": "words",
    "buchst": "letters",
    "lettre": "letters",
    "letra": "letters",
    "sätze": "sentences",
    "phrase": "sentences",
    "oracion": "sentences",
}


def answer(prompt: Prompt) -> Answer | None:
    """Counts what the task asks for."""
    return first_edit(_ORDERS, prompt)


def _count(match: re.Match[str], text: str) -> Answer | None:
    unit = match["unit"].lower()
    unit = next((word for start, word in _FOREIGN.items() if unit.startswith(start)), unit)
    counts: dict[str, Callable[[str], int]] = {
        "word": lambda row: len(words(row)),
        "letter": lambda row: sum(map(str.isalpha, row)),
        "char": len,
        "sentence": lambda row: len(sentences(row)),
        "line": lambda row: len(row.splitlines()),
        "vowel": lambda row: sum(letter in "aeiou" for letter in row.lower()),
        "consonant": lambda row: sum(
            letter.isalpha() and letter not in "aeiou" for letter in row.lower()
        ),
        "digit": lambda row: sum(map(str.isdigit, row)),
        "space": lambda row: row.count(" "),
        "syllable": _syllables,
        "paragraph": lambda row: len([part for part in row.split("\n\n") if part.strip()]),
        "capital": lambda row: sum(map(str.isupper, row)),
    }
    name = next(name for name in counts if unit.startswith(name))
    many = counts[name](text)
    shown = {"char": "character", "capital": "capital letter"}.get(name, name)
    return Answer(f"{_shown(text)} has {many} {shown}{'' if many == 1 else 's'}.", str(many))


def _syllables(text: str) -> int:
    """Groups of vowels, without a silent e at the end: an estimate that is right for most English
    words.
    """
    return sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word)))) for word in words(text)
    )


def _shown(text: str) -> str:
    return f"“{text}”" if len(text) <= 40 and "\n" not in text else "The text"


def _occurrences(match: re.Match[str], text: str) -> Answer | None:
    wanted = match["letter"].strip("\"'“”‘’")
    if not wanted or wanted.lower() in ("word", "letter", "time", "many"):
        return None
    if len(wanted) == 1 or not wanted.isalnum():
        many = text.lower().count(wanted.lower())
    else:
        many = Counter(words(text))[wanted.lower()]
    return Answer(
        f"“{wanted}” occurs {many} time{'' if many == 1 else 's'} in "
        f"{_shown(text).replace('The', 'the')}.",
        str(many),
    )


def _palindrome(match: re.Match[str], text: str) -> Answer:
    letters = [letter for letter in text.casefold() if letter.isalnum()]
    holds = letters == letters[::-1]
    return Answer(
        f"{'Yes' if holds else 'No'}: {_shown(text)} is {'' if holds else 'not '}a palindrome.",
        "yes" if holds else "no",
    )


def _frequency(match: re.Match[str], text: str) -> Answer | None:
    counted = (
        Counter(letter for letter in text.lower() if letter.isalpha())
        if "letter" in match[0].lower()
        else Counter(words(text))
    )
    if not counted:
        return None
    best, times = counted.most_common(1)[0]
    return Answer(
        f"“{best}” is the most frequent, with {times} occurrence{'' if times == 1 else 's'}.", best
    )


def _letters_or_words(match: re.Match[str], text: str) -> Answer | None:
    """'How many r's in strawberry' counts a letter; 'how many letters in …' is a plain count."""
    wanted = match["letter"].strip("\"'“”‘’")
    if re.fullmatch(_COUNTED, wanted, re.I):
        return None
    return _occurrences(match, text) if len(wanted) == 1 or quoted(match["letter"]) else None


_ORDERS: tuple[tuple[re.Pattern[str], Edit], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (
            rf"\bhow many (?:times )?(?:does )?(?:the )?(?:letters? |word |"
            rf"character )?(?P<letter>{_Q}|[a-z](?='?s?\b)|\w+)(?:'?s)?(?: letters?)? "
            r"(?:are|is|appear|occur|there|do|does|in)\b(?:.{0,20}\bin\b)?(?: (?:the )?(?:word|"
            r"text|sentence|string))?\s*:?\s*"
            r"(?P<text>[\"'“‘].{1,5000}[\"'”’]|\w{2,60}(?=\s*[?.!]?$))",
            lambda match, text: _letters_or_words(match, text),
        ),
        (
            r"\b(?:count|number of)(?: of)? (?:the )?(?:times )?(?:the )?(?:letters?|word|"
            r"occurrences? of)(?: the)?(?: letter| word)? "
            rf"(?P<letter>{_Q}|[a-z]\b)(?:'?s)? (?:\w+ )?in (?P<text>.{{1,5000}})",
            _occurrences,
        ),
        (
            rf"\b(?:how many|count|number of|count the number of|how long|wie viele|combien de|"
            rf"cuántas|zähle|compte)\b(?: the| die| les| las| of| number|"
            rf" unique| all| total)*\s?{_COUNTED}\b"
            r"(?! (?:are|is) (?:long|needed))",
            _count,
        ),
        (r"\b(?:most (?:common|frequent)) (?:word|letter)\b", _frequency),
        (r"\bpalindrome\b", _palindrome),
    )
)
