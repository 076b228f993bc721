"""Wishes about the form of an answer: found in the task and the system message, and taken out of
the task.

'What is 3 * 4? Only the number, please.' becomes the task 'What is 3 * 4?' and the wish for a
number, so that a skill reads nothing but its task. `nexhina_nb.engines.chat.shape` grants the
wishes at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

from nexhina_nb.engines.chat.languages import NAMED, named
from nexhina_nb.engines.chat.numbers import find_numbers


@dataclass(frozen=True, slots=True)
class Form:
    """How the answer is to look. Empty fields wish for nothing."""

    case: str = ""  # upper, lower, title
    brevity: str = ""  # number, word, yes-no, answer, brief
    shape: str = ""  # json, bullets, numbered, commas, lines
    words: int = 0
    sentences: int = 0
    items: int = 0
    language: str = ""
    start: str = ""
    end: str = ""

    def over(self, weaker: Form) -> Form:
        """This form, with ``weaker`` where it wishes nothing: the task goes over the system
        message.
        """
        mine = {row.name: getattr(self, row.name) for row in fields(self)}
        return replace(weaker, **{name: value for name, value in mine.items() if value})


_COUNT = r"(?P<n>\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|a single|a)"
_LIMIT = (
    r"(?:(?:exactly|at most|no more than|up to|under|fewer than|less than|max(?:imum)?|about|"
    r"around|"
    r"just|only) )?"
)
_ONLY = r"(?:with )?(?:only |just |simply )"

# (what is set, how the wish reads after "answer …" or after a comma)
_WISHES: tuple[tuple[dict[str, Any], str], ...] = (
    (
        {"case": "upper"},
        r"(?:in|using|with) (?:all )?"
        r"(?:upper[- ]?case|capital letters|all[- ]caps|capitals|block letters|caps)(?: letters|"
        r" only)?",
    ),
    (
        {"case": "lower"},
        r"(?:in|using|with) (?:all )?(?:lower[- ]?case|small letters)(?: letters| only)?",
    ),
    ({"case": "title"}, r"in title case"),
    (
        {"brevity": "word"},
        rf"(?:in|with|using) {_LIMIT}(?:one|a single|1)(?: single)? word(?: only)?",
    ),
    (
        {"brevity": "number"},
        rf"(?:{_ONLY}|with |as )?(?:the |an? )?(?:final |bare |plain |single )?"
        r"(?:number|digits?|numeric value|integer)(?: only| alone|,? (?:and )?nothing else)?",
    ),
    (
        {"brevity": "yes-no"},
        rf"(?:{_ONLY}|with )?(?:a )?(?:simple )?['\"]?yes['\"]? or ['\"]?no['\"]?(?: only)?",
    ),
    (
        {"brevity": "answer"},
        rf"{_ONLY}(?:with )?(?:the )?(?:final )?"
        r"(?:answer|result|value|name|label|category|class|word|"
        r"date)(?:,? (?:and )?nothing else)?",
    ),
    (
        {"shape": "json"},
        rf"(?:as|in|with|using|{_ONLY})?\s?(?:an? )?(?:valid |single |plain |compact )?json"
        r"(?: object| format| only)?",
    ),
    (
        {"shape": "bullets", "n": "items"},
        rf"(?:as|in|with|using) {_LIMIT}{_COUNT} (?:short |concise )?(?:bullet[- ]points?|"
        rf"bullets)",
    ),
    (
        {"shape": "bullets"},
        r"(?:as|in|with|using) (?:an? )?(?:bullet(?:ed)?[- ]?(?:points?|list)?|bullets|"
        r"unordered list)(?: list)?",
    ),
    ({"shape": "numbered"}, r"(?:as|in|with) (?:an? )?(?:numbered|ordered) list"),
    ({"shape": "commas"}, r"(?:as|in|with) (?:an? )?comma[- ]separated(?: list| values)?"),
    ({"shape": "lines"}, r"(?:with )?one (?:item )?per line"),
    (
        {"n": "words"},
        rf"(?:(?:in|with|using|to) {_LIMIT}|(?:at most|no more than|exactly) ){_COUNT} words?"
        r"(?: or (?:less|fewer))?",
    ),
    (
        {"n": "sentences"},
        rf"(?:in|with|using|to) {_LIMIT}{_COUNT} (?:short |simple |concise )?sentences?",
    ),
    (
        {},
        rf"(?:in|auf|en|using) (?:only |simple |plain )?(?P<language>{NAMED})(?: language)?(?: "
        rf"only)?",
    ),
)
_ASK = (
    r"(?:please |you must |you should |always |only |then |just |must |make sure to |"
    r"be sure to )*"
    r"(?:answer|reply|respond|output|return|give|write|speak|present|format|express|show|list|"
    r"put|use|talk|provide|"
    r"keep|make|print|summari[sz]e|describe|explain|condense|shorten|antworte|antworten|réponds|"
    r"répondez|responde|contesta)"
)
_OBJECT = r"(?P<object>[^.!?\n:\"'“]{0,60}?)"
_END = r"(?=\s*(?:[.!,;:?)]|$|\n|and\b|please\b))"
_ASKED = rf"(?P<ask>\b(?:and )?{_ASK}\b){_OBJECT}(?<!\w)(?P<wish>WISH){_END}"
_TRAILING = (
    r"(?P<ask>[,;(]|\s[-–—]|(?<=[?.!\n:])|^|\s(?=(?:only|just) ))(?P<object>)\s*"
    r"(?P<wish>(?:and )?(?:please )?(?:but )?WISH(?:,? please)?)\s*[.!)]*\s*$"
)
_ALONE = r"(?P<ask>)(?P<object>)(?P<wish>WISH)"

_QUOTED = r"[\"'“‘](?P<QUOTE>[^\"'”’\n]{1,80})[\"'”’][.!]?"
_WITH = r"\b[^.\n\"'“‘]{0,40} with (?:the words? |the phrase )?"
_FREE: tuple[tuple[dict[str, Any], str], ...] = (
    (
        {"brevity": "brief"},
        r"\b(?:please )?(?:be (?:very )?(?:brief|concise|short)|answer (?:briefly|concisely|"
        r"shortly)|"
        r"keep (?:it|your answers?) (?:short|brief))\b[.!]?",
    ),
    ({"brevity": "number"}, r"\b(?:numbers?|digits) only(?: please)?[.!]?$"),
    ({"brevity": "yes-no"}, r"\b(?:(?:please )?answer (?:with )?)?(?:yes or no|yes/no)\s*[?:.]"),
    (
        {},
        r"\b(?:always |please )*(?:start|begin|prefix)" + _WITH + _QUOTED.replace("QUOTE", "start"),
    ),
    ({}, r"\b(?:always |please )*(?:end|finish|close)" + _WITH + _QUOTED.replace("QUOTE", "end")),
    (
        {},
        r"请?(?:用|使用)(?P<language>中文|英文|英语|日语|德语|法语|西班牙语)(?:回答|回复)?[。！]?",
    ),
    ({}, r"(?P<language>日本語|英語|中国語|ドイツ語)で(?:答えて|回答して)?(?:ください)?。?"),
)
_PATTERNS = tuple(
    (re.compile(template.replace("WISH", wish), re.I), sets)
    for template, table in ((_ALONE, _FREE), (_ASKED, _WISHES), (_TRAILING, _WISHES))
    for sets, wish in table
)
_IDLE_WORDS = (
    "your the a an my all this that these answer answers reply replies response result results "
    "it them everything "
    "back to me us always only with just questions question output text final every sentence "
    "user prompt in please "
    "messages must should immer nur bitte toujours siempre seulement solo"
)
_IDLE = frozenset(
    _IDLE_WORDS.split()
)  # an ask whose object says nothing new goes away whole: "give your answer in uppercase"
_INSISTS = re.compile(r"\b(?:only|just|simply|as|alone|nothing|with)\b", re.I)
_PUTS = re.compile(r"write|put|print|make", re.I)
_SAYS_MORE = re.compile(r"summari|describe|explain|condense|shorten|list|express", re.I)
_MOST_READ = (
    3_000  # wishes stand near the start or the end; a long document in between is not searched
)


def read(text: str) -> tuple[Form, str]:
    """The wishes in a text, and the text without them."""
    if len(text) <= 2 * _MOST_READ:
        return _read(text)
    first, head = _read(text[:_MOST_READ])
    last, tail = _read(text[-_MOST_READ:])
    return last.over(first), head + text[_MOST_READ:-_MOST_READ] + tail


def _read(text: str) -> tuple[Form, str]:
    found: dict[str, Any] = {}
    for pattern, sets in _PATTERNS:
        match = pattern.search(text)
        if match is None:
            continue
        idle = set(re.findall(r"[a-z]+", match["object"].lower())) <= _IDLE
        idle = idle and not _SAYS_MORE.search(match["ask"])
        wish = _wish(match, sets)
        if not idle and ("language" in wish or ("case" in wish and _PUTS.search(match["ask"]))):
            continue  # "say hello in German", "write hello in capitals": work on the words named
        if not idle and wish.get("brevity") == "number" and not _INSISTS.search(match["wish"]):
            continue  # "make a table with columns number and text"
        found = {**wish, **found}
        text = _without(text, match.start() if idle else match.start("wish"), match.end())
    return Form(**found), text.strip().lstrip(":：").strip()


def _wish(match: re.Match[str], sets: dict[str, Any]) -> dict[str, Any]:
    wish = {name: value for name, value in sets.items() if name != "n"}
    named_groups = {name: text for name, text in match.groupdict().items() if text}
    if "n" in sets:
        wish[sets["n"]] = _small(named_groups["n"])
    if "language" in named_groups:
        wish["language"] = named(named_groups["language"])
    return wish | {name: named_groups[name] for name in ("start", "end") if name in named_groups}


def _small(text: str) -> int:
    return 1 if text.lower() in ("a", "a single") else int(find_numbers(text)[0])


def _without(text: str, start: int, end: int) -> str:
    before, after = text[:start].rstrip(" ,;-–—("), text[end:]
    if not before or before[-1] in ".!?\n:":
        after = after.lstrip(" .!;,)")
    return f"{before} {after}" if before and after[:1].isalnum() else before + after
