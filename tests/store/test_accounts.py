"""Users and keys: shown once, stored hashed, refused in words."""

from __future__ import annotations

import os
import stat
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from nexhina_nb.errors import BadInput, ConfigError, NotFound, StoreError
from nexhina_nb.secret import Secret
from nexhina_nb.store import accounts
from nexhina_nb.store.channels import Channel, add_channel, list_channels, remove_channel
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.prices import current_prices, set_price
from nexhina_nb.store.tables import tokens


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    yield opened
    opened.close()


def test_a_key_is_stored_hashed_and_shown_once(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        user = accounts.create_user(connection, "ada", quota=5)
        token_id, key = accounts.create_token(connection, user, "n", models=("a", "b"))
        found = accounts.find_account(connection, accounts.hash_key(key.reveal()))
    assert found is not None
    assert (found.token_id, found.username, found.quota) == (token_id, "ada", 5)
    assert found.models == {"a", "b"}
    text = key.reveal()
    assert text.startswith("sk-")
    assert len(text) == 51
    assert text not in repr(key)
    assert text.removeprefix("sk-").encode() not in (tmp_path / "nexhina.db").read_bytes()
    with store.reading() as connection:
        listed = accounts.list_tokens(connection)
        assert connection.scalar(select(tokens.c.key_hash)) == accounts.hash_key(text)
    assert "key_hash" not in listed[0]
    assert listed[0]["key_hint"] == f"{text[3:7]}**********{text[-4:]}"


def test_a_short_key_has_no_hint(store: Store) -> None:
    with store.writing() as connection:
        user = accounts.create_user(connection, "ada")
        accounts.create_token(connection, user, "n", key=Secret("sk-short"))
        assert accounts.list_tokens(connection)[0]["key_hint"] == "**********"


def test_revoking(store: Store) -> None:
    with store.writing() as connection:
        user = accounts.create_user(connection, "ada")
        token_id, key = accounts.create_token(connection, user, "n")
        accounts.revoke_token(connection, token_id)
        found = accounts.find_account(connection, accounts.hash_key(key.reveal()))
        assert found is not None
        assert found.token_status == accounts.DISABLED
        with pytest.raises(NotFound):
            accounts.revoke_token(connection, 99)


@pytest.mark.parametrize(("name", "quota"), [("", 0), ("x" * 65, 0), ("ok", -1), ("ok", 2**31)])
def test_users_that_make_no_sense(store: Store, name: str, quota: int) -> None:
    with pytest.raises(BadInput), store.writing() as connection:
        accounts.create_user(connection, name, quota=quota)


def test_names_are_taken_once(store: Store) -> None:
    with store.writing() as connection:
        accounts.create_user(connection, "ada")
    with pytest.raises(BadInput), store.writing() as connection:
        accounts.create_user(connection, "ada")


def test_the_file_is_its_owners_only(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        accounts.create_user(connection, "ada")
    assert stat.S_IMODE(os.stat(tmp_path / "nexhina.db").st_mode) == 0o600


@pytest.mark.parametrize("url", ["nonsense", "unknowndb://host/x"])
def test_a_url_that_is_not_understood(url: str) -> None:
    with pytest.raises(ConfigError, match="not understood"):
        open_store(url)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{tmp_path / 'file' / 'nexhina.db'}")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "nexhina.db").write_bytes(b"this is a letter, not a database " * 100)
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")


def test_a_statement_that_failed_does_not_tell_its_values(store: Store) -> None:
    row = {
        "name": "-".join(("ca", "nary"))
    }  # in two pieces, since a traceback shows these lines too
    with pytest.raises(StoreError) as failed, store.writing() as connection:
        connection.execute(tokens.insert().values(row))
    assert "ca-nary" not in "".join(traceback.format_exception(failed.value))


def test_channels_round_trip(store: Store) -> None:
    channel = Channel(
        name="one", type="openai", models=("a", "b"), base_url="http://127.0.0.1:1/v1/",
        keys=("env:KEY",), mapping={"a": "x"}, priority=3, weight=2, groups=("default", "vip"),
    )  # fmt: skip
    with store.writing() as connection:
        number = add_channel(connection, channel)
        (found,) = list_channels(connection)
        assert found == Channel(
            name="one", type="openai", models=("a", "b"), base_url="http://127.0.0.1:1/v1",
            keys=("env:KEY",), mapping={"a": "x"}, priority=3, weight=2, groups=("default", "vip"),
            id=number, created_time=found.created_time,
        )  # fmt: skip
        remove_channel(connection, number)
        assert list_channels(connection) == []
        with pytest.raises(NotFound):
            remove_channel(connection, number)


@pytest.mark.parametrize(
    "channel",
    [
        Channel(name="x", type="magic", models=("a",)),
        Channel(name="", type="local", models=("a",)),
        Channel(name="x", type="local", models=()),
        Channel(name="x", type="openai", models=("a",), base_url="ftp://host"),
        Channel(name="x", type="local", models=("a",), weight=-1),
    ],
)
def test_channels_that_could_not_work(store: Store, channel: Channel) -> None:
    with pytest.raises(BadInput), store.writing() as connection:
        add_channel(connection, channel)


def test_prices_are_dated(store: Store) -> None:
    with store.writing() as connection:
        set_price(connection, "m", "1", since=100)
        set_price(connection, "m", "2", since=200)
        set_price(connection, "m", "3", since=300)
        assert current_prices(connection, at=99) == {}
        assert current_prices(connection, at=250) == {"m": "2"}
        assert current_prices(connection) == {"m": "3"}
