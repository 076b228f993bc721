"""A loop in a thread of its own, for code that blocks: it works in a cell although the kernel's own
loop is running, and without any loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

WATCH_SECONDS = 0.1


def run(main: Callable[[], Awaitable[None]], watch: Callable[[], None]) -> None:
    """Run ``main`` to its end; ``watch`` is called ten times a second from the caller's thread.

    An interrupt (or an error of ``watch``) cancels ``main``, waits until it has let go of its
    connections, and goes on to the caller.
    """
    begun: Future[Callable[[], object]] = Future()

    async def body() -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        begun.set_result(partial(loop.call_soon_threadsafe, task.cancel))
        await main()

    with ThreadPoolExecutor(1, "nexhina-batch") as pool:
        done = pool.submit(_run, body())
        try:
            while not wait([done], WATCH_SECONDS).done:
                watch()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                begun.result()()
            raise
        done.result()


def _run(body: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(body)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if importlib.util.find_spec("uvloop") is None:  # it does not exist for Windows
        return asyncio.new_event_loop
    import uvloop  # noqa: PLC0415 - heavy, and only where it exists

    return uvloop.new_event_loop
