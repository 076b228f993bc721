from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, strategies as st

from nexhina_nb import discovery
from nexhina_nb.client.target import Target, check_key, normalise, relocated, resolve
from nexhina_nb.errors import ConfigError, GatewayNotRunning
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

NONE = Secret("")


def announce(home: Path, port: int, key: str = "sk-found") -> None:
    running = discovery.Running(f"http://127.0.0.1:{port}/v1", os.getpid(), Secret(key))
    discovery.announce(home, running)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://host", "http://host/v1"),
        ("http://host/", "http://host/v1"),
        (" https://host:8443/v1/ ", "https://host:8443/v1"),
        ("https://host/openai/deployments/x", "https://host/openai/deployments/x"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
    ],
)
def test_normalise(given: str, expected: str) -> None:
    assert normalise(given) == expected


@pytest.mark.parametrize(
    "bad", ["host", "ftp://host", "http://", "http://a b/", "http://host:port", "http://[::1", "x"]
)
def test_normalise_refuses_what_is_no_address(bad: str) -> None:
    with pytest.raises(ConfigError, match="not an http"):
        normalise(bad)


def test_normalise_refuses_credentials_without_showing_them() -> None:
    with pytest.raises(ConfigError) as caught:
        normalise("https://me:hunter2@host/v1")
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=40))
def test_normalise_gives_an_address_or_a_config_error(text: str) -> None:
    try:
        once = normalise(text)
    except ConfigError:
        return
    assert normalise(once) == once


def test_root_is_above_v1() -> None:
    assert Target("http://h/v1", NONE).root == "http://h"
    assert Target("http://h/openai", NONE).root == "http://h/openai"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "a.localhost"])
def test_this_machine_is_local(host: str) -> None:
    assert Target(f"http://{host}:1/v1", NONE).is_local
    assert "gateway start" in Target(f"http://{host}:1/v1", NONE).how_to_reach()


def test_other_machines_are_not_local() -> None:
    assert not Target("http://10.0.0.1/v1", NONE).is_local
    assert not Target("http://localhost.example/v1", NONE).is_local


def test_arguments_go_before_settings() -> None:
    settings = Settings(base_url="http://set/v1", api_key=Secret("sk-set"))
    target = resolve(settings, "http://given", Secret("sk-given"))
    assert (target.base_url, target.key.reveal()) == ("http://given/v1", "sk-given")
    target = resolve(settings, None, NONE)
    assert (target.base_url, target.key.reveal()) == ("http://set/v1", "sk-set")


def test_the_key_of_one_host_does_not_go_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    settings = Settings(base_url="https://mine/v1", api_key=Secret("sk-mine"))
    assert not resolve(settings, "https://theirs/v1", NONE).key
    assert not resolve(settings, "http://mine/v1", NONE).key
    assert resolve(settings, "https://mine/other", NONE).key == Secret("sk-mine")
    alone = Settings(api_key=Secret("sk-mine"))
    assert resolve(alone, "https://any/v1", NONE).key == Secret("sk-mine")


def test_a_saved_key_is_found_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class KeyringError(Exception):
        pass

    def get_password(service: str, name: str) -> str | None:
        asked.append((service, name))
        if "locked" in name:
            raise KeyringError
        return "sk-saved"

    keyring, faults = ModuleType("keyring"), ModuleType("keyring.errors")
    keyring.get_password, keyring.errors = get_password, faults  # type: ignore[attr-defined]
    faults.KeyringError = KeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", faults)
    assert resolve(Settings(), "http://host", NONE).key == Secret("sk-saved")
    assert asked == [("nexhina", "http://host/v1")]
    assert not resolve(Settings(), "http://locked", NONE).key
    assert resolve(Settings(), "http://host", Secret("sk-given")).key == Secret("sk-given")
    assert len(asked) == 2


def test_the_running_gateway_is_found(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(GatewayNotRunning, match="gateway start"):
        resolve(settings, None, NONE)
    with discovery.holding(tmp_path):
        announce(tmp_path, 1234)
        target = resolve(settings, None, NONE)
        assert target == Target("http://127.0.0.1:1234/v1", Secret("sk-found"), discovered=True)
        assert resolve(settings, None, Secret("sk-own")).key == Secret("sk-own")


def test_relocated_reads_the_file_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert relocated(settings, NONE) is None
    with discovery.holding(tmp_path):
        announce(tmp_path, 4321)
        found = relocated(settings, Secret("sk-own"))
    assert found == Target("http://127.0.0.1:4321/v1", Secret("sk-own"), discovered=True)


def test_a_key_is_trimmed_and_must_fit_into_a_header() -> None:
    assert check_key(Secret(" sk-1\n")).reveal() == "sk-1"
    for bad in ("sk-1\nsk-2", "sk-schlüssel", "sk 1"):
        with pytest.raises(ConfigError) as caught:
            check_key(Secret(bad))
        assert bad not in str(caught.value)


@pytest.mark.parametrize(
    ("gateways", "is_among"),
    [
        ("", False),
        ("gateway.example", True),
        ("Gateway.Example", True),
        ("gateway.example:8443", True),
        ("https://gateway.example:8443", True),
        ("https://gateway.example:8443/v1/", True),
        ("other.example, gateway.example", True),
        (" , ,", False),
        ("http://gateway.example:8443", False),  # anyone on the way could read it
        ("gateway.example:443", False),
        ("example", False),
        (".example", False),
        ("evil-gateway.example", False),
        ("*", False),
        ("http://[", False),
    ],
)
def test_gateways_of_a_list(gateways: str, is_among: bool) -> None:
    target = Target("https://gateway.example:8443/v1", Secret("k"))
    assert target.is_among(gateways) is is_among
