"""A batch for callers that block: a loop in a thread of its own, which works in a cell although the
kernel's own loop is running, and without any loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from nexhina_nb.batch.detached import Detached
from nexhina_nb.batch.hedge import Hedge
from nexhina_nb.batch.pace import Pace
from nexhina_nb.batch.patience import PATIENCE, Patience
from nexhina_nb.batch.progress import Report
from nexhina_nb.batch.runner import Part, Runner, Value, Work
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.turns import OwnTurns, Turns
from nexhina_nb.client.lines import open_line
from nexhina_nb.client.shell import Shell

WATCH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Manner:
    """How a batch is carried out: ``most`` calls at once; until ``deadline`` (seconds from now);
    ``hedged``: what is slow to come is asked for a second time. ``turns`` are shared with others.
    ``poll`` is called ten times a second, and may raise to end the batch: where an interrupt does
    not come by itself.
    """

    most: int
    deadline: float | None = None
    hedged: bool = False
    turns: Turns | None = None
    poll: Callable[[], None] | None = None


def carry_out(
    work: Work[Part, Value],
    parts: Iterable[Part],
    client: Shell,
    manner: Manner,
    tally: Tally,
    report: Report,
) -> None:
    """Ask for all parts; ``report`` hears of it ten times a second.

    When this returns or raises, no call is under way any more, but for those of a caller's own
    ``http_client``: nothing can break these off, and what they bring is lost. A deadline is no
    error: the tally says that it came.
    """

    async def main() -> None:
        turns = manner.turns or OwnTurns(Pace(manner.most))
        hedge = Hedge(is_wanted=manner.hedged)
        async with open_line(client, manner.most) as line:
            try:
                async with asyncio.timeout(manner.deadline) as limit:
                    PATIENCE.get().deadline = limit.when() or math.inf
                    await Runner(work, line, turns, tally, hedge=hedge).run(parts)
            except TimeoutError:
                if not limit.expired():
                    raise
                tally.is_late = True

    def watch() -> None:
        report(tally.progress())
        if manner.poll is not None:
            manner.poll()

    try:
        run(main, watch)
    finally:
        # Answers still come in while an interrupt ends the calls.
        report(tally.progress())


def run(main: Callable[[], Awaitable[None]], watch: Callable[[], None]) -> None:
    """Run ``main`` to its end; ``watch`` is called ten times a second from the caller's thread.

    An interrupt (or an error of ``watch``) cancels ``main``, waits until it has let go of its
    connections, and goes on to the caller.
    """
    patience = Patience()
    # Budgets, and where the calls come from, are in the caller's context.
    context = contextvars.copy_context()
    context.run(PATIENCE.set, patience)
    begun: Future[Callable[[], object]] = Future()

    async def body() -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        begun.set_result(partial(loop.call_soon_threadsafe, task.cancel))
        await main()

    with ThreadPoolExecutor(1, "nexhina-batch") as pool:
        try:
            done = pool.submit(context.run, _run, body())
            while not wait([done], WATCH_SECONDS).done:
                watch()
        except BaseException:
            patience.is_interrupted = True
            begun.add_done_callback(_cancel)  # now, or as soon as there is something to cancel
            raise
        done.result()


def _cancel(begun: Future[Callable[[], object]]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has just ended
        begun.result()()


def _run(body: Coroutine[Any, Any, None]) -> None:
    # uvloop is not asked for: it takes in up to two megabytes of a socket at once, wanted yet or
    # not, and is no faster here.
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(body)


def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(Detached())
    return loop
