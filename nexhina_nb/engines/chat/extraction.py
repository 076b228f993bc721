"""Patterns for what can be picked out of a text: addresses, numbers, dates, names."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.calendar_dates import DAYS, MONTHS, dated
from nexhina_nb.engines.chat.payload import quoted

EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
URL = re.compile(
    r"\bhttps?://[^\s<>\"')\]]{1,2000}[^\s<>\"')\].,;!?]|"
    r"\bwww\.[\w.-]{2,200}\b(?:/[^\s<>\"')\]]*[^\s<>\"')\].,;!?])?"
)
PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){1,4}(?!\w)"
)
NUMBER = re.compile(
    r"(?<![\w.,])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.])-?\d+(?:\.\d+)?(?![\d])"
)
PRICE = re.compile(
    r"[$€£¥]\s?\d[\d,]*(?:\.\d+)?|\b\d[\d,]*(?:\.\d+)?\s?(?:€|dollars?|euros?|pounds?|USD|EUR|"
    r"GBP)\b"
)
TIME = re.compile(r"\b\d{1,2}:\d{2}(?:\s?[ap]\.?m\.?)?|\b\d{1,2}\s?(?:[ap]\.?m\b\.?)", re.I)
_NAME = re.compile(
    r"\b(?:[A-Z][\w'’-]+|[A-Z]\.)(?:\s(?:(?:of|de|van|von|da|di|la|the)\s)?(?:[A-Z][\w'’-]+|"
    r"[A-Z]\.)){0,4}"
)
_COMMON_CAPITALS = (
    "The A An In On At It He She They We I You This That These Those But And Or If When While "
    "After Before My His Her Our Their "
    "Its There Here For From With As By To Of Is Are Was Were Please Yesterday Today Tomorrow "
    "Extract List Find What Who Where Which "
    "How Why Do Does Did Can Could Contact Call Email Write Text From Dear Hello Hi Thanks "
    "Question Context Answer Name Names Return "
    "Send Set Add Make Create Play Turn Order Buy Remind Translate Convert Calculate Compute "
    "Describe Explain Generate Parse Read "
    "Check Update Delete Remove Open Close Start Stop Plan Reserve Need Want Use Look Search "
    "Sort Count Reverse Label Say Repeat "
    "Compare Only Also Born Member Product Price Order Total Customer Age City Date Subject Body "
    "Title Review Message Json JSON "
    "Summarize Classify Schedule Meeting Let Both Everyone Each Every Give Get Tell Show Book"
)
_NOT_NAMES = frozenset(_COMMON_CAPITALS.split()) | {*DAYS, *MONTHS}


def names(text: str) -> list[str]:
    """Capitalised names; a word that starts a sentence counts only if it is no common one."""
    found: list[str] = []
    for match in _NAME.finditer(text):
        parts = match[0].split()
        while parts and parts[0] in _NOT_NAMES:
            parts.pop(0)
        while parts and parts[-1] in _NOT_NAMES:
            parts.pop()
        if parts:
            found.append(" ".join(parts).removesuffix("'s").removesuffix("’s"))
    return list(dict.fromkeys(found))


def dates(text: str) -> list[str]:
    """Dates as they are written."""
    return [written.strip() for _, written in dated(text)]


def hashtags(text: str) -> list[str]:
    """Words with a hash."""
    return re.findall(r"(?<!\w)#\w{1,100}", text)


def mentions(text: str) -> list[str]:
    """Words with an at sign, as in posts."""
    return re.findall(r"(?<![\w.])@\w{1,100}\b(?!\.)", text)


def strings(text: str) -> list[str]:
    """Quoted texts."""
    return quoted(text)
