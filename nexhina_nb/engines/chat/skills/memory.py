"""What was said before: facts that the user told of himself, earlier messages, 'continue' and
'repeat that'.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.context import is_question
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match
from nexhina_nb.engines.chat.speakers import to_second_person

_NAME = re.compile(
    r"\b(?:my name(?:'s| is)|call me|i am called|i'm called|ich heiße|je m'appelle|me llamo|"
    r"mein name ist)\s+"
    r"(?P<name>[^\W\d_][\w'-]*(?:\s[A-Z][\w'-]*){0,3})|\b(?:I am|"
    r"I'm)\s+(?P<bare>[A-Z][\w'-]+(?:\s[A-Z][\w'-]*){0,2})\b|"
    r"我叫(?P<han>[\u4e00-\u9fffA-Za-z]{1,12})|我的名字(?:是|叫)(?P<han2>[\u4e00-\u9fffA-Za-z]{1,12})",
    re.I,
)
_TELLS = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|well|so|by the way|please|note that|remember(?: that| this)?|"
    r"fyi|keep in mind(?: that)?)[,!.:]?\s+)*"
    r"(?:my|i|i'm|i am|we|our|the|his|her|their|ich|mein\w*|je|mon|ma|me llamo|mi|我)\b",
    re.I,
)
_TO_ME = re.compile(r"\?|\byou\b", re.I)
_REMEMBER = re.compile(
    r"^(?:please )?(?:remember|note|keep in mind|fyi|save|store|memori[sz]e)\b(?: that|"
    r" this)?[:,]?\s+(.{2,500})",
    re.I | re.S,
)


def answer(prompt: Prompt) -> Answer | None:
    """Answers from the earlier turns, or notes a statement."""
    return first_match(_RULES, prompt)


def note(prompt: Prompt) -> Answer | None:
    """Acknowledges a statement; a question or an order is for somebody else."""
    text = prompt.task.strip()
    told = _REMEMBER.match(text)
    if told:
        return Answer(f"Noted: {to_second_person(told[1].strip())}")
    if len(text) > 400 or is_question(text) or _TO_ME.search(text) or not _TELLS.match(text):
        return None
    name = name_of_user(Prompt(task=text))
    if name:
        return Answer(prompt.phrase(f"Noted: your name is {name}.", f"Hello, {name}."), name)
    return Answer(f"Noted: {to_second_person(text)}")


def name_of_user(prompt: Prompt) -> str:
    """The name that the user gave last, in this or an earlier message."""
    told = [
        prompt.task,
        *(turn.text for turn in reversed(prompt.turns) if turn.role == "user"),
        prompt.system,
    ]
    for text in told:
        for match in reversed(list(_NAME.finditer(text[:20_000]))):
            name = next(part for part in match.groups() if part)
            if match["bare"] and not name[:1].isupper():
                continue
            if name.lower() not in ("and", "not", "what", "the"):
                return re.split(r"\s+(?:and|but|from)\b", name)[0]
    return ""


def _my_name(match: re.Match[str], prompt: Prompt) -> Answer | None:
    name = name_of_user(prompt)
    if not name:
        return Answer("You have not told me your name in this conversation.", "unknown")
    return Answer(
        prompt.phrase(
            f"Your name is {name}.", f"You are {name}.", f"You told me that your name is {name}."
        ),
        name,
    )


def _message(match: re.Match[str], prompt: Prompt) -> Answer | None:
    mine = bool(re.search(r"\byou(?:r)?\b", match[0], re.I)) and not re.search(
        r"\bi\b|\bmy\b", match[0], re.I
    )
    role = "assistant" if mine else "user"
    said = [turn.text for turn in prompt.turns if turn.role == role]
    if not said:
        return Answer("There is no earlier message in this conversation.", "none")
    text = said[0] if re.search(r"\bfirst\b", match[0], re.I) else said[-1]
    return Answer(f"{'I' if mine else 'You'} said: “{text}”", text)


def _again(match: re.Match[str], prompt: Prompt) -> Answer | None:
    said = prompt.last("assistant")
    return Answer(said) if said else None


def _how_many(match: re.Match[str], prompt: Prompt) -> Answer:
    asked = sum(turn.role == "user" for turn in prompt.turns) + 1
    return Answer(
        f"You have sent {asked} message{'s' if asked > 1 else ''}, this one included.", str(asked)
    )


_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (
            r"\b(?:what(?:'s| is)|do you (?:know|remember)|tell me|say|remember) my name\b|"
            r"\bwho am i\b|\bwie heiße ich\b|"
            r"\bwie ist mein name\b|\bcomment je m'appelle\b|\bcómo me llamo\b|"
            r"我叫什么|我的名字是什么|私の名前は",
            _my_name,
        ),
        (
            r"\bwhat (?:did|was|were|have) (?:i|you|my|your)\b.{0,30}\b(?:say|said|ask|asked|"
            r"message|question|answer|tell|told|reply|write)\b"
            r"(?! about)(?:.{0,30}\b(?:first|before|just|last|previously|earlier)\b)?",
            _message,
        ),
        (
            r"\b(?:what (?:is|was)|repeat) (?:my|your) (?:first|last|previous) (?:message|"
            r"question|answer|reply)\b",
            _message,
        ),
        (
            r"^(?:please )?(?:repeat (?:that|it|yourself|your (?:last )?answer)|say (?:that|"
            r"it) again|once more|again)[.!? ]*(?:please)?[.!]?$",
            _again,
        ),
        (r"\bhow many (?:messages|questions) (?:have|did) i\b", _how_many),
    )
)
