"""Dotted paths into JSON: ``messages.-1.content``, ``tools.*.function.strict`` (contract 6.7).

A step is a name, an index (negative ones count from the end) or ``*`` for every member. ``\\.`` is
a dot in a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_DOT = re.compile(r"(?<!\\)\.")
_INDEX = re.compile(r"-?\d+")
MISSING: Any = object()


def steps_of(path: str) -> list[str]:
    """The steps of a path."""
    return [step.replace("\\.", ".") for step in _DOT.split(path)]


def places(root: Any, path: str, *, make: bool = False) -> Iterator[tuple[Any, Any]]:
    """Each container that a path leads into, with the name or index of its member there, which
    need not exist. With ``make`` objects that are missing on the way are made.
    """
    *way, last = steps_of(path)
    nodes = [root]
    for step in way:
        nodes = [child for node in nodes for child in _children(node, step, make)]
    for node in nodes:
        for name in _names(node, last):
            yield node, name


def values(root: Any, path: str) -> list[Any]:
    """Every value that a path leads to."""
    found = (member(node, name) for node, name in places(root, path))
    return [value for value in found if value is not MISSING]


def member(node: Any, name: Any) -> Any:
    """What is in a container under a name or index; MISSING if nothing is."""
    if isinstance(node, dict):
        return node.get(name, MISSING)
    return node[name] if -len(node) <= name < len(node) else MISSING


def put(node: Any, name: Any, value: Any) -> None:
    """Write a member; one past the end of a list is added to it, further ones are left out."""
    if isinstance(node, dict) or -len(node) <= name < len(node):
        node[name] = value
    elif name == len(node):
        node.append(value)


def drop(root: Any, path: str) -> None:
    """Take out all that a path leads to."""
    # Backwards, so that the indexes that are still to come stay right.
    for node, name in reversed(list(places(root, path))):
        if member(node, name) is not MISSING:
            del node[name]


def _children(node: Any, step: str, make: bool) -> Iterator[Any]:
    for name in _names(node, step):
        child = member(node, name)
        if child is MISSING and make and isinstance(node, dict):
            child = node[name] = {}
        if isinstance(child, (dict, list)):
            yield child


def _names(node: Any, step: str) -> list[Any]:
    if isinstance(node, dict):
        return list(node) if step == "*" else [step]
    if isinstance(node, list):
        if step == "*":
            return list(range(len(node)))
        return [int(step)] if _INDEX.fullmatch(step) else []
    return []
