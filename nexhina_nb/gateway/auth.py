"""Who is calling: from the bearer key to an account with its live balances.

Accounts are kept in memory and read again after a second, so that a call costs no query, and a key
that was revoked, or a wallet that was filled, by another process is seen at once in human terms.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import Authentication, PermissionDenied
from nexhina_nb.store.accounts import ENABLED, Account, find_account, hash_key
from nexhina_nb.store.db import Store
from nexhina_nb.store.terms import NEVER

FRESH_SECONDS = 1.0
# A key is 51 characters; a longer header is not worth hashing.
_LONGEST_KEY = 256


@dataclass(slots=True)
class Balance:
    """Quota that is left and what of it is held for running calls; ``version`` counts
    settlements.
    """

    left: int
    held: int = 0
    version: int = 0

    @property
    def free(self) -> int:
        """What a new call may still reserve."""
        return self.left - self.held


@dataclass(slots=True)
class Caller:
    """The account behind a key, with its balances as the running calls see them."""

    key_hash: str
    account: Account
    wallet: Balance
    allowance: Balance
    read_at: float
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Accounts:
    """Key → caller. Used from one event loop."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._callers: dict[str, Caller] = {}
        self._wallets: dict[int, Balance] = {}
        self._allowances: dict[int, Balance] = {}

    async def authenticate(self, authorization: str | None, *, to_look: bool = False) -> Caller:
        """The caller of a request. Raises Authentication (401) or PermissionDenied (403).

        With ``to_look`` the key only asks about itself: it may be expired or spent (contract 7.3),
        and is read afresh.
        """
        key_hash = hash_key(_bearer(authorization))
        caller = self._callers.get(key_hash)
        if caller is None:
            caller = await self._first_sight(key_hash)
        elif to_look or self._clock() - caller.read_at > FRESH_SECONDS:
            await self.refresh(caller)
        _admit(caller.account, to_look=to_look)
        return caller

    async def refresh(self, caller: Caller) -> None:
        """Read the account again; who comes while that is being done waits for it instead.

        Raises Authentication when the key is gone from the store.
        """
        seen = caller.read_at
        async with caller.refreshing:
            if caller.read_at == seen:
                await self._read_again(caller)
        if self._callers.get(caller.key_hash) is not caller:
            raise _refused()

    async def _read_again(self, caller: Caller) -> None:
        versions = caller.wallet.version, caller.allowance.version
        account = await run_in_threadpool(self._read, caller.key_hash)
        caller.read_at = self._clock()
        if account is None:
            self._callers.pop(caller.key_hash, None)
            return
        caller.account = account
        # A settlement that was told meanwhile is newer than what was read.
        if versions == (caller.wallet.version, caller.allowance.version):
            caller.wallet.left = account.quota
            caller.allowance.left = account.remain_quota

    async def _first_sight(self, key_hash: str) -> Caller:
        account = await run_in_threadpool(self._read, key_hash)
        if account is None:
            raise _refused()
        if (known := self._callers.get(key_hash)) is not None:
            return known
        caller = Caller(
            key_hash=key_hash,
            account=account,
            wallet=self._wallets.setdefault(account.user_id, Balance(account.quota)),
            allowance=self._allowances.setdefault(account.token_id, Balance(account.remain_quota)),
            read_at=self._clock(),
        )
        self._callers[key_hash] = caller
        return caller

    def _read(self, key_hash: str) -> Account | None:
        with self._store.reading() as connection:
            return find_account(connection, key_hash)


def carried(headers: Mapping[str, str], dialect: str = "openai") -> str | None:
    """The ``authorization`` of a request. Anthropic's clients may send a bare ``x-api-key``, which
    goes before it.
    """
    key = headers.get("x-api-key") if dialect == "anthropic" else None
    return f"Bearer {key}" if key else headers.get("authorization")


def _bearer(authorization: str | None) -> str:
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key or " " in key or len(key) > _LONGEST_KEY:
        raise _refused()
    return key


def _admit(account: Account, *, to_look: bool) -> None:
    if account.user_status != ENABLED:
        raise PermissionDenied("this user is disabled", code="user_disabled")
    spent = not account.unlimited_quota and account.remain_quota <= 0
    expired = account.expired_time != NEVER and account.expired_time < time.time()
    if account.token_status != ENABLED or ((expired or spent) and not to_look):
        raise _refused()


def _refused() -> Authentication:
    return Authentication("Incorrect API key provided")
