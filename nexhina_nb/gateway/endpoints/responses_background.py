"""Responses that run in the background: their callers may leave, and come back for them.

Upstream such a call is a stream like any other.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import Any

import orjson

from nexhina_nb.errors import APIError, NexhinaError, StoreError, Upstream
from nexhina_nb.gateway.endpoints.responses_archive import Archive, Context
from nexhina_nb.gateway.endpoints.responses_run import Run
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.streaming import relay
from nexhina_nb.gateway.upstreams.base import Answer
from nexhina_nb.wire.errors import from_body
from nexhina_nb.wire.sse import Decoder

log = logging.getLogger("nexhina.gateway")

Payload = dict[str, Any]

_CANCELLED = "the response was cancelled"
_STOPPED = "the gateway was stopped before the response was complete"


class Runs:
    """The responses that run in the background of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.archive = Archive(gateway)
        self._drain_timeout = gateway.settings.drain_timeout
        self._runs: dict[tuple[int, str], tuple[Run, asyncio.Task[None]]] = {}

    async def start(self, exchange: Exchange, response: Payload, context: Context) -> Run:
        """Keep a response as queued, and let it run. Raises StoreError."""
        run = Run(exchange, response, context)
        self.archive.under_way[run.key] = run
        try:
            await self.archive.save(run.kept())
        except BaseException:
            del self.archive.under_way[run.key]
            raise
        self._runs[run.key] = run, asyncio.create_task(self._drive(run))
        return run

    def find(self, user_id: int, id: str) -> Run | None:
        """A response that runs."""
        run, _ = self._runs.get((user_id, id), (None, None))
        return run

    async def cancel(self, user_id: int, id: str) -> None:
        """End a response and its call; returns when that is done."""
        if (found := self._runs.get((user_id, id))) is None:
            return
        run, task = found
        if not (run.is_unwanted or run.is_complete):
            run.is_unwanted = True
            task.cancel()
        await asyncio.wait([task])

    async def aclose(self) -> None:
        """Wait for what runs, but not for ever: what takes too long has failed."""
        runs = list(self._runs.values())
        if not runs:
            return
        await asyncio.wait([task for _, task in runs], timeout=self._drain_timeout)
        for run, task in runs:
            if not (run.is_unwanted or run.is_complete):
                task.cancel()
        await asyncio.wait([task for _, task in runs])

    async def _drive(self, run: Run) -> None:
        try:
            await self._finish(run)
        finally:
            run.end()
            del self._runs[run.key], self.archive.under_way[run.key]

    async def _finish(self, run: Run) -> None:
        """Run to whichever end, and keep what came of it before anybody sees that."""
        gone: APIError | None = None
        try:
            await _go(run)
        except asyncio.CancelledError:
            if run.is_unwanted:
                gone = APIError(_CANCELLED, status=499, code="client_closed")
                run.cancel()
            else:
                gone = Upstream(_STOPPED)
                run.fail(gone)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stay under way
            gone = as_api_error(error)
            run.fail(gone)
            if not isinstance(error, NexhinaError):
                log.error("a response in the background failed: %s", type(error).__name__)
        try:
            if gone is not None:
                await run.exchange.failed(gone)
            await self.archive.save(run.kept())
        except StoreError as unwritten:
            log.error("a response in the background is not kept: %s", unwritten)
            run.fail(as_api_error(unwritten))


async def _go(run: Run) -> None:
    exchange = run.exchange
    answer = await exchange.open()
    if answer.status >= 400 or "json" in answer.headers.get("content-type", ""):
        status, _, content = await exchange.whole(answer)
        payload = orjson.loads(content)
        if status >= 400:
            raise from_body(status, payload, {})
        run.complete(payload)
    else:
        await _follow(run, answer)
    if not run.is_complete:
        raise Upstream("the upstream ended before the response was complete")


async def _follow(run: Run, answer: Answer) -> None:
    decoder = Decoder()
    try:
        async with aclosing(relay(run.exchange, answer)) as pieces:
            async for piece in pieces:
                for event in decoder.feed(piece):
                    run.take(event)
    finally:
        # Also one that was cancelled ends when it is paid for.
        with suppress(NexhinaError):
            await run.exchange.bill()
