"""Videos in the making: each order is followed to its end, also across restarts of the gateway.

The built-in engine films in a thread (`filming`), an upstream is asked how far it is (`polling`).
An order that fails, or is not finished within a day, is paid back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import APIError, NexhinaError, UpstreamTimeout
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.tasks.filming import PICTURES, Studio
from nexhina_nb.gateway.tasks.polling import follow
from nexhina_nb.gateway.upstreams.base import Form
from nexhina_nb.store import tasks as rows
from nexhina_nb.store.channels import Channel
from nexhina_nb.store.ledger import refund
from nexhina_nb.store.tasks import Task

LONGEST = 1440 * 60  # seconds that an order may take (contract 2.9)
_DAY = 86_400
_STEP = 10  # percent between two rows of progress in the store
T = TypeVar("T")
log = logging.getLogger("nexhina.gateway")


class Tasks:
    """The orders of one gateway. Belongs to its event loop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._studio = Studio(gateway.settings)
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, int] = {}
        self._pruner: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on with what an earlier gateway left unfinished."""
        for task in await self._write(rows.unfinished_tasks):
            self.begin(task)
        self._pruner = asyncio.create_task(self._prune())

    def begin(self, task: Task) -> None:
        """Follow an order that is in the store."""
        follower = asyncio.create_task(self._follow(task))
        self._followers[task.id] = follower
        follower.add_done_callback(lambda _: self._forget(task.id))

    async def add(self, task: Task, body: Mapping[str, Any], form: Form | None) -> None:
        """Keep a new order with the picture that it begins with, and follow it."""
        if not task.upstream_id:
            await run_in_threadpool(self._studio.keep_picture, task, body, form)
        slim = {name: value for name, value in task.request.items() if name not in PICTURES}
        task = replace(task, request=slim)
        await self._write(rows.add_task, task)
        self.begin(task)

    async def find(self, user_id: int, task_id: str) -> Task | None:
        """An order of this user, with its progress of this moment."""
        found = await self._write(rows.find_task, user_id, task_id)
        return None if found is None else self._current(found)

    async def list(
        self, user_id: int, *, after: Task | None, limit: int, newest_first: bool
    ) -> list[Task]:
        """A user's orders, from the one that follows ``after``."""

        def query(connection: Connection) -> list[Task]:
            return rows.list_tasks(
                connection, user_id, after=after, limit=limit, newest_first=newest_first
            )

        return [self._current(task) for task in await self._write(query)]

    async def delete(self, task: Task) -> None:
        """Forget an order and its files; work on it ends. What it cost stays charged."""
        follower = self._followers.get(task.id)
        if follower is not None:
            follower.cancel()
            await asyncio.wait([follower])
        await self._write(rows.delete_task, task.id)
        await run_in_threadpool(self._studio.discard, task.id)

    def film(self, task: Task) -> Path:
        """Where the built-in engine puts the video of an order."""
        return self._studio.film(task.id)

    async def aclose(self) -> None:
        """Stop following; what is unfinished is taken up by the next gateway."""
        running = [*self._followers.values(), *([self._pruner] if self._pruner else [])]
        for follower in running:
            follower.cancel()
        if running:
            await asyncio.wait(running)

    async def _follow(self, task: Task) -> None:
        try:
            async with asyncio.timeout(task.created_at + LONGEST - time.time()):
                url = await self._made(task)
        except TimeoutError:
            await self._failed(task, UpstreamTimeout("the video was not finished within a day"))
        except NexhinaError as error:
            await self._failed(task, error)
        else:
            await self._change(
                task, status=rows.COMPLETED, progress=100, url=url, finished_at=int(time.time())
            )

    async def _made(self, task: Task) -> str:
        """Returns when the video is there: an address that the upstream named, or nothing."""
        if task.upstream_id:
            upstream = self._gateway.upstream(await self._channel(task))
            return await follow(upstream, task, lambda percent: self._report(task, percent))
        async with self._studio.turn:
            await self._report(task, 0)
            loop = asyncio.get_running_loop()

            def tell(percent: int) -> None:
                asyncio.run_coroutine_threadsafe(self._report(task, percent), loop)

            await self._studio.make(task, tell)
        return ""

    async def _channel(self, task: Task) -> Channel:
        routes = await self._gateway.routes()
        found = [row for row in routes.channels if row.id == task.channel]
        if not found:
            raise APIError("the channel of this video has been removed", code="channel_removed")
        return found[0]

    async def _report(self, task: Task, percent: int) -> None:
        before = self._progress.get(task.id)
        self._progress[task.id] = percent
        if before is None or percent // _STEP > before // _STEP:
            started = task.started_at or int(time.time())
            await self._change(task, status=rows.IN_PROGRESS, progress=percent, started_at=started)

    async def _failed(self, task: Task, error: NexhinaError) -> None:
        """Note why, and give the money back: both, or neither."""
        code = getattr(error, "code", None) or "server_error"

        def write(connection: Connection) -> None:
            rows.change_task(
                connection,
                task.id,
                status=rows.FAILED,
                error={"code": code, "message": error.message},
                finished_at=int(time.time()),
            )
            facts = {"is_task": True, "task_id": task.id, "reason": error.message}
            refund(connection, task.request_id, error.message, facts)

        await self._write(write)

    async def _change(self, task: Task, **changes: Any) -> None:
        await self._write(lambda connection: rows.change_task(connection, task.id, **changes))

    async def _prune(self) -> None:
        while True:
            before = int(time.time() - self._gateway.settings.keep_days * _DAY)
            for task in await self._write(rows.expired_tasks, before):
                await self.delete(task)
            await asyncio.sleep(_DAY)

    def _current(self, task: Task) -> Task:
        if task.is_finished or task.id not in self._progress:
            return task
        return replace(task, progress=self._progress[task.id])

    def _forget(self, task_id: str) -> None:
        follower = self._followers.pop(task_id)
        self._progress.pop(task_id, None)
        if not follower.cancelled() and (error := follower.exception()) is not None:
            log.error("a video is no longer followed: %s", type(error).__name__)

    async def _write(self, query: Callable[..., T], *arguments: Any) -> T:
        def run() -> T:
            with self._gateway.store.writing() as connection:
                return query(connection, *arguments)

        return await run_in_threadpool(run)
