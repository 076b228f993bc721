"""Finds the question of a task and the texts that may answer it: labelled, tagged, around the
question, or earlier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nexhina_nb.engines.chat.payload import fenced, unquote
from nexhina_nb.engines.chat.prompt import Prompt
from nexhina_nb.engines.chat.words import sentences

_TEXT_LABEL = (
    r"contexts?|passages?|documents?|articles?|background|facts?|notes?|information|sources?|"
    r"paragraphs?|story|"
    r"knowledge|references?|excerpts?|texts?|given|search results?|上下文|背景|资料|"
    r"kontext|contexte|"
    r"contexto|texte?o?"
)
_ASK_LABEL = r"questions?|query|user question|q|问题|問題|frage|pregunta"
_LABEL = re.compile(
    rf"(?:^[ \t#*]{{0,6}}|(?<=[\s#*])(?-i:(?=[A-Z\u00c0-\uffff])))(?:(?P<text>{_TEXT_LABEL})(?:[ "
    rf"\t]?\[?#?\d{{1,3}}\]?)?|"
    rf"(?P<ask>{_ASK_LABEL})|"
    rf"(?P<other>(?:your )?answer|a|antwort|réponse|respuesta|回答|答案))[*]{{0,2}}[ \t]?[:：]",
    re.I | re.M,
)
_ASKS = re.compile(
    r"^(?:(?:so|and|but|now|then|please|hi|hello|also|well|ok)[,]? )*(?:who|whom|whose|what|"
    r"which|when|where|why|how|is|are|"
    r"was|were|do|does|did|can|could|has|have|had|will|would|in (?:what|which|whose)|at what|"
    r"on (?:what|which)|by whom|"
    r"name (?!is)|tell me (?:who|what|where|when|which|how|why|the)|wer|was|wann|wo|wie|"
    r"welche\w*|qui|quand|où|quel\w*|"
    r"comment|combien|quién|qué|cuándo|dónde|cuál|cuánt\w+)\b",
    re.I,
)
_LEAD = re.compile(
    r"^(?:please )?(?:answer|use|using|based (?:only )?on|according to|given|read|from|with|"
    r"considering|in|look at)\b"
    r"[^.:\n?]{0,80}\b(?:context|text|passages?|documents?|article|facts|information|paragraph|"
    r"notes|story|following|above|"
    r"below|sources?)\b[^.:\n?]{0,80}(?:[.:,]|$)\s*",
    re.I,
)
_ORDER = re.compile(
    r"^(?:you are|you're|you must|you should|you will|act as|pretend|answer|always|never|reply|"
    r"respond|use|be |do not|don't|"
    r"if |please|only|keep|please answer|speak|given the|based on)\b",
    re.I,
)


_ORDER_BEFORE = re.compile(
    r"^(?:use|read|here|this|the following|answer|given|based)\b[^:.\n]{0,80}:\s+(?=\S)", re.I
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question with the sentences that came with it and those from before; ``labelled`` marks a
    formal context.
    """

    question: str
    given: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    labelled: bool = False


def read(prompt: Prompt) -> Reading:
    """Splits the task into its question and its texts, and collects the earlier ones."""
    before = _before(prompt)
    found = _labelled(prompt.task) or _tagged(prompt.task)
    if found:
        return Reading(
            found[0], tuple(sentences(found[1])), before, labelled=bool(found[1].strip())
        )
    question, given = _around(prompt.task)
    return Reading(question, given, before)


def is_question(text: str) -> bool:
    """Whether a sentence asks."""
    return text.rstrip(" \"'”)*").endswith(("?", "？")) or bool(_ASKS.match(text))


def _labelled(task: str) -> tuple[str, str] | None:
    marks = list(_LABEL.finditer(task))
    asked: list[str] = []
    texts: list[str] = [_LEAD.sub("", task[: marks[0].start()].strip())] if marks else []
    for place, mark in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(task)
        part = task[mark.end() : end].strip()
        if mark["ask"]:
            asked.append(part)
        elif mark["text"] and part:
            texts.append(part)
    labelled_text = any(mark["text"] for mark in marks)
    if asked and (labelled_text or texts[0]):
        return asked[-1].split("\n\n")[0], "\n".join(texts)
    if labelled_text and not asked:
        return _ask_inside(texts)
    return None


def _ask_inside(texts: list[str]) -> tuple[str, str] | None:
    """A labelled text whose question has no label: the sentence that asks, wherever it stands."""
    parts = [part for text in texts for part in sentences(text)]
    asks = [part for part in parts if part.endswith(("?", "？"))]
    asks = asks or [part for part in parts if _ASKS.match(part)][-1:]
    if not asks:
        return None
    return asks[-1], "\n".join(part for part in parts if part != asks[-1])


def _tagged(task: str) -> tuple[str, str] | None:
    text = fenced(task)
    rest = task
    if not text:
        return None
    for mark in (text, "```", '"""'):
        rest = rest.replace(mark, " ")
    rest = _LEAD.sub("", re.sub(r"</?\w{1,20}>", " ", rest).strip())
    parts = [part for part in sentences(rest) if is_question(part)]
    return (parts[-1], text) if parts else None


def _around(task: str) -> tuple[str, tuple[str, ...]]:
    parts = sentences(task)
    asks = [part for part in parts if part.endswith(("?", "？"))] or [
        part for part in parts if _ASKS.match(part)
    ]
    if not asks:
        return "", tuple(parts)
    given = tuple(unquote(part) for part in parts if part != asks[-1] and not is_question(part))
    question, more = _clause(asks[-1])
    return question, (*more, *(text for text in given if _LEAD.sub("", text)))


def _clause(question: str) -> tuple[str, tuple[str, ...]]:
    """'If Ada is 36 and Bob is 40, who is older?' holds a statement before its comma."""
    question = _LEAD.sub("", question) or question
    match = re.match(
        r"(?:if|given that|given|since|suppose|assuming)\s+(.{8,400}?),\s+(?=(?:then )?\w)",
        question,
        re.I | re.S,
    )
    if match and _ASKS.match(question[match.end() :].removeprefix("then ")):
        return question[match.end() :], (match[1],)
    return question, ()


def _before(prompt: Prompt) -> tuple[str, ...]:
    system = [_ORDER_BEFORE.sub("", text) for text in sentences(prompt.system)]
    system = [text for text in system if not _ORDER.match(text)]
    told: list[str] = []
    for turn in prompt.turns:
        if turn.role in ("user", "tool"):
            told += [text for text in sentences(turn.text) if not is_question(text)]
    return (*(_LABEL.sub("", text).strip() for text in (*system, *told)),)
