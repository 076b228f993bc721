"""What kind of thing a question asks for, and where in a sentence such a thing stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nexhina_nb.engines.chat.calendar_dates import DAYS, MONTHS
from nexhina_nb.engines.chat.numbers import with_digits
from nexhina_nb.engines.chat.words import stems

_LENGTHS = r"(?:km|kilomet\w+|m|met(?:er|re)s?|cm|mm|miles?|feet|foot|ft|inch\w*|yards?|floors?)"
_TIMES = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|h|min|nights?|pages?|words?)"
# what a measure is counted in, and the words that say it is that measure
_MEASURES = tuple(
    (re.compile(ask, re.I), re.compile(rf"\d[\d.,]*[ -]?{unit}\b|\b(?:{said})\b", re.I))
    for ask, unit, said in (
        (r"\bhow long\b|\blength\b", rf"(?:{_LENGTHS}|{_TIMES})", "long|length"),
        (r"\bhow (?:far|wide)\b|\bdistance\b|\bwidth\b", _LENGTHS, "far|distance|wide|width"),
        (
            r"\bhow (?:tall|high)\b|\bheight\b",
            _LENGTHS,
            "tall|high|height|altitude|elevation|above",
        ),
        (r"\bhow deep\b|\bdepth\b", _LENGTHS, "deep|depth|below"),
        (r"\bhow (?:old)\b|\bage\b", r"(?:years?|months?|weeks?)", "old|age|aged|turns?|turned"),
        (
            r"\bhow heavy\b|\bweight\b|\bhow much (?:does|did) .{1,60} weigh\b",
            r"(?:kg|g|kilo\w*|grams?|pounds?|lbs?|tons?|tonnes?|stone)",
            "weigh\\w*|weight|heavy",
        ),
        (r"\bhow fast\b|\bspeed\b", r"(?:km/h|kmh|mph|m/s|km per|miles per|knots)", "speed|fast"),
        (
            r"\bhow (?:hot|cold|warm)\b|\btemperature\b",
            r"(?:°|degrees?|C|F)",
            "temperature|hot|cold",
        ),
    )
)
_SAID = re.compile(r"\d[\d.,]*[ -]?\w+[ -](long|tall|high|deep|wide|old)\b", re.I)
_BARE = re.compile(r"\d(?=\s*(?:$|[,;!?)]|\.(?:\s|$)|(?:and|now|but|when|at|in|this|today|or)\b))")
_NAMES = r"[A-Z][\w'’.-]*(?:\s+(?:(?:of|de|van|von|the|da)\s+)?[A-Z][\w'’-]*){0,4}"
_COLOURS = (
    r"\b(?:red|green|blue|yellow|black|white|brown|grey|gray|orange|purple|pink|violet|"
    r"silver|gold|beige|turquoise)\b"
)
_DATES = (
    rf"(?:(?:{'|'.join(DAYS)}),?\s*)?(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|"
    rf"th)? (?:of )?(?:{'|'.join(MONTHS)})(?:,? \d{{4}})?|"
    rf"(?:{'|'.join(MONTHS)})(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? \d{{4}})?)|\b[12]\d{{3}}\b|"
    rf"\b(?:{'|'.join(DAYS)})s?\b|"
    r"\b\d{1,2}(?::\d\d)?\s?(?:am|pm|a\.m\.|p\.m\.|o'clock)|\b\d{1,2}:\d\d\b|\b(?:noon|midnight|"
    r"tomorrow|yesterday|today|spring|"
    r"summer|autumn|winter)\b"
)
_NUMBERS = (
    r"[$€£¥]?\d[\d,]*(?:\.\d+)?\s?(?:%|°\s?[CF]|[^\W\d_]+(?:/[^\W\d_]+)?(?: (?:old|per \w+))?)?"
)
_PLACES = (
    rf"\b(?:in|into|at|to|from|near|on|of)\s+(?:the\s+)?(?P<s>{_NAMES})|"
    r"\b(?:in|at|on|under|behind|near|inside|beside|next to|to|from)\s+(?P<p>(?:the|a|an|my|your|"
    r"his|her|their)\s+\w+(?:\s\w+){0,2})"
)


_YEAR = re.compile(r"\b(?:in|since|by|until|from|to)\s[12]\d{3}\W?$", re.I)  # no quantity


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of an answer: its pattern, and the words of a question that only say the kind."""

    name: str
    pattern: re.Pattern[str] | None
    words: tuple[str, ...] = ()

    def found_in(self, text: str, question: str) -> bool:
        """Whether a text has such a thing that the question itself does not name."""
        return bool(self.pattern) and bool(self.spans(text, question))

    def measured(self, text: str, question: str) -> bool:
        """Whether a number of the text can be the measure that the question asks for: thirty
        bridges are no length.
        """
        if self.name != "number":
            return True
        fits = next((row for ask, row in _MEASURES if ask.search(question)), None)
        return fits is None or _fits(fits, text)

    def spans(self, text: str, question: str) -> list[str]:
        """The things of this kind in a text that the question does not name."""
        if self.pattern is None:
            return []
        asked = set(stems(question))
        source = with_digits(text) if self.name == "number" else text
        found = [
            _group(match)
            for match in self.pattern.finditer(source)
            if self.name != "number"
            or not _YEAR.search(source[max(0, match.start() - 8) : match.start() + 5])
        ]
        return [part for part in found if not set(stems(part)) or not set(stems(part)) <= asked]


def _fits(measure: re.Pattern[str], text: str) -> bool:
    """Whether a text has a number in the units of a measure, or a bare one; '288 km long' is no
    depth.
    """
    own = _SAID.sub(lambda run: run[0] if measure.fullmatch(run[1]) else " ", text)
    source = with_digits(own)
    return bool(measure.search(source) or _BARE.search(source))


def _group(match: re.Match[str]) -> str:
    named = [part for part in match.groupdict().values() if part]
    return (named[0] if named else match[0]).strip()


_KINDS: tuple[tuple[str, Kind], ...] = (
    (
        r"\b(?:what|which) (?:colou?r)\b",
        Kind("colour", re.compile(_COLOURS, re.I), ("color", "colour")),
    ),
    (
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time|century)\b|\bhow late\b|\bwann\b|"
        r"\bquand\b|\bcuándo\b",
        Kind("date", re.compile(_DATES), ("year", "date", "day", "month", "time", "century")),
    ),
    (
        r"\bhow (?:many|much|old|tall|long|far|high|deep|heavy|big|wide|fast|large|often|"
        r"expensive|hot|cold)\b|"
        r"\b(?:what|which) (?:number|percentage|price|temperature|age|height|weight|length|"
        r"distance|population)\b|"
        r"\bwhat(?:'s| is| was) (?:the|its|his|her|my) (?:number|percentage|price|temperature|"
        r"age|height|weight|length|distance|"
        r"population|cost|salary|score)\b|\bwie viele?\b|\bcombien\b|\bcuánt|"
        r"\bwie (?:lang|hoch|alt|tief|weit|schwer|groß|breit|teuer|warm|kalt)\b|\bquel âge\b|"
        r"\bquelle est la (?:longueur|hauteur|taille|distance|population)\b",
        Kind(
            "number",
            re.compile(_NUMBERS),
            (
                "many",
                "much",
                "old",
                "tall",
                "long",
                "far",
                "high",
                "deep",
                "heavy",
                "big",
                "wide",
                "fast",
                "large",
                "often",
                "number",
                "age",
                "lang",
                "hoch",
                "alt",
                "tief",
                "weit",
                "schwer",
                "combien",
                "cuánto",
                "cuántos",
                "viel",
                "viele",
                "mesure",
                "mide",
            ),
        ),
    ),
    (
        r"\bwho(?:m|se)?\b|\bwer\b|\bqui\b|\bquién\b|\bwhat(?:'s| is| was) (?:the|his|her|my|"
        r"your|their) (?:\w+'s )?name\b",
        Kind("person", re.compile(_NAMES), ("person",)),
    ),
    (
        r"\bwhere\b|\bin (?:what|which) (?:city|country|town|place|state)\b|\b(?:what|"
        r"which) (?:city|country|town|place)\b|\bwo\b|\boù\b|"
        r"\bdónde\b",
        Kind("place", re.compile(_PLACES), ("place",)),
    ),
)
_ANYTHING = Kind("anything", None)
_IS = re.compile(
    r"\b(?:is|are|was|were|means|equals|=|called|named|ist|est|es)\b(?: (?:called|named|about|"
    r"currently))?\s+(.{1,200})",
    re.S,
)
_LEADING = re.compile(r"^(?:a|an|the)\s+", re.I)


def kind_of(question: str) -> Kind:
    """The kind of thing that a question asks for."""
    return next((kind for pattern, kind in _KINDS if re.search(pattern, question, re.I)), _ANYTHING)


def span(question: str, kind: Kind, sentence: str) -> str:
    """The part of the sentence that answers the question, as short as can be told."""
    found = kind.spans(_body(sentence) if kind.name == "person" else sentence, question)
    if not found and kind.name == "person":
        found = kind.spans(sentence, question)
    if found:
        return (_nearest(found, question) if kind.name == "number" else found[0]).rstrip(".,;")
    match = _IS.search(sentence)
    if match is None:
        return sentence
    tail = re.split(r"[,;.!?。](?:\s|$)| and | which | who | because ", match[1], maxsplit=1)[
        0
    ].strip()
    return _LEADING.sub("", tail).strip("\"'“”‘’ ") or sentence


def _body(sentence: str) -> str:
    """The sentence without a first word that has its capital only from standing there."""
    first, _, rest = sentence.partition(" ")
    common = first.lower() in (
        "the",
        "a",
        "an",
        "in",
        "on",
        "at",
        "it",
        "he",
        "she",
        "they",
        "his",
        "her",
        "this",
        "my",
        "after",
        "when",
    )
    return rest if common else sentence


def _nearest(found: list[str], question: str) -> str:
    """Of several quantities the one whose unit the question names."""
    asked = set(stems(question))
    return next((part for part in found if set(stems(part)) & asked), found[0])
