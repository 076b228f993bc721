"""A line: what a batch runs its flows on, in a loop of its own, with the session of a client that
somebody has made.

Batches decide themselves what to try again, so a line tries once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from nexhina_nb.client.aio import beside, carry_out
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.sync import Client
from nexhina_nb.errors import BadInput
from nexhina_nb.retry import Policy

T = TypeVar("T")
ONCE = Policy(max_retries=0)


@dataclass(frozen=True, slots=True)
class Line:
    """Runs flows of ``session``; ``patience`` is how often the client itself would try again."""

    session: Session
    patience: int
    _run: Callable[[Flow[Any]], Awaitable[Any]]

    async def run(self, flow: Flow[T]) -> T:
        """What the flow returns, or the error it raises."""
        result: T = await self._run(flow)
        return result


@asynccontextmanager
async def open_line(client: Shell, most: int) -> AsyncIterator[Line]:
    """A line with connections of its own, for ``most`` calls at once.

    A client with a caller's own ``http_client`` is used as it is, in threads: only that one knows
    the proxies and certificates that it was made with. An asynchronous one belongs to the caller's
    loop, so it is refused.
    """
    session, patience = replace(client._session, policy=ONCE), client._session.policy.max_retries
    if not client._transport.given:
        async with beside(client, session) as own:
            yield Line(session, patience, partial(carry_out, own))
        return
    if not isinstance(client, Client):
        raise BadInput(
            "this AsyncClient has an http_client of its own, which belongs to another loop",
            hint="pass a Client, or an AsyncClient without http_client",
        )
    loop, pool, call = (
        asyncio.get_running_loop(),
        ThreadPoolExecutor(most, "nexhina-call"),
        client._run,
    )

    def beside_loop(flow: Flow[Any]) -> Awaitable[Any]:
        # Budgets, and where the call comes from, are in the context.
        return loop.run_in_executor(pool, copy_context().run, call, flow)

    try:
        yield Line(session, patience, beside_loop)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
