from __future__ import annotations

from pathlib import Path

import pytest

from nexhina_nb.client.session import checked_tags, open_session
from nexhina_nb.errors import BadInput, ConfigError
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from tests.client.flows import session


def test_arguments_settings_and_defaults() -> None:
    settings = Settings(max_retries=5)
    opened = open_session("http://h", "sk-x", settings, None, {"a": "b"})
    assert opened.policy.max_retries == 5
    assert open_session("http://h", "sk-x", settings, 0, None).policy.max_retries == 0
    assert opened.tags == {"a": "b"}
    assert repr(opened) == "http://h/v1, key set"
    assert not opened.move()


def test_the_working_folder_cannot_send_the_key_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nexhina.toml").write_text('base_url = "http://evil/v1"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="for safety"):
        open_session(None, "sk-x", None, None, None)


def test_tags_add_up() -> None:
    first = session(tags={"notebook": "a", "cell": "1"})
    assert first.tagged({"cell": "2"}).tags == {"notebook": "a", "cell": "2"}
    assert first.tags["cell"] == "1"


def test_tags_fit_into_a_header() -> None:
    with pytest.raises(BadInput, match="texts"):
        checked_tags({"cell": 3})  # type: ignore[dict-item]
    with pytest.raises(BadInput, match="1,024"):
        checked_tags({"cell": "ß" * 171})


def test_a_session_shows_no_key() -> None:
    opened = open_session("http://h", Secret("sk-hidden"), Settings(), None, None)
    assert "sk-hidden" not in f"{opened!r} {opened.target!r} {opened.relocate!r}"
