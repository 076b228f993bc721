"""The database can be built from empty and from every earlier version; it ends as `tables` says."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, create_engine, inspect

from nexhina_nb.store import tables
from nexhina_nb.store.db import Store, engine_for
from nexhina_nb.store.migrations import STEPS, migrate


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
