"""Undo what people do to a word so that a filter does not know it, and leave all else alone.

A disguise is lifted only where a known word appears behind it: ``1d1ot`` is read, ``mp3`` stays.
Words are never searched inside other words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

_LEET = str.maketrans("013457@$!|+", "oieastasiit")
# Cyrillic and Greek letters that look Latin
_LOOKALIKES = str.maketrans("аеорсухкіѕјԁһвнмтοανικρτυ", "aeopcyxkisjdhbhmtoavikptu")
_FOREIGN, _LATIN = re.compile(r"[\u0370-\u052f]"), re.compile(r"[a-z]")
_APART = re.compile(r"(?<!\w)\w(?:[ .\-_*]\w){3,}(?!\w)")
_ODD = re.compile(r"[a-z][013457@$!|+*]+[a-z]|[a-z]\*{2}|(?<![^\s\"'(])[0134578@$!|][a-z@$!]\S")
_CHUNK = re.compile(r"[^\s,;:\"'()?]+")
_SIGNS = re.compile(r"[013457@$!|+*]")
_ORDINAL = re.compile(r"\d+[a-z]{0,3}")
_WORD = re.compile(r"\w+")
_RUN = re.compile(r"(\w)\1{2,}")
_CONTRACTIONS = (
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'(?:ve|d)\b"), ""),
    (re.compile(r"\b(he|she|it|that|who|what|there)'s\b"), r"\1 is"),
    (re.compile(r"'s\b"), ""),
)
_SHORTEST_MASKED = 4
_LONGEST = 40  # characters of a word that is looked at: endless ones must not cost endless time


def fold(text: str) -> str:
    """Small letters without accents, ornaments and invisible characters."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text).replace("’", "'")
        text = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    text = text.casefold()
    if "'" in text:
        for pattern, plain in _CONTRACTIONS:
            text = pattern.sub(plain, text)
    return text


def uncover(text: str, known: Collection[str], maskable: Collection[str]) -> str:
    """A folded text with its disguised words in their plain form.

    ``known`` are the words that may appear, ``maskable`` those that are written with asterisks.
    """
    if _FOREIGN.search(text):
        text = _WORD.sub(lambda m: _latin(m[0]), text)
    text = _APART.sub(lambda m: _joined(m[0], known), text)
    if _ODD.search(text):
        text = _CHUNK.sub(lambda m: _plain(m[0], known, maskable), text)
    if _RUN.search(text):
        text = _WORD.sub(lambda m: _shortened(m[0], known), text)
    return text


def _latin(word: str) -> str:
    return word.translate(_LOOKALIKES) if _LATIN.search(word) else word


def _joined(spaced: str, known: Collection[str]) -> str:
    letters = re.sub(r"[ .\-_*]", "", spaced)
    words = list(_segments(letters, known))
    return " ".join(words) if all(word in known and len(word) > 1 for word in words) else spaced


def _segments(letters: str, known: Collection[str]) -> Iterator[str]:
    """The longest known word at each place; a letter where there is none."""
    place = 0
    while place < len(letters):
        ends = range(min(len(letters), place + 24), place, -1)
        end = next((end for end in ends if letters[place:end] in known), place + 1)
        yield letters[place:end]
        place = end


def _plain(chunk: str, known: Collection[str], maskable: Collection[str]) -> str:
    if len(chunk) > _LONGEST or not _SIGNS.search(chunk):
        return chunk
    bare = chunk.strip(".,!")
    if _ORDINAL.fullmatch(bare) or bare in known:
        return chunk
    for core in (bare, chunk.strip(".,")):
        letters = core.translate(_LEET)
        if letters in known and not core.isdigit():
            return letters
        if "*" in core and len(core) >= _SHORTEST_MASKED and core[0].isalpha():
            mask = re.compile(re.escape(core).replace(r"\*", "[a-z]"))
            found = next((word for word in maskable if mask.fullmatch(word)), None)
            if found is not None:
                return found
    return chunk


def _shortened(word: str, known: Collection[str]) -> str:
    if len(word) > _LONGEST or word in known:
        return word
    for length in (2, 1):
        shorter = _RUN.sub(lambda run, n=length: run[1] * n, word)  # type: ignore[misc]
        if shorter in known:
            return shorter
    return word
