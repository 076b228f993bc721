"""What an instruction is about: the quoted, fenced, or following text, or else an earlier turn."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.prompt import Prompt

_TAGS = ("text", "document", "context", "data", "input")
_FENCES = (
    ("```", "```"),
    ('"""', '"""'),
    *((f"<{name}>", f"</{name}>") for name in _TAGS),
)
_INFO = re.compile(r"[\w-]{0,20}\n")
_LABEL = re.compile(
    r"^[ \t]{0,8}(?:the )?(?:text|review|sentence|input|document|message|article|passage|tweet|"
    r"email|comment|data|items|"
    r"list|table|paragraph|content|words|numbers)[ \t]{0,3}[:：][ \t]*",
    re.I | re.M,
)
_COLON = re.compile(r"[:：](?:\s|(?=[\"“'「\[{|]))|：")
_QUOTES = re.compile(
    r"\"([^\"]{1,20000})\"|“([^”]{1,20000})”|«\s?([^»]{1,20000}?)\s?»|「([^」]{1,20000})」|"
    r"(?<!\w)['‘]([^\n]{1,5000}?)['’](?!\w)"
)
_POINTS_BACK = re.compile(
    r"\b(?:this|that|it|these|those|them|above|previous|again|now|same|the (?:text|list|words|"
    r"numbers|sentence|result|"
    r"answer|items|paragraph|article|table|passage))\b",
    re.I,
)
INSTRUCTION = re.compile(
    r"\b(?:sort|order|arrange|alphabeti[sz]e|rank|summari[sz]e|summary|tl;?dr|shorten|condense|"
    r"classify|categori[sz]e|"
    r"label|sentiment|count|how many|reverse|convert|turn|make|create|format|extract|find|list|"
    r"what|which|who|when|where|"
    r"how|why|replace|remove|delete|repeat|spell|uppercase|lowercase|translate|write|give|show|"
    r"number|dedup\w*|unique|"
    r"answer|based on|according to|rewrite|is|are|does|do|did|can|capitali[sz]e|put|change|"
    r"calculate|compute|add|"
    r"sum|average|recap|return|parse|get|identify|pull|key points?|headline|title|sortiere?|ordne|"
    r"fasse|zusammen\w*|zähle|wie viele?|übersetze?|nenne|résume[rz]?|résumé|trie[rz]?|compte[rz]?|"
    r"combien|traduis\w*|resum[ea]n?|ordena|cuenta|cuánt[oa]s|traduce)\b|总结|摘要|排序|翻译|多少|要約",
    re.I,
)
_ORDER = re.compile(
    rf"^(?:please |now |can you |could you |then |tl;?dr|what |which |"
    rf"how )?{INSTRUCTION.pattern}(?!s?\b.{{0,3}}$)",
    re.I,
)
_ABOVE = re.compile(r"\b(?:above|preceding|previous)\b", re.I)
_NOTICES = ("Noted:", "I do not know", "I cannot", "That is beyond me", "Hello!", "The given text")


def fenced(text: str) -> str:
    """The content of the first fence (```, \"\"\" or a tag), or an empty text."""
    for opening, closing in _FENCES:
        start = text.find(opening)
        end = text.find(closing, start + len(opening)) if start >= 0 else -1
        if end > 0:
            inside = text[start + len(opening) : end]
            return (
                _INFO.sub("", inside, count=1)
                if opening == "```" and _INFO.match(inside)
                else inside
            ).strip()
    return ""


def quoted(text: str) -> list[str]:
    """The quoted parts of a text, without their quotation marks."""
    return [next(part for part in match if part) for match in _QUOTES.findall(text)]


def unquote(text: str) -> str:
    """The text without quotation marks around the whole of it."""
    text = text.strip()
    match = _QUOTES.fullmatch(text)
    return next(part for part in match.groups() if part) if match else text


def given(task: str) -> str:
    """The text that comes with an instruction in the same message, or an empty text."""
    return (
        fenced(task)
        or _labelled(task)
        or _after_colon(task)
        or _other_lines(task)
        or max(quoted(task), key=len, default="")
    )


def subject(prompt: Prompt) -> str:
    """The text an instruction is about: given with it, or the newest earlier text that it points
    back to.
    """
    return given(prompt.task) or earlier(prompt)


def earlier(prompt: Prompt) -> str:
    """The newest earlier text that was no notice of the engine, if the task is short or points
    back.
    """
    if not prompt.turns or (len(prompt.task.split()) > 15 and not _POINTS_BACK.search(prompt.task)):
        return ""
    said = prompt.last("assistant")
    if said and not said.startswith(_NOTICES):
        return said
    asked = prompt.last("user")
    return given(asked) or asked


def instruction(task: str) -> str:
    """The task without the text that comes with it."""
    text = given(task)
    return task.replace(text, " ", 1) if text else task


def _labelled(task: str) -> str:
    match = _LABEL.search(task)
    if match is None or not task[: match.start()].strip():
        return ""
    return unquote(task[match.end() :])


def _after_colon(task: str) -> str:
    match = _COLON.search(task)
    if match is None or match.start() > 300 or "\n\n" in task[: match.start()].strip():
        return ""
    head, tail = task[: match.start()], task[match.end() :].strip()
    if not tail or not INSTRUCTION.search(head):
        return ""
    opens = _QUOTES.match(tail)
    if opens and len(tail) - opens.end() < 80 and "\n" not in tail[opens.end() :]:
        return next(part for part in opens.groups() if part)  # "classify: 'x' as a or b"
    return unquote(tail)


def _other_lines(task: str) -> str:
    lines = task.strip().split("\n")
    if len(lines) < 2:
        return ""
    first, last = "\n".join(lines[1:]).strip(), "\n".join(lines[:-1]).strip()
    if _orders(lines[0]):
        return first
    if _orders(lines[-1]) or _ABOVE.search(lines[-1][:300]):
        return last
    if len(lines[0]) < 300 and INSTRUCTION.search(lines[0]) and lines[0][0] not in "|-*":
        return first
    return last if len(lines[-1]) < 300 and INSTRUCTION.search(lines[-1]) else ""


def _orders(line: str) -> bool:
    """Whether a line opens with an order, or asks."""
    return len(line) < 300 and bool(_ORDER.match(line))
