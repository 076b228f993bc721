"""A channel as the wire has it (contract 6.1), to a stored one and back. Its key goes neither
way.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.providers import type_of
from nexhina_nb.store.channels import Channel
from nexhina_nb.store.terms import names

_TEXTS = (
    "name", "tag", "remark", "openai_organization", "test_model", "other", "setting", "settings",
    "param_override", "header_override", "status_code_mapping",
)  # fmt: skip
_JSON = ("param_override", "header_override", "status_code_mapping", "setting", "settings")
_SAME = (
    "id", "name", "status", "weight", "priority", "tag", "remark", "openai_organization",
    "test_model", "created_time", "test_time", "response_time", "balance",
    "balance_updated_time", "base_url", "used_quota", "other", "other_info", "setting",
    "settings", "param_override", "header_override", "status_code_mapping",
)  # fmt: skip
# Characters, as many as the store has room for.
_LONGEST = {
    "name": 64, "tag": 64, "openai_organization": 128, "test_model": 255, "remark": 255,
    "group": 255, "groups": 255, "status_code_mapping": 1024,
}  # fmt: skip
_LONGEST_TEXT = 100_000
_NUMBERS = ("weight", "priority", "status")
_LARGEST = 2**31 - 1


def shown(channel: Channel, size: int) -> dict[str, Any]:
    """The record of the wire; ``size`` is the number of its keys."""
    states = channel.key_states
    info = {
        "is_multi_key": size > 1,
        "multi_key_size": size if size > 1 else 0,
        "multi_key_status_list": {str(i): row.get("status", 3) for i, row in states.items()},
        "multi_key_disabled_reason": {str(i): row.get("reason", "") for i, row in states.items()},
        "multi_key_disabled_time": {str(i): row.get("time", 0) for i, row in states.items()},
        "multi_key_polling_index": 0,
        "multi_key_mode": channel.multi_key_mode or "random",
    }
    return {name: getattr(channel, name) for name in _SAME} | {
        "type": channel.code,
        "models": ",".join(channel.models),
        "group": ",".join(channel.groups),
        "model_mapping": json.dumps(dict(channel.mapping)) if channel.mapping else "",
        "auto_ban": int(channel.auto_ban),
        "channel_info": info,
    }


def changed(channel: Channel, body: Mapping[str, Any]) -> Channel:
    """The channel with what a body says; what is absent stays. Raises BadInput."""
    changes: dict[str, Any] = {name: _text(body, name) for name in _TEXTS if name in body}
    for name in _JSON:
        _object(changes.get(name, ""), name)
    given = {name for name, value in body.items() if value is not None}
    changes |= {name: _whole(body, name) for name in _NUMBERS if name in given}
    if changes.get("status", 1) not in (1, 2, 3):
        raise BadInput("the status of a channel is 1, 2 or 3")
    if "auto_ban" in given:
        changes["auto_ban"] = bool(body["auto_ban"])
    return replace(channel, **changes, **_where(body, given))


def _where(body: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """Where a channel leads, for which models and groups."""
    changes: dict[str, Any] = {}
    if "type" in given:
        code = _whole(body, "type")
        changes |= {"code": code, "type": type_of(code)}
    if "base_url" in body:
        changes["base_url"] = _text(body, "base_url").rstrip("/")
    if "models" in body:
        changes["models"] = names(_text(body, "models"))
    for name in ("groups", "group"):  # contract 10.10: both are taken
        if name in given:
            value = body[name]
            text = ",".join(map(str, value)) if isinstance(value, list) else value
            changes["groups"] = names(_text({name: text}, name))
    if "model_mapping" in body:
        changes["mapping"] = _mapping(_text(body, "model_mapping"))
    return changes


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"'{name}' is a text")
    text, most = value or "", _LONGEST.get(name, _LONGEST_TEXT)
    if len(text) > most:
        raise BadInput(f"'{name}' has at most {most} characters")
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadInput(f"'{name}' has characters that cannot be stored")
    return text


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise BadInput(f"'{name}' is a whole number")
    return value


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BadInput(f"'{name}' is a JSON object in a text")
    return value


def _mapping(text: str) -> dict[str, str]:
    mapping = _object(text, "model_mapping")
    if not all(isinstance(name, str) for name in mapping.values()):
        raise BadInput("'model_mapping' leads from names to names")
    return mapping
