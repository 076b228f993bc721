"""Grants the wishes about form: shortens, lists, numbers, changes case, wraps as JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from nexhina_nb.engines.chat.form import Form
from nexhina_nb.engines.chat.numbers import NUMBER
from nexhina_nb.engines.chat.prompt import Answer
from nexhina_nb.engines.chat.words import sentences

_MARK = re.compile(r"^\s{0,8}(?:[-*•]|\d{1,4}[.)])\s+")
_NUMBER = re.compile(NUMBER, re.I)
_YES = re.compile(r"\b(yes|no)\b", re.I)


def apply(form: Form, answer: Answer) -> str:
    """The answer as text, in the form that was wished for."""
    if form.shape == "json":
        return as_json(answer)
    text = answer.text if answer.formed else _arrange(form, _shorten(form, answer))
    text = _recase(form.case, text)
    return _frame(form, text)


def as_json(answer: Answer) -> str:
    """A JSON object that holds the answer; an answer that is JSON already stays what it is."""
    try:
        value = json.loads(answer.text)
    except ValueError:
        value = typed(sentences(answer.text)[0] if answer.brief == "unknown" else answer.core)
    if not isinstance(value, dict):
        value = {"answer": value}
    return json.dumps(value, ensure_ascii=False)


def typed(text: str) -> Any:
    """The JSON value that a bare answer stands for: a number, a truth value, lines as an array, or
    text.
    """
    bare = text.strip()
    if re.fullmatch(r"-?(?:0|[1-9]\d{0,17})", bare):
        return int(bare)
    if re.fullmatch(r"-?(?:0|[1-9]\d{0,17})\.\d{1,15}", bare):
        return float(bare)
    if bare.lower() in ("true", "false"):
        return bare.lower() == "true"
    if len(_lines(bare)) > 1 and all(_MARK.match(line) for line in _lines(bare)):
        return [typed(_MARK.sub("", line)) for line in _lines(bare)]
    return bare


def _shorten(form: Form, answer: Answer) -> str:
    if form.brevity == "number":
        found = _NUMBER.search(answer.core)
        return found[0] if found else answer.core
    if form.brevity == "word":
        return _one_word(answer.core)
    if form.brevity == "yes-no":
        said = _YES.search(answer.brief) or _YES.match(answer.text)
        return said[1].capitalize() if said else answer.text
    text = answer.core if form.brevity in ("answer", "brief") else answer.text
    if form.sentences and "\n" not in text:
        text = " ".join(sentences(text)[: form.sentences])
    return _first_words(text, form.words) if form.words else text


def _one_word(core: str) -> str:
    found = [part.strip(".,;:!?\"'()") for part in core.split()]
    found = [part for part in found if part]
    if not found:
        return core
    # of a name the last part says most, of a quantity the first
    return found[0] if found[0][:1].isdigit() or not found[-1][:1].isupper() else found[-1]


def _first_words(text: str, limit: int) -> str:
    parts = text.split()
    return text if len(parts) <= limit else " ".join(parts[:limit]).rstrip(",;:")


def _arrange(form: Form, text: str) -> str:
    if form.shape not in ("bullets", "numbered", "commas", "lines"):
        return text
    items = _items(text)[: form.items or None]
    if form.shape == "commas":
        return ", ".join(item.rstrip(".") for item in items)
    if form.shape == "lines":
        return "\n".join(items)
    marks = (f"{place}." for place in range(1, len(items) + 1))
    return "\n".join(f"{'-' if form.shape == 'bullets' else next(marks)} {item}" for item in items)


def _items(text: str) -> list[str]:
    lines = _lines(text)
    if len(lines) > 1:
        return [_MARK.sub("", line) for line in lines]
    parts = sentences(text)
    if len(parts) == 1 and text.count(",") >= 2 and len(text) < 60 * text.count(","):
        parts = [part.strip().rstrip(".") for part in text.split(",")]
    return [_MARK.sub("", part) for part in parts]


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _recase(case: str, text: str) -> str:
    if case == "title":
        return " ".join(word[:1].upper() + word[1:].lower() for word in text.split(" "))
    return {"upper": text.upper(), "lower": text.lower()}.get(case, text)


def _frame(form: Form, text: str) -> str:
    start = f"{form.start} " if form.start and not text.startswith(form.start) else ""
    end = f" {form.end}" if form.end and not text.endswith(form.end) else ""
    return f"{start}{text}{end}"
