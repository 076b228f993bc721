"""What every call of a running gateway leans on, built once and passed along."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import APIError, BadRequest
from nexhina_nb.gateway.auth import Accounts
from nexhina_nb.gateway.billing import Till
from nexhina_nb.gateway.limits import Limits
from nexhina_nb.gateway.media import Media
from nexhina_nb.gateway.router import Routes, routes
from nexhina_nb.gateway.upstreams.base import UpstreamPort
from nexhina_nb.gateway.upstreams.registry import connect
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.page import from_pricing_page
from nexhina_nb.pricing.price import Price
from nexhina_nb.settings import Settings
from nexhina_nb.store.channels import Channel, list_channels
from nexhina_nb.store.db import Store
from nexhina_nb.store.groups import list_groups
from nexhina_nb.store.options import fallbacks_of, list_options
from nexhina_nb.store.prices import current_prices

T = TypeVar("T")
Opened = Callable[[], AbstractContextManager[Connection]]
FRESH_SECONDS = 1.0
log = logging.getLogger("nexhina.gateway")


class Fresh(Generic[T]):
    """A value that is read again when it is older than a second; one reader at a time."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._read_at = float("-inf")

    async def get(self) -> T:
        """The value, at most about a second old."""
        if self._value is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            async with self._lock:
                if self._value is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                    self._value = await self._read()
                    self._read_at = time.monotonic()
        return self._value


class Gateway:
    """The services of one process. Made inside the event loop that it serves."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.accounts = Accounts(store)
        self.till = Till(store)
        self.limits = Limits()
        self.media = Media(settings.home / "media")
        self._routes = Fresh(self._read_routes)
        self._prices = Fresh(self._read_prices)
        self._upstreams: dict[tuple[object, ...], UpstreamPort] = {}
        self._running: set[asyncio.Task[Any]] = set()

    async def routes(self) -> Routes:
        """The channels in force."""
        return await self._routes.get()

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

    def upstream(self, channel: Channel) -> UpstreamPort:
        """Where a channel's calls go; the connections are kept between calls."""
        key = channel.id, channel.base_url, *channel.keys
        if (upstream := self._upstreams.get(key)) is None:
            upstream = self._upstreams[key] = connect(channel, self.settings)
        return upstream

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
        own = asyncio.current_task()
        while others := self._running - {own}:
            await asyncio.wait(others)
        for upstream in self._upstreams.values():
            await upstream.aclose()
        await self.till.aclose()

    async def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """Ask the store, beside the event loop; ``query`` is given a connection first."""
        return await run_in_threadpool(self._query, self.store.reading, query, arguments)

    async def write(self, change: Callable[..., T], *arguments: Any) -> T:
        """Change the store, likewise, in one transaction."""
        return await run_in_threadpool(self._query, self.store.writing, change, arguments)

    async def _read_routes(self) -> Routes:
        return await self.read(_read_routes)

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
