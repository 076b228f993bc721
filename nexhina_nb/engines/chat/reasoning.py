"""Tells how an answer was found: the engine's own record of what it read and which skill spoke.

It is no model's train of thought. Every sentence states something that the program did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from nexhina_nb.engines.chat.conversation import Talk
from nexhina_nb.engines.chat.reply import Decision
from nexhina_nb.engines.chat.skills import SKILLS, name_of
from nexhina_nb.engines.chat.toolchoice import score

_LONGEST_QUOTE = 80
_MOST_TOOLS = 8


def account(talk: Talk, decision: Decision) -> str:
    """The way to a decision; in more detail the higher the effort."""
    told = [_way(talk, decision)]
    if talk.effort != "low":
        told = [_read(talk), *told, _form(talk, decision)]
    if talk.effort == "high":
        told = [told[0], *_wishes(talk), *_considered(talk, decision), *told[1:]]
    return " ".join(told)


def _way(talk: Talk, decision: Decision) -> str:
    if decision.calls:
        names = ", ".join(dict.fromkeys(call.name for call in decision.calls))
        why = "the request insists on a call" if talk.offer.must_call else "the task speaks of it"
        return f"I call {names}, for {why}."
    if decision.missing:
        return f"The tool {decision.missing.tool} fits, but the task lacks what it requires."
    if talk.results:
        return "The tools have answered, so I put their results into a sentence."
    skill = decision.answer.skill if decision.answer else ""
    if not skill:
        return "No skill has an answer, so I say that I have none."
    return f"The skill '{skill}' has an answer."


def _read(talk: Talk) -> str:
    prompt = talk.prompt
    words = len(prompt.task.split())
    parts = [f"a task of {words} {'word' if words == 1 else 'words'} ({_quote(prompt.task)})"]
    parts += ["a system message"] if prompt.system else []
    counted = (
        (len(prompt.turns), "earlier message"),
        (len(talk.results), "tool result"),
        (len(prompt.pictures), "picture"),
        (len(talk.offer.tools), "tool on offer"),
    )
    parts += [f"{many} {_plural(noun, many)}" for many, noun in counted if many]
    return f"I read {', '.join(parts)}."


def _form(talk: Talk, decision: Decision) -> str:
    if decision.calls:
        many = len(decision.calls)
        return f"That makes {many} {_plural('tool call', many)}."
    if talk.schema is not None:
        return "I fill the schema of the request and check every field against its type."
    if talk.json_mode:
        return "The request wants JSON, so I put the answer into an object."
    return "I answer in plain text."


def _wishes(talk: Talk) -> Iterator[str]:
    form = talk.prompt.form
    wished = [f"{row.name} {value}" for row in fields(form) if (value := getattr(form, row.name))]
    yield f"Wishes about the form: {', '.join(wished)}." if wished else "It wishes for no form."


def _considered(talk: Talk, decision: Decision) -> Iterator[str]:
    if talk.offer.tools:
        rated = [
            f"{tool.name} {score(tool, talk.prompt.task):g}"
            for tool in talk.offer.tools[:_MOST_TOOLS]
        ]
        yield f"By the words that they share with the task the tools score: {', '.join(rated)}."
    if decision.calls or talk.results or decision.missing or decision.answer is None:
        return
    names = [name_of(skill) for skill in SKILLS]
    asked = names.index(decision.answer.skill) if decision.answer.skill in names else len(names)
    yield f"I have {len(names)} skills and asked {asked} of them in vain: {_some(names[:asked])}."
    if decision.answer.brief:
        yield f"The bare value is {_quote(decision.answer.brief)}."


def _some(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "the first one answered"


def _plural(noun: str, many: int) -> str:
    head, _, tail = noun.partition(" on ")
    plural = head if many == 1 else f"{head}s"
    return f"{plural} on {tail}" if tail else plural


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat[:_LONGEST_QUOTE]}{'…' if len(flat) > _LONGEST_QUOTE else ''}”"
