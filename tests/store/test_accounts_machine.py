"""Whatever is done to users, keys and codes, in whatever order and whatever the clock says: every
balance is the sum of its entries, none is below zero, and no money comes or goes uncounted.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import select

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store import codes, keys
from nexhina_nb.store.accounts import create_user
from nexhina_nb.store.db import open_store
from nexhina_nb.store.ledger import Charge, commit_group
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.moves import move, refund
from nexhina_nb.store.people_changes import delete_self
from nexhina_nb.store.tables import tokens, users
from nexhina_nb.store.terms import Terms
from nexhina_nb.store.verify import verify

DAY = 86_400
amounts = st.integers(0, 3000)
budgets = st.builds(
    lambda period, amount: (amount if period else 0, period),
    st.sampled_from(["daily", "weekly", "monthly", ""]),
    st.integers(1, 2000),
)
terms = st.builds(
    lambda quota, budget: Terms(remain_quota=quota, budget=budget[0], budget_period=budget[1]),
    st.none() | amounts,
    budgets,
)


@cache
def new_store() -> bytes:
    """The file of a new store: made once, since every run begins with one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


@dataclass
class Key:
    """What the machine knows of a key: its terms, what it has left, and what it spent."""

    id: int
    user: int
    terms: Terms
    left: int = 0
    used: int = 0
    gone: bool = False

    def __post_init__(self) -> None:
        self.allow(self.terms)

    def allow(self, wanted: Terms) -> None:
        """Give it other terms; what an unlimited key has left stays as it is."""
        self.terms = wanted
        self.left = self.left if wanted.remain_quota is None else wanted.remain_quota

    def spend(self, amount: int) -> int:
        """Take an amount; gives what its own quota is less by."""
        self.used += amount
        capped = 0 if self.terms.remain_quota is None else amount
        self.left -= capped
        return capped


@dataclass
class Request:
    """A call that was charged: what was taken, and how much of it from the key's own quota."""

    name: str
    key: Key
    taken: int
    capped: int
    refunded: bool = False


class Accounts(RuleBasedStateMachine):
    """Counts by itself what everybody must have."""

    held: Bundle[Key] = Bundle("held")
    requests: Bundle[Request] = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "machine.db"
        path.write_bytes(new_store())
        self.url = f"sqlite:///{path}"
        self.store = open_store(self.url)
        self.now = 1_704_067_200
        self.count = 0
        self.money: Counter[str] = Counter()
        self.wallets: Counter[int] = Counter()
        self.keys: list[Key] = []
        self.deleted: set[int] = set()

    def teardown(self) -> None:
        """Leave nothing open."""
        self.store.close()
        self.folder.cleanup()

    @initialize(target=held, wanted=st.tuples(terms, terms))
    def begin(self, wanted: tuple[Terms, Terms]) -> MultipleResults[Key]:
        users = [self._create_user(5000), self._create_user(500)]
        return multiple(*(self._create_key(*pair) for pair in zip(users, wanted, strict=True)))

    @rule(target=held, beside=st.none() | held, wanted=terms)
    def create_key(self, beside: Key | None, wanted: Terms) -> Key | MultipleResults[Key]:
        if beside is None:
            return self._create_key(self._create_user(1000), wanted)
        if beside.user in self.deleted:
            return multiple()
        return self._create_key(beside.user, wanted)

    @rule(key=held, budget=budgets)
    def edit_budget(self, key: Key, budget: tuple[int, str]) -> None:
        quota = None if key.terms.remain_quota is None else key.left
        self._edit(key, Terms(quota, budget=budget[0], budget_period=budget[1]))

    @rule(key=held, quota=st.none() | amounts)
    def edit_quota(self, key: Key, quota: int | None) -> None:
        self._edit(key, replace(key.terms, remain_quota=quota))

    def _edit(self, key: Key, wanted: Terms) -> None:
        if key.gone:
            with pytest.raises(NotFound), self.store.writing() as connection:
                keys.edit_key(connection, key.id, wanted, now=self.now)
            return
        with self.store.writing() as connection:
            row = keys.edit_key(connection, key.id, wanted, now=self.now)
        key.allow(wanted)
        assert row["remain_quota"] == key.left

    @rule(key=held, amount=st.integers(-3000, 3000))
    def move(self, key: Key, amount: int) -> None:
        kind = "granted" if amount > 0 else "withdrawn"
        if self.wallets[key.user] + amount < 0:
            with pytest.raises(BadInput), self.store.writing() as connection:
                move(connection, key.user, amount, kind)
            return
        with self.store.writing() as connection:
            move(connection, key.user, amount, kind)
        self._pay(key.user, amount, kind)

    @rule(key=held, quota=st.integers(1, 3000))
    def redeem(self, key: Key, quota: int) -> None:
        code = self._create_code(quota, Terms())
        with self.store.writing() as connection:
            assert codes.redeem(connection, code, key.user) == quota
        self._pay(key.user, quota, "redeemed")
        with pytest.raises(BadInput), self.store.writing() as connection:
            codes.redeem(connection, code, key.user)

    @rule(target=held, quota=st.integers(1, 3000), wanted=terms)
    def open_with_code(self, quota: int, wanted: Terms) -> Key:
        code = self._create_code(quota, wanted)
        with self.store.writing() as connection:
            number, _, brought = codes.open_with_code(connection, code)
            user = keys.find_key(connection, None, number)["user_id"]
        assert brought == quota
        self._pay(user, quota, "redeemed")
        return self._know(Key(number, user, wanted))

    @rule(target=requests, key=held, amount=amounts)
    def charge(self, key: Key, amount: int) -> MultipleResults[Request]:
        return self._charge_all([(key, amount)])

    @rule(target=requests, wanted=st.lists(st.tuples(held, amounts), min_size=2, max_size=5))
    def charge_group(self, wanted: list[tuple[Key, int]]) -> MultipleResults[Request]:
        return self._charge_all(wanted)

    def _charge_all(self, wanted: list[tuple[Key, int]]) -> MultipleResults[Request]:
        group = [self._charge(key, amount) for key, amount in wanted]
        with self.store.writing() as connection:
            with connection.begin_nested() as in_vain:
                commit_group(connection, group, now=self.now)
                in_vain.rollback()
            taken = commit_group(connection, group, now=self.now).taken
        done = []
        for (key, amount), charge, n in zip(wanted, group, taken, strict=True):
            most = min(amount, self.wallets[key.user])
            most = most if key.terms.remain_quota is None else min(most, key.left)
            budgeted = bool(key.terms.budget_period)
            assert 0 <= n <= min(most, key.terms.budget) if budgeted else n == most
            self._pay(key.user, -n, "spent")
            done.append(Request(charge.request_id, key, n, key.spend(n)))
        # Whoever does not know whether it was committed may commit it once more.
        with self.store.writing() as connection:
            assert commit_group(connection, group, again=True, now=self.now).taken == taken
        return multiple(*done)

    @rule(request=requests)
    def refund(self, request: Request) -> None:
        due = 0 if request.refunded else request.taken
        with self.store.writing() as connection:
            assert refund(connection, request.name, "it failed", {}) == due
        if not request.refunded:
            request.refunded = True
            request.key.left += request.capped
            request.key.used -= due
            self._pay(request.key.user, due, "refunded")

    # Most of what is there stays, so that the other rules have something to work with.
    @precondition(lambda self: sum(key.gone for key in self.keys) * 3 < len(self.keys))
    @rule(key=held, whole=st.booleans())
    def delete(self, key: Key, whole: bool) -> None:
        gone = [row for row in self.keys if row is key or (whole and row.user == key.user)]
        with self.store.writing() as connection:
            if not whole:
                assert keys.delete_keys(connection, key.user, [key.id]) == (not key.gone)
            elif key.user not in self.deleted:
                delete_self(connection, key.user)
                self.deleted.add(key.user)
        for row in gone:
            row.gone = True

    @rule(days=st.integers(-40, 40), seconds=st.integers(0, DAY), reopen=st.booleans())
    def pass_time(self, days: int, seconds: int, reopen: bool) -> None:
        self.now += days * DAY + seconds
        if reopen:
            self.store.close()
            self.store = open_store(self.url)

    @invariant()
    def every_balance_is_its_entries(self) -> None:
        with self.store.reading() as connection:
            assert verify(connection) == []

    @invariant()
    def everybody_has_what_was_counted(self) -> None:
        with self.store.reading() as connection:
            people = {row.id: row for row in connection.execute(select(users))}
            held = {row.id: row for row in connection.execute(select(tokens))}
        assert {i: row.quota for i, row in people.items()} == dict(self.wallets)
        assert sum(row.quota for row in people.values()) == self.money.total()
        assert sum(row.used_quota for row in people.values()) == -(
            self.money["spent"] + self.money["refunded"]
        )
        for key in self.keys:
            row = held[key.id]
            assert (row.remain_quota, row.used_quota) == (key.left, key.used)
            assert min(row.remain_quota, row.used_quota, row.budget_used) >= 0
        assert all(min(row.quota, row.used_quota) >= 0 for row in people.values())

    def _name(self, what: str) -> str:
        self.count += 1
        return f"{what}{self.count}"

    def _create_user(self, quota: int) -> int:
        with self.store.writing() as connection:
            user = create_user(connection, self._name("user"), quota=quota)
        self._pay(user, quota, "granted")
        return user

    def _create_key(self, user: int, wanted: Terms) -> Key:
        with self.store.writing() as connection:
            number, _ = keys.create_key(connection, user, self._name("key"), wanted)
        return self._know(Key(number, user, wanted))

    def _create_code(self, quota: int, wanted: Terms) -> str:
        with self.store.writing() as connection:
            (made,) = codes.create_codes(connection, 1, "batch", quota, terms=wanted)
        return made.code.reveal()

    def _know(self, key: Key) -> Key:
        self.keys.append(key)
        return key

    def _pay(self, user: int, amount: int, what: str) -> None:
        self.wallets[user] += amount
        self.money[what] += amount

    def _charge(self, key: Key, amount: int) -> Charge:
        name = self._name("request")
        log = LogRow(name, key.user, "somebody", key.id, "key", "m")
        return Charge(key.user, key.id, name, amount, log)


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
