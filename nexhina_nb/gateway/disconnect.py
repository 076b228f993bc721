"""Noticing that a caller has left, so that nobody works, or pays, for an answer that nobody
reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive


class ClientGone(Exception):
    """The caller closed the connection before the answer was complete."""


@asynccontextmanager
async def leaving(receive: Receive) -> AsyncIterator[None]:
    """Cancel the block when the caller disconnects; that comes out as ClientGone.

    The request's body must have been read: the next thing to receive is then the end.
    """
    task = asyncio.current_task()
    assert task is not None
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        # Only this watcher's own cancellation is turned into an error; the server's goes on.
        if gone and task.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        watcher.cancel()
