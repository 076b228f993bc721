"""Picks, counts and finds the entries of a list that are about something: 'Which of these letters
mention a refund?'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nexhina_nb.engines.chat.labels import topic_words
from nexhina_nb.engines.chat.material import Work, split
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.words import stem, stems, words

_ASK = re.compile(
    r"\b(?:which|what|how many|find|list|show|pick|select|filter|give|keep|get|count|return|"
    r"extract|is there|are there|do(?:es)? any|do(?:es)? (?:some|one)|any|who|number of)\b",
    re.I,
)
_ABOUT = re.compile(
    r"\b(?P<how>mention|is about|are about|about|concern|talk(?:s|ing)? (?:about|of)|"
    r"speak(?:s|ing)? (?:about|of)|refer(?:s|ring)? to|deal(?:s|ing)? with|relat(?:e|es|ed) to|"
    r"(?:has|have) to do with|complain(?:s|ing)? (?:about|of)|regarding|"
    r"on the (?:topic|subject) of|"
    r"contain(?:s|ing)? the (?:word|phrase|term)|includ(?:e|es|ing) the (?:word|phrase|term))"
    r"(?:s|ed|ing)?\s+(?P<what>[^?.:!\n]{1,120})",
    re.I,
)
_BUT_NOT = re.compile(r",?\s+(?:but|and) (?:do |does )?not (?:mention |about )?", re.I)
_KIND = re.compile(
    r"^(?:which|how many|what)(?: of (?:these|those|the following|them))?(?: [a-z]+)?? (?:is|are) "
    r"(?:an? )?([a-z]{3,20})\s*[?:]*$",
    re.I,
)
_NOT = re.compile(r"\b(?:not|never|without|except|un)\b|n't\b", re.I)
_ANY = re.compile(r"^(?:do(?:es)? (?:any|one|some)|is (?:any|there)|are (?:any|there))\b", re.I)
_QUESTIONS = re.compile(r"\b(?:are|is|contain|ask)\b[^?.:\n]{0,20}\bquestions?\b", re.I)
_COUNTED = re.compile(
    r"^(?:please )?(?:how many|count (?:the|these|all)?|number of)\s+(?!words?\b|char|lines?\b|"
    r"sentences?\b|vowels?\b|syllables?\b|digits?\b|times?\b|different\b|unique\b)"
    r"([a-z]{3,15}s)(?: (?:are there|are here|are in (?:this|the) list|do i have|below|is this|"
    r"are listed|are these))?(?: (?:here|below|in total))*\s*[?:.]*$",
    re.I,
)
_FILLER = re.compile(
    r"^(?:(?:an?|the|some|any|their|its|our|being|having|something like|topic|subject|word|phrase|"
    r"term)\s+)+|\s+(?:please|here|in (?:them|it))$|[\"'“”‘’]",
    re.I,
)
_NOUN = re.compile(
    r"\b(?:of (?:these|the following|the|those)|how many|which|what|any|the|these)\s+"
    r"(?:\w+ )??([a-z]{3,15}s?)(?=\s+(?:below|above|that|which|who|are|is|mention|about|concern|"
    r"talk|speak|refer|deal|relat|have|has|do|does|complain|contain|includ|regard))",
    re.I,
)
_PRONOUNS = frozenset(("these", "those", "them", "following", "one", "ones", "many", "any"))
_LITERAL = re.compile(r"\b(?:word|phrase|term)\b", re.I)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What to look for: its alternatives as stems, and whether a related word will do as well."""

    text: str
    parts: tuple[frozenset[str], ...]
    related: frozenset[str]


def answer(prompt: Prompt) -> Answer | None:
    """The entries that are asked for; how many, where the task asks for their number."""
    work = split(prompt.task)
    if work is None or not _ASK.search(work.order):
        return None
    if _QUESTIONS.search(work.order):
        kept = [at for at, item in enumerate(work.items) if item.endswith(("?", "？"))]
        return _say(work, kept, "is a question", "are questions")
    counted = _COUNTED.match(work.order)
    if counted and any(work.marks):
        noun = counted[1].lower()
        return Answer(f"There are {len(work.items)} {noun}.", str(len(work.items)))
    match = _ABOUT.search(work.order)
    return _about(work, match) if match else _of_kind(work)


def _of_kind(work: Work) -> Answer | None:
    """'Which of these is a fruit?', for topics whose words are known."""
    match = _KIND.match(work.order)
    related = topic_words(match[1]) if match else frozenset()
    if match is None or not related:
        return None
    kept = _chosen(work, _Wish(match[1], (frozenset(_plain(match[1])),), related))
    return _say(work, kept, f"is {match[1]}", f"are {match[1]}")


def _about(work: Work, match: re.Match[str]) -> Answer | None:
    said, _, unwanted = _BUT_NOT.sub("\x1f", match["what"].strip()).partition("\x1f")
    wish = _read(match, said)
    if not wish.parts:
        return None
    kept = _chosen(work, wish)
    if unwanted:
        out = _chosen(work, _read(match, unwanted))
        kept = [at for at in kept if at not in out]
    about = match["how"].lower().endswith(("about", "with", "of", "to", "regarding"))
    says = ("is about", "are about") if about else ("mentions", "mention")
    if _NOT.search(work.order[: match.start()] + match[0][:10]):
        kept = [at for at in range(len(work.items)) if at not in kept]
        says = (
            ("is not about", "are not about") if about else ("does not mention", "do not mention")
        )
    return _say(work, kept, f"{says[0]} {wish.text}", f"{says[1]} {wish.text}")


def _read(match: re.Match[str], said: str) -> _Wish:
    """A mention wants the very word; being about something is content with a related one."""
    literal = match["how"].lower().startswith("mention") or _LITERAL.search(match[0])
    alternatives = [_FILLER.sub("", part.strip()) for part in re.split(r",| or | and ", said)]
    parts = tuple(
        frozenset(found) for part in alternatives if (found := stems(part) or _plain(part))
    )
    related: frozenset[str] = frozenset()
    if not literal:
        related = related.union(*(topic_words(part) for part in alternatives))
    return _Wish(said, parts, related)


def _plain(text: str) -> list[str]:
    return [stem(word) for word in words(text)]


def _chosen(work: Work, wish: _Wish) -> list[int]:
    """Entries with all words of an alternative; else, for a topic, with a related word or some of
    the words.
    """
    rows = [frozenset((*stems(item), *_plain(item))) for item in work.items]
    whole = [
        at
        for at, row in enumerate(rows)
        if any(part <= row for part in wish.parts) or wish.related & row
    ]
    if whole:
        return whole
    shared = [max(len(part & row) / len(part) for part in wish.parts) for row in rows]
    best = max(shared)
    return [at for at, score in enumerate(shared) if score == best] if best >= 0.5 else []


def _say(work: Work, kept: list[int], one: str, more: str) -> Answer:
    noun = noun_of(work.order)
    if re.search(r"\bhow many\b|\bcount\b|\bnumber of\b", work.order, re.I):
        many = len(kept)
        subject = f"{many or 'None'} of the {len(work.items)} {noun}"
        return Answer(f"{subject} {one if many < 2 else more}.", str(many))
    if not kept:
        brief = "no" if _ANY.match(work.order) else "none"
        return Answer(f"None of the {len(work.items)} {noun} {one}.", brief)
    found = [work.items[at] for at in kept]
    shown = "\n".join(f"{work.bullet(at)} {work.items[at]}" for at in kept)
    if _ANY.match(work.order):
        return Answer(f"Yes, {len(kept)} of the {len(work.items)} {noun}:\n{shown}", "yes")
    return Answer(found[0] if len(found) == 1 else shown, ", ".join(found))


def noun_of(order: str) -> str:
    """What the order calls the entries, in the plural: letters, tickets; else entries."""
    for match in _NOUN.finditer(order):
        noun = match[1].lower()
        if noun not in _PRONOUNS:
            return noun if noun.endswith("s") else f"{noun}s"
    return "entries"
