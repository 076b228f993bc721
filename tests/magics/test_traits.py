"""``%config Nexhina``: the settings of the client, and who has the last word."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nexhina_nb import settings
from nexhina_nb.magics import traits
from nexhina_nb.magics.extension import Nexhina
from tests.client.mock_server import MockServer, stream
from tests.magics.conftest import Notebook

NAMES = {
    "base_url", "model", "embed_model", "rerank_model", "image_model", "moderate_model",
    "speak_model", "transcribe_model", "video_model", "lang", "timeout", "connect_timeout",
    "max_retries", "stream", "max_concurrency", "cache_mb", "trusted_gateways",
}  # fmt: skip


def test_the_traits_are_the_settings_of_the_client() -> None:
    rows = {row.name: row for row in settings.rows()}
    assert {row.name for row in traits.rows()} == NAMES
    for name in NAMES:
        trait = Nexhina.class_traits(config=True)[name]
        assert trait.help == rows[name].metadata["help"]
    assert not {"api_key", "admin_key", "home"} & set(Nexhina.class_traits())


def test_config_sets_a_default(notebook: Notebook, server: MockServer) -> None:
    server.play(stream("x"))
    notebook.run(f"%config Nexhina.base_url = '{server.base_url}'")
    notebook.run("%config Nexhina.model = 'gpt-4o'\n%config Nexhina.timeout = 5.0")
    assert notebook.run("%%nexhina\nHi").error is None
    assert server.seen[-1].json["model"] == "gpt-4o"
    assert notebook.magics.settings().timeout == 5.0


def test_a_trait_that_is_not_set_follows_the_environment(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEXHINA_MODEL", "from-env")
    assert notebook.magics.settings().model == "from-env"
    assert notebook.run("%config Nexhina.model").value == "from-env"
    (tmp_path / "nexhina.toml").write_text("lang = 'fr'\n")
    assert notebook.magics.settings().lang == "fr"
    monkeypatch.setenv("NEXHINA_MODEL", "later")
    assert notebook.magics.settings().model == "later"


def test_the_declared_default_can_be_chosen_too(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_MODEL", "from-env")
    notebook.run("%config Nexhina.model = 'local/chat'")
    assert notebook.magics.settings().model == "local/chat"
    notebook.run("%config Nexhina.model = None")
    assert notebook.magics.settings().model == "from-env"


def test_a_profile_sets_traits(shell: InteractiveShell) -> None:
    before = shell.config.copy()
    shell.config.merge(Config({"Nexhina": {"model": "from-profile", "stream": False}}))
    try:
        magics = Nexhina(shell)
        assert magics.settings().model == "from-profile"
        assert magics.settings().stream is False
    finally:
        shell.configurables.remove(magics)
        shell.config = before


def test_a_key_of_the_settings_stays_with_their_address(
    notebook: Notebook, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("NEXHINA_API_KEY", "sk-very-secret")
    notebook.run(f"%config Nexhina.base_url = '{server.base_url}'")
    server.play(stream("x"))
    assert notebook.run("%%nexhina\nHi").error is None
    assert "sk-very-secret" not in str(server.seen[-1].headers)


def test_a_broken_file_is_one_line(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "nexhina.toml").write_text("model = 'x'\ncolour = 'y'\n")
    assert notebook.run("%%nexhina\nHi").line.startswith("ConfigError: ")
    assert notebook.run("%nexhina cost --help").error is None
