"""The one writer of a running gateway: charges that arrive together are committed together.

A commit costs the same for one charge as for a hundred, so the thread takes whatever has queued up
while the previous group was being written. Who submits a charge is told when it is on disk: an
answer's last byte waits for that, and then a process killed the next instant has still recorded it.
"""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nexhina_nb.errors import StoreError
from nexhina_nb.store.db import Store
from nexhina_nb.store.ledger import Charge, commit_group

LARGEST_GROUP = 512
log = logging.getLogger("nexhina.store")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A committed charge: what was taken, and the balances right after its group."""

    taken: int
    quota: int
    used_quota: int
    remain_quota: int
    token_used: int


Told = Callable[[Receipt | StoreError], None]
Notice = tuple[Told, Receipt | StoreError]


class Writer:
    """A thread that commits charges. ``deliver`` gets the notices of a group, once per group.

    An event loop passes something that hands them over to its own thread; the default calls them
    where they arise.
    """

    def __init__(
        self, store: Store, deliver: Callable[[Sequence[Notice]], None] | None = None
    ) -> None:
        self._store = store
        self._deliver = deliver or _call_all
        self._queue: queue.SimpleQueue[tuple[Charge, Told] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="nexhina-ledger", daemon=True)
        self._thread.start()

    def submit(self, charge: Charge, told: Told) -> None:
        """Have a charge written; ``told`` is called with its receipt, or with why it failed."""
        self._queue.put((charge, told))

    def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            last = False
            while len(group) < LARGEST_GROUP and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            self._tell(self._write(group))
            if last:
                return

    def _tell(self, notices: list[Notice]) -> None:
        try:
            self._deliver(notices)
        except Exception as error:  # noqa: BLE001 - the ledger's thread must outlive whatever happens
            _say(error)

    def _write(self, group: list[tuple[Charge, Told]]) -> list[Notice]:
        try:
            receipts = self._commit([charge for charge, _ in group])
        except StoreError as error:
            if len(group) == 1:
                return [(group[0][1], error)]
            # One charge that cannot be written must not take the others with it.
            return [notice for item in group for notice in self._write([item])]
        return [(told, receipt) for (_, told), receipt in zip(group, receipts, strict=True)]

    def _commit(self, charges: list[Charge]) -> list[Receipt]:
        """Write the charges in one transaction; whatever prevents it is a StoreError."""
        try:
            with self._store.writing() as connection:
                outcome = commit_group(connection, charges)
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
