"""Decides what a choice is: tool calls, JSON, or text in the wished form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nexhina_nb.engines.chat import form, objects, results, shape, toolcalls
from nexhina_nb.engines.chat.conversation import Talk
from nexhina_nb.engines.chat.languages import texts
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills import name_of, recordings, solve, tables
from nexhina_nb.engines.chat.toolcalls import Call, Missing

_GO_ON = re.compile(
    r"^(?:please )?(?:continue|go on|keep going|carry on|resume)\b[^.!?\n]{0,60}[.!?]?$|"
    r"^(?:weiter|继续)$",
    re.I,
)
_RECORDINGS = name_of(recordings.answer)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one choice is: calls, or else a text; with the answer that it was made from."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    answer: Answer | None = None
    missing: Missing | None = None


def decide(talk: Talk, variant: int) -> Decision:
    """The text or the tool calls of one choice."""
    prompt = replace(talk.prompt, variant=variant)
    planned = toolcalls.plan(talk, prompt)
    if isinstance(planned, list):
        return Decision(calls=tuple(planned))
    answer = _answer(talk, prompt, planned)
    text = _json(talk, prompt, answer) or _text(talk, prompt, answer)
    return Decision(_continued(talk.prefill, text, answer), answer=answer, missing=planned)


def _answer(talk: Talk, prompt: Prompt, missing: Missing | None) -> Answer:
    if talk.results:
        return results.answer(talk.results)
    if missing:
        wanted = " and ".join(name.replace("_", " ") for name in missing.fields)
        return Answer(f"To call {missing.tool} I need to know: {wanted}.", "unknown")
    return _going_on(prompt) or solve(prompt)


def _going_on(prompt: Prompt) -> Answer | None:
    """'Continue' after a text that broke off: the rest of the answer to the question before."""
    said, asked = prompt.last("assistant"), prompt.last("user")
    if not said or not asked or not _GO_ON.match(prompt.task):
        return None
    wish, task = form.read(asked)
    before = replace(prompt, task=task, turns=prompt.turns[:-2], form=wish.over(prompt.form))
    text = shape.apply(before.form, solve(before))
    if len(text) > len(said) and text.startswith(said):
        return Answer(text[len(said) :])
    return Answer("That was the whole of my answer.")


def _json(talk: Talk, prompt: Prompt, answer: Answer) -> str | None:
    if talk.schema is not None:
        return objects.for_schema(talk, prompt, answer)
    spoken = "json" in prompt.task[:500].lower() and not tables.answer(prompt)
    if talk.json_mode or prompt.form.shape == "json" or spoken:
        made = objects.for_keys(talk, prompt, answer)
        if made:
            return made
    return objects.for_answer(answer) if talk.json_mode else None


def _text(talk: Talk, prompt: Prompt, answer: Answer) -> str:
    notes = list(_notes(talk, prompt.language))
    if prompt.heard and answer.skill != _RECORDINGS:
        # half of it may be misheard, and then the answer is to something that nobody said
        notes.append(texts("heard", prompt.language)[0].format(words=prompt.heard))
    silent = not prompt.task and not prompt.pictures
    text = [] if notes and silent else [shape.apply(prompt.form, answer)]
    return " ".join((*notes, *text))


def _notes(talk: Talk, language: str) -> Iterator[str]:
    """What must be said of parts that told nothing."""
    if talk.unread:
        yield texts("unread", language)[0].format(kinds=", ".join(talk.unread))
    if talk.is_unheard:
        yield texts("unheard", language)[0]


def _continued(begun: str, text: str, answer: Answer) -> str:
    """What is left to say, where the conversation ends with the beginning of the answer."""
    if not begun:
        return text
    if text.startswith(begun):
        return text[len(begun) :]
    if not answer.brief or answer.brief == "unknown" or text[:1] in "{[":
        return text
    return answer.brief if begun[-1:].isspace() else f" {answer.brief}"
