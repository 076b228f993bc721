"""The operations of a channel's ``param_override`` (contract 6.7), one function a mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.upstreams import json_paths as paths

Operation = Mapping[str, Any]


class Refused(APIError):
    """The error that a channel's ``return_error`` tells the caller; no other channel is asked if
    ``is_final``.
    """

    is_final = True


@dataclass(slots=True)
class Draft:
    """A call while it is edited: its body, the headers that the channel sends with it, those of
    the caller, and what conditions may ask of beside the body.
    """

    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    callers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


def carry_out(operation: Operation, draft: Draft) -> bool:
    """Carry out one operation, if its conditions hold. Raises Refused, and ValueError, TypeError
    or KeyError for an operation that makes no sense.
    """
    conditions = operation.get("conditions") or []
    if conditions:
        holds = (_holds(condition, draft) for condition in conditions)
        is_all = str(operation.get("logic", "OR")).upper() == "AND"
        if not (all(holds) if is_all else any(holds)):
            return False
    _MODES[operation.get("mode", "set")](operation, draft)
    return True


def _holds(condition: Mapping[str, Any], draft: Draft) -> bool:
    found = paths.values(draft.body, condition["path"])
    if not found:
        found = paths.values(draft.context, condition["path"])
    if not found:
        return bool(condition.get("pass_missing_key", False))
    test = _TESTS[condition.get("mode", "full")]
    return test(found[0], condition.get("value")) != bool(condition.get("invert", False))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "full": lambda found, value: bool(found == value),
    "prefix": lambda found, value: _text(found).startswith(_text(value)),
    "suffix": lambda found, value: _text(found).endswith(_text(value)),
    "contains": lambda found, value: _text(value) in _text(found),
    "gt": lambda found, value: float(found) > float(value),
    "gte": lambda found, value: float(found) >= float(value),
    "lt": lambda found, value: float(found) < float(value),
    "lte": lambda found, value: float(found) <= float(value),
}


def _set(operation: Operation, draft: Draft) -> None:
    for node, name in list(paths.places(draft.body, operation["path"], make=True)):
        if not operation.get("keep_origin") or paths.member(node, name) is paths.MISSING:
            paths.put(node, name, deepcopy(operation["value"]))


def _delete(operation: Operation, draft: Draft) -> None:
    paths.drop(draft.body, operation["path"])


def _copy(operation: Operation, draft: Draft) -> None:
    found = paths.values(draft.body, operation["from"])
    if found:
        value = {"path": operation["to"], "value": found[0], **_keep(operation)}
        _set(value, draft)


def _move(operation: Operation, draft: Draft) -> None:
    _copy(operation, draft)
    if operation["from"] != operation["to"]:
        _delete({"path": operation["from"]}, draft)


def _keep(operation: Operation) -> dict[str, Any]:
    return {"keep_origin": operation.get("keep_origin", False)}


def _added(before: Any, value: Any, *, is_first: bool, keep: bool) -> Any:
    if isinstance(before, str):
        return f"{value}{before}" if is_first else f"{before}{value}"
    if isinstance(before, list):
        more = list(value) if isinstance(value, list) else [value]
        return more + before if is_first else before + more
    if isinstance(before, dict) and isinstance(value, dict):
        return {**value, **before} if keep else {**before, **value}
    return value


def _add(operation: Operation, draft: Draft) -> None:
    is_first = operation["mode"] == "prepend"
    keep, value = bool(operation.get("keep_origin")), operation["value"]
    for node, name in list(paths.places(draft.body, operation["path"], make=True)):
        before = paths.member(node, name)
        paths.put(node, name, _added(before, deepcopy(value), is_first=is_first, keep=keep))


def _on_text(change: Callable[[str, Operation], str]) -> Callable[[Operation, Draft], None]:
    def changed(operation: Operation, draft: Draft) -> None:
        for node, name in list(paths.places(draft.body, operation["path"])):
            text = paths.member(node, name)
            if isinstance(text, str):
                paths.put(node, name, change(text, operation))

    return changed


def _prefixed(text: str, operation: Operation) -> str:
    return text if text.startswith(operation["value"]) else operation["value"] + text


def _suffixed(text: str, operation: Operation) -> str:
    return text if text.endswith(operation["value"]) else text + operation["value"]


def _prune(operation: Operation, draft: Draft) -> None:
    wanted = operation["value"]
    marks = wanted if isinstance(wanted, dict) else {"type": wanted}
    path = operation.get("path")
    for node in paths.values(draft.body, path) if path else [draft.body]:
        _prune_in(node, marks)


def _prune_in(node: Any, marks: Mapping[str, Any]) -> None:
    if isinstance(node, list):
        node[:] = [item for item in node if not _is_marked(item, marks)]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        _prune_in(child, marks)


def _is_marked(item: Any, marks: Mapping[str, Any]) -> bool:
    return isinstance(item, dict) and all(item.get(name) == mark for name, mark in marks.items())


def _return_error(operation: Operation, _: Draft) -> None:
    told = operation["value"]
    told = told if isinstance(told, dict) else {"message": str(told)}
    error = Refused(
        str(told["message"]),
        status=int(told.get("status_code", 400)),
        code=told.get("code"),
        type=told.get("type", "invalid_request_error"),
    )
    error.is_final = bool(told.get("skip_retry", True))
    raise error


def _set_header(operation: Operation, draft: Draft) -> None:
    name = str(operation["path"]).lower()
    if not (operation.get("keep_origin") and name in draft.headers):
        draft.headers[name] = str(operation["value"])


def _delete_header(operation: Operation, draft: Draft) -> None:
    draft.headers.pop(str(operation["path"]).lower(), None)


def _copy_header(operation: Operation, draft: Draft) -> None:
    source = str(operation["from"]).lower()
    found = draft.headers.get(source, draft.callers.get(source))
    if found is not None:
        _set_header({"path": operation["to"], "value": found, **_keep(operation)}, draft)


def _move_header(operation: Operation, draft: Draft) -> None:
    _copy_header(operation, draft)
    _delete_header({"path": operation["from"]}, draft)


def _pass_headers(operation: Operation, draft: Draft) -> None:
    names = operation["value"]
    for name in [names] if isinstance(names, str) else names:
        _copy_header({**operation, "from": name, "to": name}, draft)


def _sync(operation: Operation, draft: Draft) -> None:
    """Whichever of two places is empty gets what is in the other: "json:path", "header:name"."""
    pair = str(operation["from"]), str(operation["to"])
    held = [_held(place, draft) for place in pair]
    for here, there in ((0, 1), (1, 0)):
        if held[here] is None and held[there] is not None:
            kind, _, name = pair[here].rpartition(":")
            write = _set_header if kind == "header" else _set
            write({"path": name, "value": held[there]}, draft)
            return


def _held(place: str, draft: Draft) -> Any:
    kind, _, name = place.rpartition(":")
    if kind == "header":
        return draft.headers.get(name.lower(), draft.callers.get(name.lower()))
    return next(iter(paths.values(draft.body, name)), None)


_MODES: dict[str, Callable[[Operation, Draft], None]] = {
    "set": _set, "delete": _delete, "move": _move, "copy": _copy, "prepend": _add, "append": _add,
    "trim_prefix": _on_text(lambda text, op: text.removeprefix(op["value"])),
    "trim_suffix": _on_text(lambda text, op: text.removesuffix(op["value"])),
    "ensure_prefix": _on_text(_prefixed),
    "ensure_suffix": _on_text(_suffixed),
    "trim_space": _on_text(lambda text, _: text.strip()),
    "to_lower": _on_text(lambda text, _: text.lower()),
    "to_upper": _on_text(lambda text, _: text.upper()),
    "replace": _on_text(lambda text, op: text.replace(op["from"], op.get("to", ""))),
    "regex_replace": _on_text(lambda text, op: re.sub(op["from"], op.get("to", ""), text)),
    "prune_objects": _prune, "return_error": _return_error, "set_header": _set_header,
    "delete_header": _delete_header, "copy_header": _copy_header, "move_header": _move_header,
    "pass_headers": _pass_headers, "sync_fields": _sync,
}  # fmt: skip
