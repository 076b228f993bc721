"""Settings: precedence, kinds, and what a working folder may not set."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import ConfigError
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings, default_home, env_name, load, rows


def test_every_setting_has_help() -> None:
    assert all(row.metadata["help"] for row in rows())


def test_arguments_environment_files_defaults_in_this_order(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    cwd.mkdir()
    (home / "nexhina.toml").write_text('model = "home"\nlang = "home"\nport = 1\npace = 1.5\n')
    (cwd / "nexhina.toml").write_text('model = "folder"\nlang = "folder"\nport = 2\n')
    environ = {"NEXHINA_MODEL": "variable", "NEXHINA_LANG": "variable"}
    found = load(environ, cwd, home=home, model="argument")
    assert (found.model, found.lang, found.port, found.pace) == ("argument", "variable", 2, 1.5)
    assert found.embed_model == Settings().embed_model
    assert found.home == home


def test_kinds_are_converted(tmp_path: Path) -> None:
    environ = {
        "NEXHINA_STREAM": "off",
        "NEXHINA_PORT": "0",
        "NEXHINA_TIMEOUT": "1.5",
        "NEXHINA_API_KEY": "sk-x",
        "NEXHINA_HOME": str(tmp_path),
    }
    found = load(environ, tmp_path)
    assert (found.stream, found.port, found.timeout) == (False, 0, 1.5)
    assert found.api_key == Secret("sk-x")
    assert "sk-x" not in repr(found)


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert load({"NEXHINA_MODEL": ""}, tmp_path, home=tmp_path).model == Settings().model


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"NEXHINA_PORT": "many"}, "needs a whole number"),
        ({"NEXHINA_STREAM": "perhaps"}, "needs true or false"),
        ({"NEXHINA_TIMEOUT": "soon"}, "needs a number"),
        ({"NEXHINA_PORT": "70000"}, "'port' needs a whole number from 0 to 65535"),
        ({"NEXHINA_PORT": "-1"}, "whole number from 0 to"),
        ({"NEXHINA_MAX_BODY_MB": "-1"}, "whole number from 1 to"),
        ({"NEXHINA_MAX_RETRIES": "2.7"}, "whole number from 0 to"),
        ({"NEXHINA_DRAIN_TIMEOUT": "nan"}, "'drain_timeout' needs a number from 0 to 86400"),
        ({"NEXHINA_UPSTREAM_TIMEOUT": "nan"}, "number from 0.001 to"),
        ({"NEXHINA_TIMEOUT": "inf"}, "number from 0.001 to"),
        ({"NEXHINA_CONNECT_TIMEOUT": "0"}, "number from 0.001 to"),
        ({"NEXHINA_PACE": "-0.1"}, "number from 0 to"),
    ],
)
def test_wrong_kinds(environ: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        load(environ, tmp_path, home=tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('modle = "x"', "no setting 'modle'"),
        ("model = ", "cannot be read"),
        ('base_url = "http://elsewhere/v1"', "not read from a working folder"),
        ('api_key = "sk-x"', "not read from a working folder"),
        ("model = 3", "needs a text"),
        ("max_retries = true", "whole number"),
        ("max_retries = 2.7", "whole number"),
        ("max_retries = inf", "whole number"),
        ("max_retries = nan", "whole number"),
        ("timeout = true", "needs a number"),
        ("pace = nan", "needs a number"),
        (f"pace = 1{'0' * 400}", "needs a number"),
    ],
)
def test_files_that_are_wrong(text: str, words: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "nexhina.toml").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load({}, work, home=tmp_path)
    assert "sk-x" not in str(caught.value)


def test_a_key_in_a_file_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "nexhina.toml").write_text("api_key = 3")
    with pytest.raises(ConfigError, match="needs a text"):
        load({}, Path("/nonexistent"), home=tmp_path)


def test_numbers_of_the_other_kind_that_mean_the_same(tmp_path: Path) -> None:
    found = load({}, tmp_path, home=tmp_path, max_retries=3.0, timeout=5)
    assert (found.max_retries, found.timeout) == (3, 5.0)
    assert type(found.max_retries) is int
    assert type(found.timeout) is float


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, 70_000, -1])
def test_arguments_have_bounds_too(value: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="from 0 to 65535"):
        load({}, tmp_path, home=tmp_path, port=value)


def test_every_number_has_bounds_and_its_default_is_within() -> None:
    for row in rows():
        least, most = row.metadata["least"], row.metadata["most"]
        if type(row.default) in (int, float):
            assert least <= row.default <= most, row.name
        else:
            assert least is most is None


def test_an_unknown_argument(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no setting 'modle'"):
        load({}, tmp_path, home=tmp_path, modle="x")


def test_the_home_is_the_platforms(tmp_path: Path) -> None:
    assert load({}, tmp_path).home == default_home()
    assert env_name("base_url") == "NEXHINA_BASE_URL"


@given(st.dictionaries(st.sampled_from([row.name for row in rows()]), st.text(max_size=20)))
def test_no_environment_crashes(values: dict[str, str]) -> None:
    environ = {env_name(name): text for name, text in values.items() if name != "home"}
    with contextlib.suppress(ConfigError):
        load(environ, Path("/nonexistent"), home=Path("/nonexistent"))
