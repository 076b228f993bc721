"""Tells an instruction from the list that it is about, so that no line of a list gives orders."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nexhina_nb.engines.chat.payload import INSTRUCTION, fenced

_MARK = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,4}[.)])\s+")
_TABLE_LINE = re.compile(r"[|\t{}<>]|^\s*(?:```|\"\"\")|^[^,;\s]{1,40}(?:[,;][^,;]{1,40}){2,}$")
_LABELLED = re.compile(r"^[\w ]{1,30}[:：](?:\s|$)")
_LONGEST_ORDER = 600
_MOST_ITEMS = 5_000


@dataclass(frozen=True, slots=True)
class Work:
    """An order and the entries below or above it; ``marks`` are their bullets or numbers, empty for
    bare lines.
    """

    order: str
    items: tuple[str, ...]
    marks: tuple[str, ...]

    def bullet(self, at: int) -> str:
        """The mark of an entry, to write it back; a dash where it had none."""
        return self.marks[at] or "-"


def split(task: str) -> Work | None:
    """The order and the list of a task; None where the task is no order with a list of two or more
    entries.
    """
    lines = [line for line in task.splitlines() if line.strip()]
    if len(lines) < 2 or fenced(task):
        return None
    return _marked(lines) or _bare(lines)


def items_of(text: str) -> tuple[str, ...]:
    """The entries of a text whose lines are all marked; empty for any other text."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not all(_MARK.match(line) for line in lines):
        return ()
    return tuple(_MARK.sub("", line).strip() for line in lines[:_MOST_ITEMS])


def order_of(task: str) -> str:
    """What is asked, without the list that it is asked of; the whole task where there is none."""
    work = split(task)
    return work.order if work else task


def _marked(lines: list[str]) -> Work | None:
    """Lines with bullets or numbers, in one run; whatever stands around them is the order."""
    places = [at for at, line in enumerate(lines) if _MARK.match(line)]
    if len(places) < 2 or places[-1] - places[0] != len(places) - 1:
        return None
    order = "\n".join((*lines[: places[0]], *lines[places[-1] + 1 :])).strip()
    if not order or len(order) > _LONGEST_ORDER:
        return None
    held = [lines[at] for at in places[:_MOST_ITEMS]]
    marks = tuple(match[0].strip() for line in held if (match := _MARK.match(line)))
    return Work(order, tuple(_MARK.sub("", line).strip() for line in held), marks)


def _bare(lines: list[str]) -> Work | None:
    """An order that ends with a colon or a question mark, and bare lines below it."""
    order, held = lines[0].strip(), [line.strip() for line in lines[1 : _MOST_ITEMS + 1]]
    if len(held) < 2 or len(order) > _LONGEST_ORDER or not order.endswith((":", "?", "：", "？")):
        return None
    if not INSTRUCTION.search(order) or any(
        _TABLE_LINE.search(line) or _LABELLED.match(line) for line in held
    ):
        return None
    return Work(order, tuple(held), ("",) * len(held))
