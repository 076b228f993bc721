"""The money of a report is the money of the ledger, after real calls of a real gateway."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, insert, select

from nexhina_nb.analysis.costs import cost
from nexhina_nb.analysis.frames import logs
from nexhina_nb.analysis.report import report
from nexhina_nb.client import Client
from nexhina_nb.errors import NexhinaError
from nexhina_nb.store.db import Store
from nexhina_nb.store.moves import grant, refund as give_back
from nexhina_nb.store.tables import entries, logs as table, users
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway


def spent(store: Store) -> int:
    """What the ledger says: all entries but grants."""
    with store.reading() as connection:
        assert verify(connection) == []
        total = select(func.coalesce(func.sum(entries.c.amount), 0))
        return -int(connection.scalar(total.where(entries.c.kind != "grant")))


def leave(store: Store, token: str, quota: int) -> None:
    """Take the money of a key's user away, all but ``quota``, while a call of it runs."""
    with store.writing() as connection:
        user, left = connection.execute(
            select(users.c.id, users.c.quota).order_by(users.c.id.desc()).limit(1)
        ).one()
        grant(connection, user, quota - left, token)


def refund(store: Store) -> None:
    """Give the last call back, as the ledger does for a task that failed (contract 5.4)."""
    with store.writing() as connection:
        last = connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).mappings()
        assert give_back(connection, last.one()["request_id"], "it failed", {}) == 3


def test_the_report_is_the_ledger(make_gateway: object) -> None:
    with make_gateway(pace=0.01) as gateway:  # type: ignore[operator]
        with Client(gateway.base_url, gateway.key) as client:
            client.chat("hello")
            client.embed(["one", "two"])
            client.rerank("one", ["one", "two"])
            with pytest.raises(NexhinaError):
                client.chat("hello", model="nobody/knows")
            own = client.usage().used
        with Client(gateway.base_url, gateway.new_key(quota=100_000)) as client:
            stream = client.chat("Repeat this 20 times: a penny for your thoughts", stream=True)
            with stream:
                next(stream)
                leave(gateway.store, "taken away", 3)
                stream.read()
        found = report(settings=gateway.settings, zone="UTC")
        assert found.totals.quota == spent(gateway.store) == own + 3
        assert found.totals.unpaid > 0
        refund(gateway.store)
        found = report(settings=gateway.settings, zone="UTC")
        assert found.totals.quota == spent(gateway.store) == own
        for table_of in (found.by_model, found.by_key, found.by_day):
            assert table_of["quota"].sum() == found.totals.quota
        assert sorted(found.by_key["quota"]) == sorted([own, 0])


def test_a_call_says_how_long_it_took(make_gateway: object) -> None:
    with make_gateway(pace=0.02) as gateway:  # type: ignore[operator]
        with Client(gateway.base_url, gateway.key) as client:
            stream = client.chat("Repeat this 5 times: so long", stream=True)
            stream.read()
        (found,) = logs(settings=gateway.settings).collect().rows(named=True)
    assert 0.1 < found["seconds"] < 60
    assert found["seconds"] == json.loads(found["other"])["duration_ms"] / 1000
    assert 0 <= found["frt"] <= found["seconds"] * 1000
    assert found["use_time"] == round(found["seconds"])


def test_the_cost_of_a_key_is_its_own_and_all_of_it(gateway: RunningGateway) -> None:
    """1,200 rows of two keys: more than the gateway tells of."""
    with Client(gateway.base_url, gateway.key) as client:
        client.chat("hello")
        other = gateway.new_key()
        with Client(gateway.base_url, other) as stranger:
            stranger.chat("hello")
        with gateway.store.writing() as connection:
            first = connection.execute(select(table).order_by(table.c.id).limit(1)).mappings()
            copy = {name: value for name, value in first.one().items() if name != "id"}
            rows = [copy | {"request_id": f"copy {n}", "quota": 1} for n in range(1200)]
            connection.execute(insert(table), rows)
        by_hand = cost(client=client)
        assert by_hand.total.calls == 1000
        assert by_hand.notes[0] == "Only the newest 1,000 calls are in this table."
