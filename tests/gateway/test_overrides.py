"""What a channel changes of a call (contract 6.7 and 6.8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexhina_nb.errors import ServiceUnavailable
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.overrides import Facts, Refused, mapped_status, overridden
from nexhina_nb.store.channels import Channel

CALLER = {"X-Trace": "t1", "Authorization": "Bearer sk-callers", "Cookie": "a=1"}


def channel(**fields: Any) -> Channel:
    texts = {name: v if isinstance(v, str) else json.dumps(v) for name, v in fields.items()}
    return Channel("c", "openai", ("m",), "https://host/v1", **texts)  # type: ignore[arg-type]


def sent(body: dict[str, Any], path: str = "/chat/completions", **fields: Any) -> Call:
    return overridden(channel(**fields), Call(path, body), Facts(headers=CALLER, model="m"))[0]


def edited(body: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    return sent(body, param_override={"operations": list(operations)}).body


def test_the_simple_form_sets_each_path() -> None:
    body = {"a": [{"b": 1}]}
    assert sent(body, param_override={"a.-1.b": 2, "c.d": True}).body == {
        "a": [{"b": 2}],
        "c": {"d": True},
    }
    assert body == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ({"mode": "set", "path": "t", "value": "z", "keep_origin": True}, {"t": " Ab ", "l": [1]}),
        ({"mode": "delete", "path": "l.0"}, {"t": " Ab ", "l": []}),
        ({"mode": "move", "from": "l", "to": "k"}, {"t": " Ab ", "k": [1]}),
        ({"mode": "copy", "from": "l", "to": "k"}, {"t": " Ab ", "l": [1], "k": [1]}),
        ({"mode": "prepend", "path": "l", "value": 0}, {"t": " Ab ", "l": [0, 1]}),
        ({"mode": "append", "path": "t", "value": "c"}, {"t": " Ab c", "l": [1]}),
        ({"mode": "trim_prefix", "path": "t", "value": " A"}, {"t": "b ", "l": [1]}),
        ({"mode": "trim_suffix", "path": "t", "value": "b "}, {"t": " A", "l": [1]}),
        ({"mode": "ensure_prefix", "path": "t", "value": "x"}, {"t": "x Ab ", "l": [1]}),
        ({"mode": "ensure_suffix", "path": "t", "value": " "}, {"t": " Ab ", "l": [1]}),
        ({"mode": "trim_space", "path": "t"}, {"t": "Ab", "l": [1]}),
        ({"mode": "to_lower", "path": "*"}, {"t": " ab ", "l": [1]}),
        ({"mode": "to_upper", "path": "t"}, {"t": " AB ", "l": [1]}),
        ({"mode": "replace", "path": "t", "from": "A", "to": "b"}, {"t": " bb ", "l": [1]}),
        ({"mode": "regex_replace", "path": "t", "from": "[A-Z]", "to": ""}, {"t": " b ", "l": [1]}),
    ],
    ids=lambda value: value.get("mode", "") if isinstance(value, dict) else "",
)
def test_every_mode(operation: dict[str, Any], after: dict[str, Any]) -> None:
    assert edited({"t": " Ab ", "l": [1]}, operation) == after


def test_objects_are_pruned_at_any_depth() -> None:
    body = {"messages": [{"content": [{"type": "thinking"}, {"type": "text"}]}]}
    after = edited(body, {"mode": "prune_objects", "value": "thinking"})
    assert after == {"messages": [{"content": [{"type": "text"}]}]}


@pytest.mark.parametrize(("logic", "is_set"), [("OR", True), ("AND", False)])
def test_conditions(logic: str, is_set: bool) -> None:
    conditions = [
        {"path": "original_model", "mode": "prefix", "value": "m"},
        {"path": "n", "mode": "gt", "value": 5},
    ]
    operation = {"path": "x", "value": 1, "conditions": conditions, "logic": logic}
    assert ("x" in edited({"n": 3}, operation)) is is_set


def test_a_channel_may_refuse() -> None:
    with pytest.raises(Refused) as refused:
        edited({}, {"mode": "return_error", "value": {"message": "no", "status_code": 418}})
    assert (refused.value.status_code, refused.value.is_final) == (418, True)


@pytest.mark.parametrize("text", ["{", "[]", {"operations": [{"mode": "unknown"}]}])
def test_an_override_that_makes_no_sense_is_the_channels_fault(text: Any) -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        sent({}, param_override=text)
    assert refused.value.code == "channel:param_override_invalid"


def test_headers_never_pass_the_callers_credentials() -> None:
    call = sent(
        {}, header_override={"*": "", "X-API-Key": "{api_key}", "X-T": "<{client_header:X-Trace}>"}
    )
    assert call.own_headers == {"x-trace": "t1", "x-api-key": "{api_key}", "x-t": "<t1>"}
    stolen = {"operations": [{"mode": "pass_headers", "value": ["authorization", "cookie"]}]}
    assert sent({}, param_override=stolen).own_headers == {}


def test_the_key_goes_into_no_header_that_may_come_back() -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        sent({}, header_override={"X-Request-Id": "{api_key}"})
    assert refused.value.code == "channel:header_override_invalid"


def test_a_header_cannot_end_its_line() -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        sent({}, header_override={"X-A": "a\r\nX-B: b"})
    assert refused.value.code == "channel:header_override_invalid"


def test_what_costs_more_is_left_out_unless_it_is_allowed() -> None:
    body = {"service_tier": "priority", "store": True, "stream_options": {"include_usage": True}}
    assert "service_tier" not in sent(body).body
    assert sent(body, settings={"allow_service_tier": True}).body == body
    assert "store" not in sent(body, settings={"disable_store": True}).body
    assert sent({"speed": 1.5}, "/audio/speech").body == {"speed": 1.5}


def test_a_status_can_count_as_another() -> None:
    row = channel(status_code_mapping={"400": "503", "404": 200})
    assert [mapped_status(row, status) for status in (400, 404, 500)] == [503, 404, 500]
