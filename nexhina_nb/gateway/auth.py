"""Who is calling, and from where: from the bearer key to an account with its live balances.

Accounts are kept in memory and read again after a second, so that a call costs no query, and a key
that was revoked, or a wallet that was filled, by another process is seen at once in human terms.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import Authentication, BadRequest, PermissionDenied, StoreError
from nexhina_nb.gateway.balances import Balance, Budget
from nexhina_nb.store.accounts import ENABLED, Account, find_account, hash_key
from nexhina_nb.store.db import Store
from nexhina_nb.store.terms import NEVER

FRESH_SECONDS = 1.0
# How long what is known serves on while the store is away.
STALE_SECONDS = 60.0
# A key is 51 characters; a longer header is not worth hashing.
_LONGEST_KEY = 256


@dataclass(slots=True)
class Caller:
    """The account behind a key, with its balances as the running calls see them."""

    key_hash: str
    account: Account
    wallet: Balance
    allowance: Balance
    budget: Budget
    read_at: float
    seen_at: float  # when the store last told of it; `read_at` is when it was last asked
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Accounts:
    """Key → caller. Used from one event loop."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._callers: dict[str, Caller] = {}
        self._wallets: dict[int, Balance] = {}
        self._allowances: dict[int, Balance] = {}
        self._budgets: dict[int, Budget] = {}

    async def authenticate(
        self, authorization: str | None, address: str = "", *, to_look: bool = False
    ) -> Caller:
        """The caller of a request that came from an ``address`` (`address_of`).

        With ``to_look`` the key only asks about itself: it may be expired or spent (contract 7.3),
        and is read afresh. Raises Authentication (401) or PermissionDenied (403).
        """
        key = _bearer(authorization)
        caller = await self._known(hash_key(key), to_look)
        if caller is None and (start := _without_pin(key)):
            caller = await self._known(hash_key(start), to_look)
        if caller is None:
            raise _refused()
        _admit(caller.account, address, to_look=to_look)
        return caller

    async def _known(self, key_hash: str, to_look: bool) -> Caller | None:
        caller = self._callers.get(key_hash)
        if caller is None:
            return await self._first_sight(key_hash)
        if to_look or self._clock() - caller.read_at > FRESH_SECONDS:
            await self.refresh(caller)
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
        try:
            account = await run_in_threadpool(self._read, caller.key_hash)
        except StoreError:
            # `services` says in the log that the store is away.
            if self._clock() - caller.seen_at > STALE_SECONDS:
                raise
            caller.read_at = self._clock()
            return
        caller.read_at = caller.seen_at = self._clock()
        if account is None:
            self._callers.pop(caller.key_hash, None)
            return
        caller.account = account
        # A settlement that was told meanwhile is newer than what was read.
        if versions == (caller.wallet.version, caller.allowance.version):
            caller.wallet.left = account.quota
            caller.allowance.left = account.remain_quota
            caller.budget.used, caller.budget.since = account.budget_used, account.budget_since

    async def _first_sight(self, key_hash: str) -> Caller | None:
        account = await run_in_threadpool(self._read, key_hash)
        if account is None:
            return None
        if (known := self._callers.get(key_hash)) is not None:
            return known
        caller = Caller(
            key_hash=key_hash,
            account=account,
            wallet=self._wallets.setdefault(account.user_id, Balance(account.quota)),
            allowance=self._allowances.setdefault(account.token_id, Balance(account.remain_quota)),
            budget=self._budgets.setdefault(
                account.token_id, Budget(account.budget_used, account.budget_since)
            ),
            read_at=(now := self._clock()),
            seen_at=now,
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


def address_of(scope: Mapping[str, Any]) -> str:
    """Where a request came from: the peer of its connection, nothing if that has no address.

    Headers that proxies write are not looked at, since a caller could write them as well.
    """
    client = scope.get("client")
    return str(client[0]) if client else ""


def pin_of(authorization: str | None, caller: Caller) -> int | None:
    """The channel that a key names, ``sk-<key>-<channel>`` (contract 2.1), or None.

    Raises PermissionDenied for a key that does not manage, BadRequest for what is no number.
    """
    key = _bearer(authorization)
    if not _without_pin(key) or hash_key(key) == caller.key_hash:
        return None
    if not caller.account.manages:
        raise PermissionDenied("only a key that manages the gateway may name a channel")
    channel = key.rpartition("-")[2]
    if not (channel.isascii() and channel.isdecimal() and len(channel) < 10):
        raise BadRequest("the channel that the key names is not a number")
    return int(channel)


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is in one of the networks; an IPv4 address also in its IPv6 form."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in ip_network(text, strict=False) for text in networks)


def _without_pin(key: str) -> str:
    """The key itself where it may name a channel too, else nothing."""
    start, _, _ = key.rpartition("-")
    return start if start not in ("", "sk") else ""


def _bearer(authorization: str | None) -> str:
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key or " " in key or len(key) > _LONGEST_KEY:
        raise _refused()
    return key


def _admit(account: Account, address: str, *, to_look: bool) -> None:
    """The gates of contract 2.1, in their order: the key, the address, the user."""
    spent = not account.unlimited_quota and account.remain_quota <= 0
    expired = account.expired_time != NEVER and account.expired_time < time.time()
    if account.token_status != ENABLED or ((expired or spent) and not to_look):
        raise _refused()
    if account.allow_ips and not is_within(address, account.allow_ips):
        raise PermissionDenied("this key may not be used from your address")
    if account.user_status != ENABLED:
        raise PermissionDenied("this user is disabled", code="user_disabled")


def _refused() -> Authentication:
    return Authentication("Incorrect API key provided")
