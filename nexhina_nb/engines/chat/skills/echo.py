"""Says what it is told to say: 'Say exactly: …', 'Reply with the word OK', 'Repeat after me',
'Repeat X 3 times'.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.numbers import with_digits
from nexhina_nb.engines.chat.payload import unquote
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_MOST_CHARACTERS = 20_000
_EXACT = (
    r"(?:exactly|only|just|simply|verbatim|literally|the following|these words|the words?|"
    r"the phrase|the text|the sentence|back|out loud)"
)


def answer(prompt: Prompt) -> Answer | None:
    """The text that the task, or a standing order of the system message, dictates."""
    if prompt.form.brevity == "word" and re.fullmatch(r"[^\W\d_]+[.!]?", prompt.task):
        return Answer(prompt.task.rstrip(".!"))
    return first_match(_RULES, prompt) or _standing(prompt)


def _standing(prompt: Prompt) -> Answer | None:
    match = _STANDING.search(prompt.system[:4_000])
    return Answer(next(part for part in match.groups() if part)) if match else None


def _said(match: re.Match[str], prompt: Prompt) -> Answer | None:
    text = unquote(match[1].strip())
    return Answer(text) if text else None


def _plain(match: re.Match[str], prompt: Prompt) -> Answer | None:
    """'Say this is a test' dictates; 'say hello in German' and 'say something nice' do not."""
    text = match[1].strip()
    if re.search(
        r"\b(?:in|auf|to) (?:[A-Z]\w+)\W*$|\blanguages?\W*$|"
        r"^(?:something|anything|a|an|some|that|it|your|who|"
        r"what|why|how|when|if|whether)\b",
        text,
        re.I,
    ):
        return None
    return Answer(unquote(text).strip())


def _times(match: re.Match[str], prompt: Prompt) -> Answer | None:
    many = int(match["n"])
    text = unquote(
        (match["text"] or "")
        .strip()
        .rstrip(":,")
        .removeprefix("the word ")
        .removeprefix("the letter ")
        .removeprefix("the phrase ")
    )
    if _THIS.fullmatch(text):
        text = unquote(prompt.task.rpartition(match[0].split()[-1])[2].strip(" :：\n.,"))
    if not text or not 0 < many <= 5_000:
        return None
    joiner = (
        "\n" if "line" in prompt.task.lower() else ", " if "comma" in prompt.task.lower() else " "
    )
    shown = joiner.join([text] * many)
    if len(shown) > _MOST_CHARACTERS:
        return Answer(
            f"That would be {len(shown)} characters; I write at most {_MOST_CHARACTERS}.",
            "too long",
        )
    return Answer(shown)


def _times_in_words(match: re.Match[str], prompt: Prompt) -> Answer | None:
    task = with_digits(
        re.sub(
            r"\btwice\b",
            "2 times",
            re.sub(r"\bonce\b", "1 times", match[0], flags=re.I),
            flags=re.I,
        )
    )
    found = _REPEAT.search(task)
    return _times(found, prompt) if found else None


_VERB = r"(?:say|repeat|write|print|output|reply|respond|answer|echo|return|type|send|reply back)"
_REPEAT = re.compile(
    r"\b(?:repeat|say|write|print|output|type|echo)\s+(?P<text>.{1,400}?)[\s,]+(?P<n>\d{1,"
    r"4})\s*(?:x\b|times)",
    re.I | re.S,
)
_THIS = re.compile(
    r"(?:this|that|it|the following|the (?:word|text|phrase|sentence|line))(?: (?:word|text|phrase|"
    r"sentence|line))?",
    re.I,
)
_STANDING = re.compile(
    rf"\b(?:always|only|must|should|just)\s+(?:ever\s+)?(?:say|reply|respond|answer|"
    rf"output)(?:\s+with)?(?:\s+{_EXACT}){{0,2}}\s*[:]?\s*"
    r"(?:[\"“']([^\"”'\n]{1,200})[\"”']|(?:the word )([A-Z]{2,30})\b)",
    re.I,
)
_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I | re.S), make)
    for pattern, make in (
        (
            r"\b(?:repeat|say|write|print|output|type|echo)\b.{1,400}?\b(?:times|twice|\d+x)\b",
            _times_in_words,
        ),
        (
            rf"^(?:please |can you |could you |now )*(?:{_VERB})(?: after me| with|"
            rf" back)?(?: {_EXACT})+(?: (?:to me|and nothing else))?\s*[:：]\s*(.+)$",
            _said,
        ),
        (
            r"^(?:please )?(?:repeat after me|echo|repeat the following(?: \w+)?|repeat this|"
            r"repeat|say|print|output)\s*[:：]\s*(.+)$",
            _said,
        ),
        (
            rf"^(?:please |now )*{_VERB}(?: with| back)?(?: {_EXACT})*\s+[\"“']([^\"”'\n]{{1,"
            rf"2000}})[\"”'](?: (?:and nothing else|please|to me|back))*"
            r"[.!]?$",
            _said,
        ),
        (
            rf"^(?:please |now )*(?:{_VERB})(?: with)?(?: (?:exactly|only|just|simply))* "
            r"(?:the (?:single )?words?|the phrase|the text)\s+"
            r"(?=[\"“'][^\"”'\n]+[\"”']\W*$|[^\"“'\n]+$)(.{1,200}?)"
            r"(?:,? and nothing else)?[.!]?$",
            _said,
        ),
        (
            rf"^(?:please )?(?:{_VERB})(?: with)? (?:exactly|only|"
            rf"just)\s+(?:with )?([^\n:]{{1,200}}?)(?:,? and nothing else)?[.!]?$",
            _plain,
        ),
        (
            r"^(?:please |just )*(?:say|echo|repeat after me,?|reply with|respond with|"
            r"answer with)\s+([^\n:]{1,200}?)[.!]?$",
            _plain,
        ),
    )
)
