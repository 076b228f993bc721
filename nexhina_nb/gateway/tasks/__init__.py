"""Videos in the making: each order is followed to its end, also across restarts of the gateway.

The built-in engine films in a thread (`filming`), an upstream is asked how far it is (`polling`).
An order that fails, or is not finished within a day, is paid back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import APIError, NexhinaError, StoreError, UpstreamTimeout
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.router import upstream_model
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.tasks.filming import PICTURES, Studio
from nexhina_nb.gateway.tasks.polling import follow
from nexhina_nb.gateway.upstreams.base import Form
from nexhina_nb.store import tasks as rows
from nexhina_nb.store.channels import Channel
from nexhina_nb.store.moves import refund
from nexhina_nb.store.tasks import Task
from nexhina_nb.wire.masking import masked

LONGEST = 1440 * 60  # seconds that an order may take (contract 2.9)
_DAY = 86_400
_STEP = 10  # percent between two rows of progress in the store
_PATIENCE = 5.0  # seconds until a store that failed is tried again
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
        for task in await self._gateway.read(rows.unfinished_tasks):
            if await self._gateway.read(rows.is_paid, task):
                self.begin(task)
            else:  # its caller was never answered: the gateway died in between
                await self.delete(task)
        self._pruner = asyncio.create_task(self._prune())

    def begin(self, task: Task) -> None:
        """Follow an order that is in the store, and paid."""
        follower = asyncio.create_task(self._follow(task))
        self._followers[task.id] = follower
        follower.add_done_callback(lambda _: self._forget(task.id))

    async def add(self, task: Task, body: Mapping[str, Any], form: Form | None) -> Task:
        """Keep a new order, and the picture that it begins with."""
        if not task.upstream_id:
            await run_in_threadpool(self._studio.keep_picture, task, body, form)
        slim = {name: value for name, value in task.request.items() if name not in PICTURES}
        task = replace(task, request=slim)
        try:
            await self._gateway.keep(rows.add_task, task)
        except StoreError:
            await run_in_threadpool(self._studio.discard, task.id)
            raise
        return task

    def settled(self, task: Task, is_paid: bool) -> None:
        """Follow an order that is paid; forget one whose bill could not be written."""
        if is_paid:
            self.begin(task)
        else:
            self._gateway.spawn(self.delete(task))

    async def find(self, user_id: int, task_id: str) -> Task | None:
        """An order of this user, with its progress of this moment."""
        found = await self._gateway.read(rows.find_task, user_id, task_id)
        return None if found is None else self._current(found)

    async def list(
        self, user_id: int, *, after: Task | None, limit: int, newest_first: bool
    ) -> list[Task]:
        """A user's orders, from the one that follows ``after``."""

        def query(connection: Connection) -> list[Task]:
            return rows.list_tasks(
                connection, user_id, after=after, limit=limit, newest_first=newest_first
            )

        return [self._current(task) for task in await self._gateway.read(query)]

    async def delete(self, task: Task) -> None:
        """Forget an order and its files; work on it ends. What it cost stays charged."""
        follower = self._followers.get(task.id)
        if follower is not None:
            follower.cancel()
            await asyncio.wait([follower])
        await self._gateway.write(rows.delete_task, task.id)
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
            error: Exception = UpstreamTimeout("the video was not finished within a day")
        except Exception as failure:  # noqa: BLE001 - whatever it is, the money goes back
            error = failure
        else:
            await self._end(task, status=rows.COMPLETED, progress=100, url=url)
            return
        if not isinstance(error, NexhinaError):
            log.error("a video failed: %s", type(error).__name__)
        told = as_api_error(error)
        cause = {"code": told.code or "server_error", "message": await self._words(task, told)}
        await self._end(task, status=rows.FAILED, error=cause)

    async def _made(self, task: Task) -> str:
        """Returns when the video is there: an address that the upstream named, or nothing."""
        if task.upstream_id:
            upstream = self._gateway.upstream(await self._channel(task))
            return await follow(upstream, task, lambda percent: self._report(task, percent))
        async with self._studio.turn:
            await self._report(task, 0)
            loop = asyncio.get_running_loop()

            def tell(percent: int) -> None:
                loop.call_soon_threadsafe(self._progress.__setitem__, task.id, percent)

            engine = upstream_model(await self._channel(task), task.model)
            await self._studio.make(task, engine, tell)
        return ""

    async def _words(self, task: Task, error: APIError) -> str:
        """What the caller is told of a failure: nothing that gives away the channel."""
        if not task.upstream_id:
            return error.message
        with suppress(NexhinaError):
            return self._gateway.upstreams.masked(await self._channel(task), 0, error.message)
        return masked(error.message)

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
            changes = {"progress": percent, "started_at": started}
            with suppress(StoreError):  # it is told from memory, too
                await self._gateway.write(_change, task, rows.IN_PROGRESS, changes)

    async def _end(self, task: Task, *, status: str, **changes: Any) -> None:
        """Write how an order ended, as soon as the store takes it."""
        changes["finished_at"] = int(time.time())
        while True:
            try:
                return await self._gateway.write(_change, task, status, changes)
            except StoreError as error:
                log.error("the end of a video is not in the store yet: %s", error)
            await asyncio.sleep(_PATIENCE)

    async def _prune(self) -> None:
        while True:
            before = int(time.time() - self._gateway.settings.keep_days * _DAY)
            with suppress(StoreError):
                for task in await self._gateway.read(rows.expired_tasks, before):
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


def _change(connection: Connection, task: Task, status: str, changes: Mapping[str, Any]) -> None:
    """Write what has become of an order; one that failed is paid back: both, or neither."""
    rows.change_task(connection, task.id, status=status, **changes)
    if status == rows.FAILED:
        reason = changes["error"]["message"]
        facts = {"is_task": True, "task_id": task.id, "reason": reason}
        refund(connection, task.request_id, reason, facts)
