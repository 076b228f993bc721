"""Work on given tables: convert, build, look up, add up, sort and filter."""

from __future__ import annotations

import json
import re

from nexhina_nb.engines.chat import grid, prose
from nexhina_nb.engines.chat.grid import Grid
from nexhina_nb.engines.chat.items import parse as parse_items
from nexhina_nb.engines.chat.material import order_of, split
from nexhina_nb.engines.chat.payload import fenced, given
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills import columns

_FORMAT = re.compile(
    r"\b(?:to|as|into|in|a|an|create|make|the|valid)\s+(?:a |an |valid |github |"
    r"proper )?(markdown|md|csv|json|html)\b|^(csv|json|markdown)\b",
    re.I,
)
_TABLE = re.compile(r"\b(?:table|spreadsheet|tabular)\b", re.I)
_COLUMNS = re.compile(
    r"\b(?:columns?|headers?|fields?|headings?)\b\s*(?:named|called|are|:|"
    r"of)?\s*:?\s*([\w ,&\"'/-]{2,200}?)(?=\s*(?:[:.;\n]|$|\bwith\b|\bfrom\b|\bfor\b|"
    r"\band (?:the )?rows?\b|\brows?\b))",
    re.I,
)

_MAKES = re.compile(
    r"\b(?:convert|make|turn|create|format|show|put|render|build|arrange|write|as|into)\b", re.I
)
_BEFORE_ROWS = re.compile(
    r"^[\s:.]*(?:(?:for|from|with|of|out of|using|and)\b\s*)?(?:the )?(?:following )?(?:rows?\b)?"
    r"(?:these|this)?[\s:]*",
    re.I,
)
_CONDITION = re.compile(
    r"\b(?:where|with|whose|having|have|has|filter)\b[^?\n]{0,60}?(?:\b(over|above|greater than|"
    r"more than|under|below|less than|at least|at most|is(?! (?:over|above|greater|more|under|"
    r"below|less|at))|equals?)\b|([<>]=?|=))\s*[\"'“]?([\w.-]{1,40})",
    re.I,
)
_COMPARES = re.compile(
    r"\b(?:over|above|(?:greater|more|less|fewer) than|under|below|at least|at most|equals?)\b|"
    r"[<>=]",
    re.I,
)
_NUMBER = re.compile(r"(?:number|no\.?|nr\.?|#|id|position|index|n)", re.I)
_LONGEST_ITEM = 6  # words; more is prose
_NO_COLUMNS = (
    "I cannot see columns in this text. Name the columns, or write one row a line with commas "
    "between the cells."
)


def answer(prompt: Prompt) -> Answer | None:
    """Does to the table what the task says; builds one from given rows."""
    task = prompt.task
    if len(task) > 120_000:
        return None
    table, order = _find(prompt)
    if table is None:
        return _build(prompt)
    asked = _asked(table, order)
    if asked is not None:
        return asked
    for act in (_sort, _filter, columns.lookup):
        done = act(table, order)
        if done is not None:
            return (
                done
                if isinstance(done, Answer)
                else Answer(grid.write(done, _target(prompt, order) or done.source))
            )
    wanted = _target(prompt, order)
    return Answer(grid.write(table, wanted)) if wanted else None


def _asked(table: Grid, order: str) -> Answer | None:
    """A total, an extreme or a count, of the rows that meet the condition where there is one."""
    told = _CONDITION.search(order)
    kept = _filter(table, order)
    rest = order.replace(told[0], " ") if told and kept else order
    if kept is None and _COMPARES.search(order) and columns.count(table, order):
        return Answer("I do not know which rows meet that condition: name the column.", "unknown")
    if kept is not None and columns.count(table, order):
        many = len(kept.rows)
        return Answer(f"{many} of the {len(table.rows)} rows.", str(many))
    return columns.aggregate(kept or table, rest) or columns.count(table, order)


def _find(prompt: Prompt) -> tuple[Grid | None, str]:
    """The table of the task, else of an earlier turn; and the order without it."""
    for text in (fenced(prompt.task), given(prompt.task), prompt.task):
        found = grid.parse(text) if text and ("\n" in text or "{" in text) else None
        if found:
            return found, prompt.task.replace(text, " ") if text != prompt.task else _prose(
                prompt.task
            )
    for turn in reversed(prompt.turns):
        found = (
            grid.parse(fenced(turn.text) or given(turn.text) or turn.text)
            if "\n" in turn.text or "{" in turn.text
            else None
        )
        if found:
            return found, prompt.task
    return None, prompt.task


def _prose(task: str) -> str:
    return "\n".join(
        line for line in task.splitlines() if not re.search(r"[|\t]|,.*,|^\s*[\[{]", line)
    )[:1_000]


def _target(prompt: Prompt, order: str) -> str:
    match = _FORMAT.search(order)
    if match:
        name = (match[1] or match[2]).lower()
        return {"md": "markdown"}.get(name, name)
    if prompt.form.shape == "json":
        return "json"
    return (
        "markdown"
        if _TABLE.search(order)
        and re.search(
            r"\b(?:convert|make|turn|create|format|show|as|to|into|build|put|render)\b", order, re.I
        )
        else ""
    )


def _build(prompt: Prompt) -> Answer | None:
    """A table from columns and rows that the task spells out: 'columns name, age: Ada, 36; Bob,
    25'.
    """
    task, order = prompt.task, order_of(prompt.task)
    wanted = _target(prompt, order)
    if not wanted and not _TABLE.search(order):
        return None
    named = _COLUMNS.search(order)
    asked = bool(_TABLE.search(order))
    made = _named(task, order, named) if named else _unnamed(given(task), asked)
    if made and wanted == "json" and len(made.rows) == 1:
        values = map(grid.value, made.rows[0])
        return Answer(json.dumps(dict(zip(made.header, values, strict=True)), ensure_ascii=False))
    if made:
        return Answer(grid.write(made, wanted or "markdown"))
    if given(task) and asked and _MAKES.search(order):
        return Answer(prompt.phrase(_NO_COLUMNS), "unknown")
    return None


def _named(task: str, order: str, named: re.Match[str]) -> Grid | None:
    """A table under the columns that the task names."""
    header = tuple(
        name.strip(" \"'") for name in re.split(r",|\band\b|&", named[1]) if name.strip()
    )
    work = split(task)
    text = "\n".join(work.items) if work else _BEFORE_ROWS.sub("", order[named.end() :])
    if work and len(header) == 2 and _NUMBER.fullmatch(header[0]):
        return Grid(header, tuple((str(at), item) for at, item in enumerate(work.items, 1)))
    made = prose.table(text, header) if len(header) > 1 else None
    if made:
        return made
    rows = _rows(text)
    if rows and all(len(row) == len(header) for row in rows):
        return Grid(header, tuple(rows))
    if work and len(header) == 1:
        return Grid(header, tuple((item,) for item in work.items))
    return None


def _unnamed(text: str, asked: bool) -> Grid | None:
    """A table of pairs or of a plain list; of prose only where its facts can be told apart."""
    told = prose.table(text)
    rows = _rows(text)
    if told or not rows:
        return told
    if all(len(row) == 2 for row in rows) and re.search(r":|=", text):
        return Grid(("Key", "Value"), tuple(rows))
    short = all(len(row) == 1 and len(row[0].split()) <= _LONGEST_ITEM for row in rows)
    return Grid(("Item",), tuple(rows)) if asked and short and len(rows) > 1 else None


def _rows(text: str) -> list[tuple[str, ...]]:
    lines = [line for line in re.split(r"\n|;", text) if line.strip()]
    if len(lines) == 1:
        lines = re.findall(r"\(([^()]{1,200})\)", text) or lines
        pairs = [part for part in re.split(r"\s*,\s*", lines[0]) if part.strip()] if lines else []
        if len(pairs) > 1 and all(re.search(r"\w\s*[:=]\s*\S", part) for part in pairs):
            lines = pairs
    found = []
    for line in lines[:500]:
        cells = re.split(r"\s*[,|\t]\s*|\s*:\s+|\s*=\s*|\s+(?:is|-|–)\s+", line.strip(" -*•.|()"))
        found.append(tuple(cell.strip(" \"'") for cell in cells if cell.strip()))
    if len(found) == 1 and len(found[0]) > 2:
        return [(value,) for value in parse_items(text).values]
    return found


def _sort(table: Grid, order: str) -> Grid | None:
    if not re.search(r"\b(?:sort(?:ed)?|order(?:ed)? by|rank(?:ed)?)\b", order, re.I):
        return None
    at = columns.column_in(table, order) or 0
    down = bool(
        re.search(
            r"\bdesc\b|descend|decreas|high(?:est)? to low|largest first|highest first|reverse",
            order,
            re.I,
        )
    )
    numeric = all(columns.number(row[at]) is not None for row in table.rows)
    rows = sorted(
        table.rows,
        key=lambda row: (columns.number(row[at]) or 0, "") if numeric else (0, row[at].casefold()),
        reverse=down,
    )
    return Grid(table.header, tuple(rows), table.source)


def _filter(table: Grid, order: str) -> Grid | None:
    match = _CONDITION.search(order)
    at = columns.column_in(table, match[0] if match else order)
    if match is None or at is None:
        return None
    kept = [row for row in table.rows if _passes(row[at], (match[1] or match[2]).lower(), match[3])]
    return Grid(table.header, tuple(kept), table.source)


def _passes(cell: str, test: str, wanted: str) -> bool:
    left, right = columns.number(cell), columns.number(wanted)
    if test in ("is", "=", "equal", "equals") or left is None or right is None:
        return cell.casefold() == wanted.casefold()
    if test in ("over", "above", "greater than", "more than", ">"):
        return left > right
    if test in ("at least", ">="):
        return left >= right
    return left <= right if test in ("at most", "<=") else left < right
