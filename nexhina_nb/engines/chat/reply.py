"""Decides what a choice is: tool calls, JSON, or text in the wished form."""

from __future__ import annotations

import re
from dataclasses import replace

from nexhina_nb.engines.chat import form, objects, results, shape, toolcalls
from nexhina_nb.engines.chat.conversation import Talk
from nexhina_nb.engines.chat.languages import texts
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills import solve, tables
from nexhina_nb.engines.chat.toolcalls import Call, Missing

_GO_ON = re.compile(
    r"^(?:please )?(?:continue|go on|keep going|carry on|resume)\b[^.!?\n]{0,60}[.!?]?$|"
    r"^(?:weiter|继续)$",
    re.I,
)


def decide(talk: Talk, variant: int) -> str | list[Call]:
    """The text or the tool calls of one choice."""
    prompt = replace(talk.prompt, variant=variant)
    planned = toolcalls.plan(talk, prompt)
    if isinstance(planned, list):
        return planned
    answer = _answer(talk, prompt, planned)
    return _json(talk, prompt, answer) or _text(talk, prompt, answer)


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
    text = shape.apply(prompt.form, answer)
    if talk.unread:
        note = texts("unread", prompt.language)[0].format(kinds=", ".join(talk.unread))
        text = f"{note} {text}" if prompt.task else note
    return _continued(talk.prefill, text)


def _continued(begun: str, text: str) -> str:
    """What is left to say, where the conversation ends with the beginning of this very answer."""
    return text[len(begun) :] if begun and text.startswith(begun) else text
