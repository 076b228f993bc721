"""Words, stems and sentences: the little linguistics that the other modules stand on."""

from __future__ import annotations

import functools
import re

# One CJK character counts as one word: those scripts put no spaces between words.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
    r"(?:['’-][^\W_]+)*"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])\s*|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|No|approx|e\.g|i\.e|[A-Z])\.|"
    r"^\W{0,3}\d{1,3}[.)])$"
)

_STOP_WORDS = """
a an the and or but if so of in on at to for from by with about into over under as is are was were
be been being am do does did have has had will would can could shall should may might must it its
this that these those there here he she they we you i me my your his her their our us them him who
whom whose what which when where why how not no please tell give find say many much than then also
just only any some all each both own same such too very s t ll according text context passage
following question answer
"""
STOP = frozenset(_STOP_WORDS.split()) | frozenset(
    "哪里谁什么几多少吗是的了呢怎样何时候在请问はがのをにでともかですますたどこだれなんいつ"
)

# Words that ask the same thing; the first of a row stands for the row.
_SYNONYMS = """build construct complete erect
write author pen compose
begin start open launch
found establish create
cost price pay worth charge
big large great huge
tall high height
live reside inhabit dwell home
job work profession occupation employ
make manufacture produce
buy purchase
car automobile
speak talk
kid child children
invent devise
heavy weigh weight
long length
wide width
deep depth
fast speed
old age
locate situate lie
like love enjoy favourite favorite
lead head run manage boss
die death dead
born birth birthday
close shut
need require must
end finish stop"""
_IRREGULAR_FORMS = (
    "wrote:write written:write built:build began:begin begun:begin made:make bought:buy "
    "spoke:speak spoken:speak "
    "found:find founded:found founder:found was:be went:go gone:go won:win led:lead ran:run "
    "died:die lay:lie lies:lie "
    "sold:sell paid:pay grew:grow grown:grow held:hold took:take taken:take gave:give given:give "
    "met:meet "
    "children:child men:man women:woman people:person mice:mouse feet:foot teeth:tooth "
    "geese:goose "
    "taught:teach thought:think brought:bring ate:eat eaten:eat drank:drink saw:see seen:see "
    "knew:know "
    "left:leave lost:lose kept:keep told:tell sent:send spent:spend drove:drive flew:fly"
)
_IRREGULAR = dict(pair.split(":") for pair in _IRREGULAR_FORMS.split())
_SUFFIXES = (
    ("ational", "ate"),
    ("ization", "ize"),
    ("isation", "ize"),
    ("fulness", "ful"),
    ("iveness", "ive"),
    ("ations", ""),
    ("ation", ""),
    ("ments", ""),
    ("ment", ""),
    ("tions", "t"),
    ("tion", "t"),
    ("ings", ""),
    ("ing", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("ors", ""),
    ("ers", ""),
    ("ness", ""),
    ("ally", "al"),
    ("ed", ""),
    ("es", ""),
    ("ly", ""),
    ("or", ""),
    ("er", ""),
    ("s", ""),
)


def words(text: str) -> list[str]:
    """The words of a text, in lower case; each CJK character is one."""
    return [match.lower().replace("’", "'") for match in _WORD.findall(text)]


def _cut(word: str) -> str:
    """The word without its ending."""
    for suffix, put in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = _undouble(word[: -len(suffix)] + put)
            break
    return word.removesuffix("e") if len(word) > 3 else word


def _undouble(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word


_SAME = {_cut(word): _cut(row.split()[0]) for row in _SYNONYMS.splitlines() for word in row.split()}


@functools.lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A light stem: good enough to match 'inventor' with 'invented', never meant to be read."""
    word = word.removesuffix("'s")
    cut = _cut(_IRREGULAR.get(word, word))
    return _SAME.get(cut, cut)


def stems(text: str) -> list[str]:
    """The stems of the words that carry meaning."""
    return [stem(word) for word in words(text) if word not in STOP]


def sentences(text: str) -> list[str]:
    """The sentences of a text; abbreviations and list numbers do not end one, a line does."""
    found: list[str] = []
    joined = False
    for part in _split(text):
        if joined and found:
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
        joined = bool(_ABBREVIATION.search(part[-12:]))
    return found


def _split(text: str) -> list[str]:
    return [part for raw in _SENTENCE_END.split(text) if (part := raw.strip())]


def letters(text: str) -> list[str]:
    """The letters of a text, without spaces, digits and signs."""
    return [character for character in text if character.isalpha()]


def spaced(name: str) -> str:
    """A field's name as words: 'dueDate' and 'due_date' → 'due date'."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name).lower()
