"""Where the keys of a channel lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nexhina_nb.errors import ServiceUnavailable
from nexhina_nb.gateway.upstreams.key_sources import resolve


def test_the_environment_may_hold_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEYS", "sk-one\n\n sk-two \n")
    assert [key.reveal() for key in resolve("env:SOME_KEYS", tmp_path)] == ["sk-one", "sk-two"]


def test_a_file_lies_in_the_home(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("sk-one\n")
    file.chmod(0o600)
    assert [key.reveal() for key in resolve("file:keys.txt", tmp_path)] == ["sk-one"]


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("sk-one\n")
    file.chmod(0o640)
    with pytest.raises(ServiceUnavailable) as refused:
        resolve("file:keys.txt", tmp_path)
    assert "chmod 600" in (refused.value.hint or "")
    assert "sk-one" not in str(refused.value)


@pytest.mark.parametrize("place", ["env:NOT_SET_ANYWHERE", "file:missing", "keyring:no", "sk-key"])
def test_what_is_missing_is_said(tmp_path: Path, place: str) -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        resolve(place, tmp_path)
    assert refused.value.hint
    assert "sk-key" not in str(refused.value)
