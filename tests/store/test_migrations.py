"""The database can be built from empty and from every earlier version; it ends as `tables` says."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, create_engine, inspect, text

from nexhina_nb.store import tables
from nexhina_nb.store.db import Store, engine_for
from nexhina_nb.store.ledger import Charge, commit_group
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.migrations import STEPS, migrate
from nexhina_nb.store.moves import refund
from nexhina_nb.store.verify import verify


def _shape(connection: Connection) -> dict[str, object]:
    """Tables, columns (type and null), indexes and unique constraints, in a comparable form."""
    inspector = inspect(connection)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted((i["column_names"], bool(i["unique"])) for i in inspector.get_indexes(name)),
            sorted(u["column_names"] for u in inspector.get_unique_constraints(name)),
        )
        for name in sorted(inspector.get_table_names())
        if name != "migrations"
    }


def _today(metadata: MetaData) -> dict[str, object]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        shape = _shape(connection)
    engine.dispose()
    return shape


@pytest.mark.parametrize("done", range(len(STEPS) + 1))
def test_from_every_earlier_version(done: int, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        assert migrate(connection, STEPS[:done]) == [name for name, _ in STEPS[:done]]
    with engine.begin() as connection:
        assert migrate(connection) == [name for name, _ in STEPS[done:]]
        assert migrate(connection) == []
        assert _shape(connection) == _today(tables.metadata)
    engine.dispose()


def test_what_was_released_keeps_its_name() -> None:
    """A step under another name would be applied again to a store that has it."""
    assert [name for name, _ in STEPS][:6] == [
        "0001_accounts", "0002_ledger_and_logs", "0003_channels_and_prices", "0004_tasks",
        "0005_responses", "0006_trust",
    ]  # fmt: skip


def test_names_are_unique_and_in_order() -> None:
    names = [name for name, _ in STEPS]
    assert names == sorted(set(names))


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken(connection: Connection) -> None:
        STEPS[0][1](connection)
        raise RuntimeError("half way")

    fresh = Store(engine_for(f"sqlite:///{tmp_path / 'fresh.db'}"))
    steps = (("0001_broken", broken),)
    with pytest.raises(RuntimeError, match="half way"), fresh.writing() as connection:
        migrate(connection, steps)
    with fresh.reading() as connection:
        assert "users" not in inspect(connection).get_table_names()
    fresh.close()


# A store that has been used, before its ledger said what an entry did to a key.
POPULATED = (
    """INSERT INTO users VALUES
    (1, 'root', 100, 1, 'default', 9000, 1000, 2, 1), (2, 'ada', 1, 1, 'vip', 40, 60, 3, 1)""",
    """INSERT INTO tokens VALUES
    (1, 1, 'admin', 'h1', 'a', 1, 1, -1, 0, 1000, true, '', ''),
    (2, 1, 'notebook', 'h2', 'b', 1, 1, -1, 0, 0, true, '', ''),
    (3, 2, 'limited', 'h3', 'c', 1, 1, -1, 15, 35, false, 'local/chat', ''),
    (4, 2, 'admin', 'h4', 'd', 2, 1, -1, 0, 25, false, '', '')""",
    """INSERT INTO entries VALUES
    (1, 1, 1, 0, 'grant', 10000, 'opening 1'), (2, 1, 2, 0, 'grant', 100, 'opening 2'),
    (3, 2, 1, 1, 'charge', -1000, 'r1'), (4, 2, 1, 1, 'charge', 0, 'r2'),
    (5, 3, 2, 3, 'charge', -35, 'r3'), (6, 4, 2, 4, 'charge', -25, 'r4'),
    (7, 4, 2, 4, 'charge', -10, 'r5'), (8, 5, 2, 4, 'refund', 10, 'r5')""",
    """INSERT INTO logs VALUES
    (1, 2, 2, 1, 'root', 1, 'admin', 'm', 1000, 5, 5, 1, false, 1, '', '', 'r1', '', '{}')""",
    """INSERT INTO channels VALUES
    (1, 'up', 'openai', 1, 'http://x/v1', 'UP_KEY', 'm', '{}', 'default', 0, 0, 1),
    (2, 'local', 'local', 1, '', '', '', '{}', 'default', 0, 0, 1)""",
)


def test_a_store_that_was_used_is_carried_over_to_the_last_quota(tmp_path: Path) -> None:
    store = Store(engine_for(f"sqlite:///{tmp_path / 'old.db'}"))
    with store.writing() as connection:
        migrate(connection, STEPS[:5])
        for statement in POPULATED:
            connection.execute(text(statement))
    with store.writing() as connection:
        migrate(connection)
        assert verify(connection) == []
        keys = connection.execute(text("SELECT keys FROM channels ORDER BY id")).scalars().all()
        assert keys == ['["env:UP_KEY"]', "[]"]
        managing = text("SELECT id FROM tokens WHERE manages")
        assert connection.execute(managing).scalars().all() == [1]
    with store.writing() as connection:
        log = LogRow("r6", 2, "ada", 3, "limited", "m", channel=1)
        assert commit_group(connection, [Charge(2, 3, "r6", 99, log)]).taken == [15]
        assert verify(connection) == []
        # What was paid before the step is given back to wallet and key, as it was then.
        assert refund(connection, "r3", "it failed", {}) == 35
        assert refund(connection, "r6", "it failed", {}) == 15
        assert refund(connection, "r5", "again", {}) == 0
        assert verify(connection) == []
        left = text(
            "SELECT quota, remain_quota FROM users, tokens WHERE users.id = 2 AND tokens.id = 3"
        )
        assert tuple(connection.execute(left).one()) == (75, 50)
    store.close()
