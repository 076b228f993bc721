"""The one writer of a running gateway: charges that arrive together are committed together.

A commit costs the same for one charge as for a hundred, so the thread takes whatever has queued up
while the previous group was being written. Who submits a charge is told when it is on disk: an
answer's last byte waits for that, and then a process killed the next instant has still recorded it.

While the database is away, locked or full, charges wait: they are tried again, with growing pauses,
each until its patience ends, and written in one group when the database is back. A full disk is no
exception, since room is often made within seconds; an answer whose charge fails is not completed.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nexhina_nb.errors import StoreError
from nexhina_nb.store.db import Store
from nexhina_nb.store.ledger import Charge, commit_group
from nexhina_nb.store.outages import passes

LARGEST_GROUP = 512
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # seconds between two tries: they grow
log = logging.getLogger("nexhina.store")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A committed charge: what was taken, and the balances right after its group."""

    taken: int
    quota: int
    used_quota: int
    remain_quota: int
    token_used: int
    budget_used: int = 0
    budget_since: int = 0


Told = Callable[[Receipt | StoreError], None]
Notice = tuple[Told, Receipt | StoreError]


@dataclass(frozen=True, slots=True)
class _Item:
    """A charge that waits to be written, at the latest until ``deadline`` (monotonic)."""

    charge: Charge
    told: Told
    deadline: float


class Writer:
    """A thread that commits charges. ``deliver`` gets the notices of a group, once per group.

    An event loop passes something that hands them over to its own thread; the default calls them
    where they arise. ``patience``: seconds that a charge waits for a database that is away.
    """

    def __init__(
        self,
        store: Store,
        deliver: Callable[[Sequence[Notice]], None] | None = None,
        *,
        patience: float = 0.0,
    ) -> None:
        self._store = store
        self._deliver = deliver or _call_all
        self._patience = patience
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._waiting: list[_Item] = []
        self._pause = 0.0  # since the database is away; 0: it is there
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="nexhina-ledger", daemon=True)
        self._thread.start()

    def submit(self, charge: Charge, told: Told) -> None:
        """Have a charge written; ``told`` is called with its receipt, or with why it failed."""
        self._queue.put(_Item(charge, told, time.monotonic() + self._patience))

    def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            notices = self._write(group, again=self._pause > 0)
            if notices:
                self._tell(notices)
            if self._waiting:
                self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
                time.sleep(self._pause)
            else:
                self._pause = 0.0

    def _next_group(self) -> list[_Item]:
        """What waits, and what has been submitted meanwhile; nothing when the thread shall end."""
        group, self._waiting = self._waiting, []
        while len(group) < LARGEST_GROUP and not self._closing:
            if group and self._queue.empty():
                break
            item = self._queue.get()
            if item is None:
                self._closing = True
            else:
                group.append(item)
        return group

    def _tell(self, notices: list[Notice]) -> None:
        try:
            self._deliver(notices)
        except Exception as error:  # noqa: BLE001 - the ledger's thread must outlive whatever happens
            _say(error)

    def _write(self, group: list[_Item], *, again: bool) -> list[Notice]:
        try:
            receipts = self._commit([item.charge for item in group], again=again)
        except StoreError as error:
            if passes(error):
                return self._put_off(group, error)
            if len(group) == 1:
                return [(group[0].told, error)]
            # One charge that cannot be written must not take the others with it.
            return [notice for item in group for notice in self._write([item], again=again)]
        return [(item.told, receipt) for item, receipt in zip(group, receipts, strict=True)]

    def _put_off(self, group: list[_Item], error: StoreError) -> list[Notice]:
        """Keep what may still wait for the database; the rest fails."""
        now = time.monotonic()
        if not self._pause:
            log.error("charges wait for the database: %s", error.message)
        self._waiting += [item for item in group if item.deadline > now]
        return [(item.told, error) for item in group if item.deadline <= now]

    def _commit(self, charges: list[Charge], *, again: bool) -> list[Receipt]:
        """Write the charges in one transaction; whatever prevents it is a StoreError."""
        try:
            with self._store.writing() as connection:
                outcome = commit_group(connection, charges, again=again)
        except StoreError:
            raise
        except Exception as error:
            # The ledger's thread must outlive whatever happens.
            _say(error)
            raise StoreError(f"the ledger failed: {type(error).__name__}") from error
        return [
            Receipt(
                taken,
                outcome.wallets[charge.user_id].quota,
                outcome.wallets[charge.user_id].used_quota,
                outcome.allowances[charge.token_id].remain_quota,
                outcome.allowances[charge.token_id].used_quota,
                outcome.allowances[charge.token_id].budget_used,
                outcome.allowances[charge.token_id].budget_since,
            )
            for charge, taken in zip(charges, outcome.taken, strict=True)
        ]


def _say(error: Exception) -> None:
    """Log where something failed, without its words: they may be a caller's."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("%s at %s line %s", type(error).__name__, place.filename, place.lineno)


def _call_all(notices: Sequence[Notice]) -> None:
    for told, result in notices:
        told(result)
