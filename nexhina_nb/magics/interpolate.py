"""``{{name}}`` in a prompt → the variable's value. Nothing else in the text is touched.

Names may go on with attributes and simple indexes: ``{{user.name}}``, ``{{rows[0]}}``,
``{{prices["tea"]}}``. Whatever else stands between braces, such as JSON, code or ``{{ a + b }}``,
is left alone; a name that does not exist is an error and never an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.magics.frames import as_markdown, is_frame
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.nearest import nearest

_STEP = r"""\.[^\W\d]\w*|\[(?:-?\d+|"[^"\]\n]*"|'[^'\]\n]*')\]"""
_PLACE = re.compile(rf"\{{\{{[ \t]*([^\W\d]\w*)((?:{_STEP})*)[ \t]*\}}\}}")
_STEPS = re.compile(_STEP)


def interpolate(text: str, names: Names, written: Callable[[str], str] = str) -> str:
    """The text with its variables in place, each as it is ``written``. Raises BadInput for a name,
    attribute or index that does not exist.
    """
    return _PLACE.sub(lambda match: written(_shown(_value(match, names))), text)


def _value(match: re.Match[str], names: Names) -> Any:
    name, steps = match.groups()
    try:
        value = names[name]
    except BadInput as error:
        hint = f"{error.hint} (--verbatim leaves braces alone)"
        raise BadInput(f"{match[0]}: {error.message}", hint=hint) from None
    for step in _STEPS.findall(steps):
        value = _step(value, step, match[0])
    return value


def _step(value: Any, step: str, place: str) -> Any:
    if step.startswith("."):
        try:
            return getattr(value, step[1:])
        except AttributeError:
            known = [name for name in dir(value) if not name.startswith("_")]
            hint = nearest(step[1:], known, "attributes")
            raise BadInput(f"{place}: there is no {step}", hint=hint) from None
    inner = step[1:-1]
    key: Any = inner[1:-1] if inner[0] in "\"'" else int(inner)
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        known = [str(name) for name in value] if isinstance(value, dict) else []
        hint = nearest(str(key), known, "keys") if known else f"it is {kind_of(value)}"
        raise BadInput(f"{place}: there is no {step}", hint=hint) from None


def _shown(value: Any) -> str:
    return as_markdown(value) if is_frame(value) else str(value)
