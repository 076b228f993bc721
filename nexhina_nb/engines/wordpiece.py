"""BERT's uncased WordPiece tokenizer, in plain Python.

It is here because the vectors of `local/embed` belong to word pieces, and a tokenizer library
would be a heavier dependency than these lines. The ids equal those of the reference, the Rust
crate `tokenizers`, but for about 500 code points that Unicode assigned after that crate's tables
were made, and except that ``[MASK]`` and its like are ordinary text here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

UNKNOWN = "[UNK]"
LONGEST_WORD = 100  # characters; the reference gives up on longer words

_PUNCTUATION = r"!-/:-@\[-`{-~"  # all of ASCII's: "$" is a symbol to Unicode, but not to BERT
_WORD = re.compile(rf"[{_PUNCTUATION}]|[^ {_PUNCTUATION}]+")
_IDEOGRAPHS = (
    range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x2A6E0),
    range(0x2A700, 0x2B820), range(0x2B920, 0x2CEB0), range(0x2F800, 0x2FA20),
)  # fmt: skip
_DROPPED = {"Cc", "Cf", "Co", "Cs", "Mn"}  # control, format, private, surrogate; accents
_CACHED_WORDS = 65_536
_CACHED_CHARACTERS = 16_384


def words(text: str) -> list[str]:
    """Words and punctuation marks in order, lower case, no accents, no control characters."""
    if not text.isascii():
        text = unicodedata.normalize("NFD", text)
    return _WORD.findall(text.translate(_characters()))


class WordPiece:
    """Splits words into the longest pieces that ``vocabulary`` holds."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: i for i, piece in enumerate(vocabulary)}
        self._longest = max(map(len, vocabulary))
        self._cached_pieces = lru_cache(_CACHED_WORDS)(self.pieces)
        self.unknown = self._ids[UNKNOWN]

    def ids(self, text: str) -> list[int]:
        """Ids of the pieces of ``text``, without [CLS] and [SEP]."""
        # a longer word is unknown anyway, and need not fill the cache
        cut = LONGEST_WORD + 1
        return [i for word in words(text) for i in self._cached_pieces(word[:cut])]

    def pieces(self, word: str) -> tuple[int, ...]:
        """Ids of the pieces of one word of `words`; one ``unknown`` where they do not cover it."""
        if len(word) > LONGEST_WORD:
            return (self.unknown,)
        ids: list[int] = []
        start, prefix = 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                if (i := self._ids.get(prefix + word[start:end])) is not None:
                    break
            else:
                return (self.unknown,)
            ids.append(i)
            start, prefix = end, "##"
        return tuple(ids)


class _Characters(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        result = _clean(chr(code))
        if len(self) < _CACHED_CHARACTERS:  # hostile text must not fill the memory
            self[code] = result
        return result


@cache
def _characters() -> _Characters:
    return _Characters()


def _clean(char: str) -> str:
    if char in "\t\n\r":
        return " "
    category = unicodedata.category(char)
    if category in _DROPPED or char == "\ufffd":
        return ""
    if char.isspace():
        return " "
    if not char.isascii() and (category[0] == "P" or any(ord(char) in r for r in _IDEOGRAPHS)):
        return f" {char} "
    return "".join(c for c in char.lower() if unicodedata.category(c) != "Mn")
