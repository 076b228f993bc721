"""A prompt with places for the values of a row: ``{column}``; ``{{`` and ``}}`` are braces."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.client.texts import is_missing
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.pricing.names import suggest

_TOKEN = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]+)\}|(?P<lone>\{)")
_DOUBLE = "write {{ for a brace that is one"


@dataclass(frozen=True, slots=True)
class Template:
    """Texts, and between them the names of columns: one less."""

    texts: Sequence[str]
    names: Sequence[str]

    @classmethod
    def of(cls, prompt: object) -> Template:
        """Raises BadInput for what has no place for a row, or an open brace."""
        if not isinstance(prompt, str):
            hint = 'a text such as "Sum up: {text}"'
            raise BadInput(f"the prompt is {kind_of(prompt)}", hint=hint)
        texts, names, at = [""], list[str](), 0
        for found in _TOKEN.finditer(prompt):
            texts[-1] += prompt[at : found.start()]
            at = found.end()
            if found["lone"]:
                near = prompt[found.start() : found.start() + 20]
                raise BadInput(f"no column is named at {near!r} of the prompt", hint=_DOUBLE)
            if found["brace"]:
                texts[-1] += found["brace"][0]
            else:
                names.append(found["name"])
                texts.append("")
        texts[-1] += prompt[at:]
        if not names:
            raise BadInput(
                "the prompt names no column, so that it would be the same for all rows",
                hint='put one in braces: "Sum up: {text}"',
            )
        return cls(tuple(texts), tuple(names))

    def filled(self, values: Sequence[str]) -> str:
        """The prompt of a row, from the values of `names`."""
        pieces = [self.texts[0]]
        for value, text in zip(values, self.texts[1:], strict=True):
            pieces += (value, text)
        return "".join(pieces)

    def read(self, table: Table) -> Inputs:
        """The different prompts of a frame. Raises BadInput for a column that it does not have."""
        different = list(dict.fromkeys(self.names))
        columns = {name: table.values(_column(table, name)) for name in different}
        inputs = Inputs(np.full(len(table), -1, np.int64))
        places: dict[str, int] = {}
        for row, values in enumerate(zip(*columns.values(), strict=True)):
            found = dict(zip(different, values, strict=True))
            self._take(row, found, inputs, places)
        return inputs

    def _take(
        self, row: int, values: Mapping[str, Any], inputs: Inputs, places: dict[str, int]
    ) -> None:
        if why := _problem(values):
            inputs.bad[row] = why
            return
        prompt = self.filled([written(values[name]) for name in self.names])
        try:
            size = len(prompt.encode())
        except UnicodeEncodeError:
            inputs.bad[row] = "not_a_text: half a character (a lone surrogate) is in it"
            return
        if prompt not in places:
            places[prompt] = len(inputs.texts)
            inputs.texts.append(prompt)
            inputs.sizes.append(size)
        inputs.place[row] = places[prompt]


def written(value: Any) -> str:
    """A value as it stands in a prompt: lists and structs as JSON, all else as Python prints it."""
    if isinstance(value, (list, tuple, dict, np.ndarray)):
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        return json.dumps(plain, ensure_ascii=False, default=str)
    return value if isinstance(value, str) else str(value)


def literal(text: str) -> str:
    """A text so that a template has it as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _problem(values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        if is_missing(value):
            return f"missing: there is no {name!r}"
        if isinstance(value, bytes):
            return f"not_a_text: {name!r} holds bytes"
    if all(isinstance(value, str) and not value.strip() for value in values.values()):
        return "empty: there is nothing to ask about"
    return ""


def _column(table: Table, name: str) -> Any:
    """The column as the frame calls it: pandas also has names that are numbers, or tuples."""
    columns = table.names
    called = {_label(column): column for column in reversed(columns)}
    if name in columns or name in called:
        return name if name in columns else called[name]
    near = suggest(name, list(called))
    known = f"columns: {', '.join(called) or 'none'}; {_DOUBLE}"
    hint = f"did you mean {' or '.join(near)}? {known}" if near else known
    raise BadInput(f"the frame has no column {name!r}, which the prompt names", hint=hint)


def _label(column: Any) -> str:
    if isinstance(column, tuple):
        parts = [str(part) for part in column if part != ""]
        return parts[0] if len(parts) == 1 else str(column)
    return str(column)
