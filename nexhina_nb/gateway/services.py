"""What every call of a running gateway leans on, built once and passed along."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import APIError, BadRequest, StoreError
from nexhina_nb.gateway.auth import STALE_SECONDS, Accounts
from nexhina_nb.gateway.billing import Till
from nexhina_nb.gateway.health import Health
from nexhina_nb.gateway.limits import Limits
from nexhina_nb.gateway.media import Media
from nexhina_nb.gateway.router import Routes, routes
from nexhina_nb.gateway.upstreams.base import UpstreamPort
from nexhina_nb.gateway.upstreams.registry import Upstreams
from nexhina_nb.gateway.ways import Keys
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.page import from_pricing_page
from nexhina_nb.pricing.price import Price
from nexhina_nb.settings import Settings
from nexhina_nb.store.channels import Channel, list_channels
from nexhina_nb.store.db import Store
from nexhina_nb.store.groups import list_groups
from nexhina_nb.store.options import fallbacks_of, list_options
from nexhina_nb.store.outages import passes
from nexhina_nb.store.prices import current_prices

T = TypeVar("T")
Opened = Callable[[], AbstractContextManager[Connection]]
FRESH_SECONDS = 1.0
_PAUSE = 0.2  # seconds until a store that is away is tried again
log = logging.getLogger("nexhina.gateway")


class Fresh(Generic[T]):
    """A value that is read again when it is older than a second; one reader at a time.

    While the store is away the old value serves on, for up to a minute.
    """

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._read_at = self._tried_at = float("-inf")

    async def get(self) -> T:
        """The value, at most about a second old, or a minute while the store fails."""
        if self._value is None or time.monotonic() - self._tried_at > FRESH_SECONDS:
            async with self._lock:
                if self._value is None or time.monotonic() - self._tried_at > FRESH_SECONDS:
                    self._value = await self._read_again(self._value)
        return self._value

    async def _read_again(self, before: T | None) -> T:
        try:
            value = await self._read()
        except StoreError as error:
            if before is None or time.monotonic() - self._read_at > STALE_SECONDS:
                raise
            if self._tried_at == self._read_at:
                log.error("served from memory while the store is away: %s", error.message)
            self._tried_at = time.monotonic()
            return before
        self._read_at = self._tried_at = time.monotonic()
        return value


class Gateway:
    """The services of one process. Made inside the event loop that it serves."""

    def __init__(
        self, settings: Settings, store: Store, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self.store = store
        self.accounts = Accounts(store)
        self.till = Till(store, settings.store_patience)
        self.limits = Limits(settings.queue_length)
        self.media = Media(settings.home / "media")
        self._routes = Fresh(self._read_routes)
        self._prices = Fresh(self._read_prices)
        self._options = Fresh(self._read_options)
        self.health = Health(clock)
        self.upstreams = Upstreams(settings)
        self.keys = Keys(self.upstreams.count_keys)
        self._running: set[asyncio.Task[Any]] = set()

    async def routes(self) -> Routes:
        """The channels in force."""
        return await self._routes.get()

    async def options(self) -> Mapping[str, str]:
        """What an administrator has set."""
        return await self._options.get()

    async def catalog(self) -> Catalog:
        """The prices in force: this store's own over the packaged table."""
        return await self._prices.get()

    async def price(self, model: str) -> Price:
        """What a model costs. Raises BadRequest (model_price_error): unknown is not free."""
        price = (await self.catalog()).price(model)
        if price is None:
            raise BadRequest(
                f"no price is set for the model '{model}'; an administrator can set one with "
                f"`nexhina prices set {model} --input USD --output USD`",
                code="model_price_error",
                param="model",
            )
        return price

    def upstream(self, channel: Channel, key_index: int = 0) -> UpstreamPort:
        """Where a channel's calls go with one of its keys; connections are kept between calls."""
        return self.upstreams.port(channel, key_index)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something to its end although its caller has left; `aclose` waits for it."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def attend(self) -> None:
        """Have `aclose` wait for the task that calls this: it has something to settle."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        # Said here, since perhaps nobody waits for it any more; an APIError is in the log already.
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, APIError):
            log.error("left undone: %s", type(error).__name__)

    async def aclose(self) -> None:
        """Finish what runs, settle it, close every connection."""
        self.limits.close()
        own = asyncio.current_task()
        while others := self._running - {own}:
            await asyncio.wait(others)
        await self.upstreams.aclose()
        await self.till.aclose()

    async def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """Ask the store, beside the event loop; ``query`` is given a connection first."""
        return await run_in_threadpool(self._query, self.store.reading, query, arguments)

    async def write(self, change: Callable[..., T], *arguments: Any) -> T:
        """Change the store, likewise, in one transaction."""
        return await run_in_threadpool(self._query, self.store.writing, change, arguments)

    async def keep(self, change: Callable[..., T], *arguments: Any) -> T:
        """Change the store as soon as it is there, within the patience that bills have. Since a
        commit may succeed without anybody hearing of it, doing it twice must come to the same.
        """
        deadline = time.monotonic() + self.settings.store_patience
        while True:
            try:
                return await self.write(change, *arguments)
            except StoreError as error:
                if not passes(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_PAUSE)

    async def _read_routes(self) -> Routes:
        routes = await self.read(_read_routes)
        self.upstreams.keep_only(routes.channels)
        return routes

    async def _read_options(self) -> dict[str, str]:
        return await self.read(list_options)

    async def _read_prices(self) -> Catalog:
        texts = await self.read(current_prices)
        page = {"data": [orjson.loads(text) for text in texts.values()]}
        return Catalog.bundled().with_overrides(from_pricing_page(page))

    def _query(self, opened: Opened, query: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        with opened() as connection:
            return query(connection, *arguments)


def _read_routes(connection: Connection) -> Routes:
    options = list_options(connection)
    fallbacks = fallbacks_of(options["ModelFallbacks"])
    return routes(list_channels(connection), list_groups(connection), fallbacks)
