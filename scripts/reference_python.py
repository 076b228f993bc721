"""The page of public Python names, for `make_reference`: what autodoc cannot find out by itself.

Methods get the signature that Shift-Tab shows. Autodoc would show the annotations of the wrappers
that the two clients make their methods with, and overloads instead of options.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import nexhina_nb
from nexhina_nb import client, errors

CLIENTS = ("Client", "AsyncClient")
# What the functions give back; what the clients do is listed in `nexhina_nb.client`.
RESULTS = (
    "nexhina_nb.pricing.estimate.Estimate",
    "nexhina_nb.analysis.comparison.Comparison",
    "nexhina_nb.analysis.costs.CostReport",
    "nexhina_nb.batch.options.Options",
    "nexhina_nb.analysis.report.Report",
    "nexhina_nb.analysis.report.Totals",
)


def lines() -> Iterator[str]:
    """The page: public names, clients, functions, replies, errors."""
    yield "# Python API\n"
    yield "```python\nimport nexhina_nb as nx\n```\n"
    yield "| Name | What it is |\n|---|---|"
    for name in nexhina_nb.__all__:
        yield f"| `nx.{name}` | {cell(first(getattr(nexhina_nb, name)))} |"
    yield from _public()
    yield "## Replies\n"
    yield "What the clients and functions give back. Each shows itself in a notebook.\n"
    for name in client.__all__:
        if name not in nexhina_nb.__all__:
            yield _class(f"nexhina_nb.client.{name}")
    for path in RESULTS:
        yield _class(path)
    yield from _errors()


def _public() -> Iterator[str]:
    yield "\n## Clients\n"
    for name in CLIENTS:
        yield _class(f"nexhina_nb.{name}", called=True)
    yield "## Functions and widgets\n"
    for name in nexhina_nb.__all__:
        thing = getattr(nexhina_nb, name)
        if inspect.isfunction(thing):
            yield _block(f".. autofunction:: nexhina_nb.{name}{_signature(thing)}")
        elif inspect.isclass(thing) and name not in CLIENTS:
            yield _class(f"nexhina_nb.{name}", called=True)


def _errors() -> Iterator[str]:
    yield "## Errors\n"
    doc = inspect.getdoc(errors) or ""
    summary, tree, rest = doc.split("\n\n", 2)
    yield f"`nexhina_nb.errors`: {summary}\n\n```text\n{tree}\n```\n\n{cell(rest)}\n"
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, errors.NexhinaError):
            yield _block(f".. autoexception:: nexhina_nb.errors.{name}", "   :show-inheritance:")


def _class(path: str, *, called: bool = False) -> str:
    """A class with its own members; with its signature if it is there to be called."""
    module, _, name = path.rpartition(".")
    thing: type = getattr(importlib.import_module(module), name)
    shown = _signature(thing) if called or is_dataclass(thing) else ""
    return _block(f".. autoclass:: {path}{shown}", "", *_members(thing))


def _members(thing: type) -> Iterator[str]:
    own = [base for base in thing.__mro__ if base.__module__.startswith("nexhina_nb.")]
    found = {name: value for base in reversed(own) for name, value in vars(base).items()}
    for name, value in found.items():
        if name.startswith("_") or not inspect.getdoc(value):
            continue
        if inspect.isfunction(value):
            yield f"   .. automethod:: {name}{_signature(value, bound=True)}"
        elif isinstance(value, classmethod):
            yield f"   .. automethod:: {name}{_signature(value.__func__, bound=True)}"
        elif isinstance(value, property) or type(value).__name__ == "cached_property":
            yield f"   .. autoproperty:: {name}"


class _Bare(str):
    """An annotation that is written without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def _signature(thing: Any, *, bound: bool = False) -> str:
    signature = inspect.signature(thing)
    rows = list(signature.parameters.values())[bound:]
    shown = [row.replace(annotation=_bare(row.annotation)) for row in rows]
    returned = inspect.Signature.empty
    if not inspect.isclass(thing):
        returned = _bare(signature.return_annotation)
    return str(signature.replace(parameters=shown, return_annotation=returned))


def _bare(annotation: Any) -> Any:
    return _Bare(annotation) if isinstance(annotation, str) else annotation


def _block(*parts: str) -> str:
    return "\n".join(("```{eval-rst}", *parts, "```\n"))


def first(thing: Any) -> str:
    """The first paragraph of a docstring."""
    return without_sources((inspect.getdoc(thing) or "").partition("\n\n")[0])


def without_sources(text: str) -> str:
    """A docstring without the sections of the contract that it names: they are for contributors."""
    return _SOURCE.sub("", text)


_SOURCE = re.compile(r"\s*\(contract [^)]*\)|[;,] contract \d+(\.\d+)*")


def cell(text: str) -> str:
    """A text as one cell of a table."""
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")
