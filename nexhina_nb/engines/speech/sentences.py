"""Where one sentence ends and the next begins, in the scripts that mark it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

LONGEST = 400  # characters; longer sentences are cut between words, so that sound comes early
# Those that a name or a number follows. After others ("etc.", "p.m.") a capital begins a sentence.
_ABBREVIATIONS = """
    adm al approx art bzw ca cap capt cf col dept dr e.g eg evtl fig gen gov hon i.e ie lt messrs
    mlle mm mme mr mrs ms mt no nos nr op p pp prof rep rev sen sgt sr sra srta st str u.a ud uds v
    vgl vol vs z.b d.h
"""
_END = re.compile(
    r"[.!?…؟۔।॥։።]+[\"'”’»)\]]*(?=\s)"  # a space must follow: "2.5" goes on
    r"|(?P<break>[。！？｡]+[」』”’）]*"  # nothing follows in Chinese and Japanese
    r"|\n\s*\n)"
)
_WORD_BEFORE = re.compile(r"[\w.]*\Z")
_CUT = re.compile(r"[,;:、，；：]\s*|\s+")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in order, stripped, none empty, none over `LONGEST` characters."""
    start = 0
    for end in _ends(text):
        yield from _shortened(text[start:end].strip())
        start = end
    yield from _shortened(text[start:].strip())


def _ends(text: str) -> Iterator[int]:
    for match in _END.finditer(text):
        if match["break"] or _closes(text, match):
            yield match.end()


def _closes(text: str, match: re.Match[str]) -> bool:
    """Whether a mark ends a sentence: not before a small letter, and a full stop not after "Dr",
    an initial or the number of a day.
    """
    if text[match.end() : match.end() + 8].lstrip()[:1].islower():
        return False
    if not match[0].startswith("."):
        return True
    found = _WORD_BEFORE.search(text, max(0, match.start() - 20), match.start())
    word = found[0].lower() if found else ""
    if word in _abbreviations():
        return False
    if len(word) == 1 and word.isalpha() and word != "i":
        return False
    return not (word.isdigit() and len(word) <= 2)


@cache
def _abbreviations() -> frozenset[str]:
    return frozenset(_ABBREVIATIONS.split())


def _shortened(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST:
        cuts = [match.end() for match in _CUT.finditer(sentence, LONGEST // 2, LONGEST)]
        cut = cuts[-1] if cuts else LONGEST
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
