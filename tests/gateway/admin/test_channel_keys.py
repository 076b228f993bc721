"""Keys and records of channels: keys lie in files for their owner, and in no record."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.channel_forms import changed, shown
from nexhina_nb.gateway.admin.channel_keys import (
    FOLDER,
    drop_keys,
    keep_keys,
    keys_at,
    parse_keys,
    preview,
)
from nexhina_nb.secret import Secret
from nexhina_nb.store.channels import Channel

CANARY = "sk-canary-0123456789abcdef"
BASE = Channel(name="one", type="openai", models=("m",), base_url="http://host/v1")


def test_keys_are_kept_for_the_owner_only_and_found_again(tmp_path: Path) -> None:
    places = keep_keys(tmp_path, parse_keys(f"{CANARY}\n\n  second-key-of-it \n"))
    (file,) = (tmp_path / FOLDER).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [key.reveal() for key in keys_at(tmp_path, places)] == [CANARY, "second-key-of-it"]
    assert CANARY not in str(places)
    drop_keys(tmp_path, places)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_only_own_files_are_dropped(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text(CANARY)
    drop_keys(tmp_path, [f"file:{theirs}", f"file:{FOLDER}/../theirs", "env:KEY"])
    assert theirs.exists()


def test_no_key_has_a_blank_in_it() -> None:
    with pytest.raises(BadInput) as told:
        parse_keys(f"{CANARY} x")
    assert CANARY not in str(told.value)


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=80))
def test_a_preview_never_shows_half_of_a_key(text: str) -> None:
    told = preview(Secret(text)).replace("…", "")
    assert len(told) * 2 <= len(text)


def test_a_record_goes_out_and_comes_back_the_same() -> None:
    body = {
        "name": "two", "type": 43, "models": "a,b", "groups": ["vip", "default"], "weight": 3,
        "model_mapping": '{"a":"x"}', "auto_ban": 0, "param_override": '{"top_p":1}', "key": CANARY,
    }  # fmt: skip
    made = changed(BASE, body)
    assert (made.code, made.type, made.groups) == (43, "openai", ("vip", "default"))
    record = shown(made, size=2)
    assert CANARY not in json.dumps(record)
    assert record["group"] == "vip,default"
    assert record["channel_info"]["is_multi_key"] is True
    assert changed(BASE, record) == made


@pytest.mark.parametrize(
    "body",
    [{"type": 14}, {"type": True}, {"models": 3}, {"status": 9}, {"weight": "1"},
     {"model_mapping": "[]"}, {"model_mapping": '{"a":1}'}, {"setting": "{"}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        changed(BASE, body)
