"""The help pages, made from the declared verbs and options: plain text, like a manual page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from nexhina_nb.magics import verbs
from nexhina_nb.magics.options import Option
from nexhina_nb.magics.verbs import Verb

_WIDTH = 88
_COLUMN = 28
_PARTS = (
    ("Variables", "{{name}} in a prompt, or in the value of an option, inserts a variable; "
     '{{name.attribute}}, {{name[0]}} and {{name["key"]}} work too. A frame becomes a table. '
     "Nothing else in the text is touched."),
    ("Defaults", '%config Nexhina.model = "gpt-4o" sets a default for this kernel, %config Nexhina '
     "lists them. The same names work in nexhina.toml, and as NEXHINA_MODEL in the environment."),
)  # fmt: skip


def manual() -> str:
    """The first page: what ``%nexhina?`` shows."""
    cells, lines = (
        "\n".join(_entry(form.name, form.summary) for form in verbs.forms(is_cell=is_cell))
        for is_cell in (True, False)
    )
    chat, gateway = verbs.VERBS[0], verbs.find("gateway")
    assert gateway is not None
    examples = "\n\n".join((*gateway.examples, *chat.examples[:2]))
    parts = [
        "Ask models, embed, rerank and watch the cost, through a gateway.",
        "%%nexhina [VERB] [OPTION]…     with the text below; VERB is chat unless named\n"
        "%nexhina VERB [OPTION]…        for the verbs that take one line",
        _section("Verbs of cells (%%nexhina)", cells),
        _section("Verbs of lines (%nexhina)", lines),
        *(_section(title, textwrap.fill(text, _WIDTH - 4)) for title, text in _PARTS),
        _section("Examples", examples),
        "`%%nexhina VERB --help` or `%nexhina help VERB` explains a verb and all its options.",
    ]
    return "\n\n".join(parts)


def page(verb: Verb) -> str:
    """The page of one verb; that of a verb of cells goes on with its form in a line."""
    rows = list(verbs.options(verb))
    arguments = [_entry(row.placeholder, row.help) for _, row in rows if not row.flags]
    flags = [_flags(row) for _, row in rows if row.flags]
    parts = [
        f"{verb.name}: {verb.summary}",
        synopsis(verb),
        textwrap.fill(verb.details, _WIDTH),
        _section("Arguments", "\n".join(arguments)),
        _section("Options", "\n".join(flags)),
        _section("Examples", "\n\n".join(verb.examples)),
    ]
    if verb.in_line is not None:
        parts.append(page(verb.in_line))
    return "\n\n".join(part for part in parts if part)


def synopsis(verb: Verb) -> str:
    """``%nexhina gateway start|stop|status [OPTION]…``; of a verb of cells, that of its form in a
    line as well.
    """
    words = [verb.magic, verb.name, *_arguments(verb), "[OPTION]…"]
    lines = [" ".join(words), f"({verb.body})" if verb.body else ""]
    if verb.in_line is not None:
        lines.append(synopsis(verb.in_line))
    return "\n".join(filter(None, lines))


def _arguments(verb: Verb) -> Iterator[str]:
    rows = dict(verbs.options(verb))
    for option in rows.values():
        if option.required:
            either = [option, *(row for name, row in rows.items() if name == option.unless)]
            yield "|".join(map(_usage, either))
        elif not option.flags:
            yield f"[{option.placeholder}]"


def _usage(option: Option) -> str:
    flag = f"{option.flags[-1]} " if option.flags else ""
    return flag + option.placeholder


def _flags(option: Option) -> str:
    return _entry(f"{', '.join(option.flags)} {option.placeholder}".rstrip(), option.help)


def _entry(left: str, right: str) -> str:
    first = f"{left}  ".ljust(_COLUMN)
    if len(first) > _COLUMN:
        first = f"{left}\n{' ' * _COLUMN}"
    lines = textwrap.wrap(right, _WIDTH - 4 - _COLUMN)
    return first + f"\n{' ' * _COLUMN}".join(lines)


def _section(title: str, text: str) -> str:
    return f"{title}:\n{textwrap.indent(text, '    ')}" if text else ""
