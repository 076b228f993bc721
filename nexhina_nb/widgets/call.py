"""One call of a chat, in a thread of its own, so that the kernel stays free while it runs."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

from nexhina_nb.client.cost import Cost
from nexhina_nb.client.replies import partial_reply
from nexhina_nb.client.sync import ChatStream, Client
from nexhina_nb.errors import NexhinaError
from nexhina_nb.pricing.cost import usd
from nexhina_nb.widgets.markdown import render
from nexhina_nb.widgets.pace import Pacer
from nexhina_nb.widgets.turns import State, Turn

# A call that was stopped is in the gateway's log once the gateway has noticed that nobody listens.
BILL_WAITS = (0.2, 0.5, 1.0, 2.0)

BROKEN = NexhinaError("the answer broke off", hint="ask again")


class Call:
    """The way of one turn from question to end. ``ask`` opens the stream and says by which client;
    ``show`` is told what the front end must learn. The turn is changed only under ``lock``, which
    `show` is called under as well, so that what is shown comes in order.
    """

    def __init__(
        self,
        turn: Turn,
        ask: Callable[[], tuple[Client, ChatStream]],
        show: Callable[[dict[str, Any]], None],
        lock: threading.RLock,
    ) -> None:
        self.turn = turn
        self._ask, self._show, self._lock = ask, show, lock
        self._client: Client | None = None
        self._stream: ChatStream | None = None
        self._over = threading.Event()
        # The kernel tells from the context to which cell an output belongs.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(
            target=run, args=(self._run,), name="nexhina-chat", daemon=True
        )

    def start(self) -> None:
        """Send the question."""
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the turn has come to its end."""
        return self._over.is_set()

    def wait(self) -> None:
        """Wait for the end; an interrupt comes through."""
        while not self._over.wait(0.2):
            pass

    def stop(self) -> None:
        """End the turn with what has come, and break the connection: the gateway stops as well.

        A call without any answer yet cannot be broken; it is when the answer begins.
        """
        self._end("stopped")
        if self._stream is not None:
            self._stream.close()

    def _run(self) -> None:
        pacer = Pacer(self._draw, "nexhina-chat-display")
        try:
            self._read(pacer)
        except NexhinaError as error:
            self._end("failed", error)
        finally:
            pacer.stop()
            self._end("failed", BROKEN)
        if self.turn.state != "done":
            self._find_bill()

    def _read(self, pacer: Pacer[str]) -> None:
        self._client, self._stream = self._ask()
        with self._stream as stream:
            pieces = iter(stream)
            # Asked before the first piece as well: a model may think for long, and at a price.
            while not self.is_over and next(pieces, None) is not None:
                pacer.put(stream.text)
        pacer.stop()
        self._end("done")

    def _draw(self, text: str) -> None:
        html = render(text)
        with self._lock:
            if not self.is_over:
                self._show(self.turn.growing(html))

    def _end(self, state: State, error: NexhinaError | None = None) -> None:
        """The first end counts."""
        with self._lock:
            if self.is_over:
                return
            turn, stream = self.turn, self._stream
            turn.state, turn.error = state, error
            if stream is not None:
                turn.fill(
                    stream.reply
                    if state == "done"
                    else partial_reply(stream.text, turn.model, stream.request_id)
                )
            try:
                self._show(turn.view())
            finally:
                self._over.set()  # whoever waits must not wait for a display that fails

    def _find_bill(self) -> None:
        """Ask the gateway's log for what a call cost that did not live to hear it."""
        if self._stream is None or self._client is None:
            return
        cost, tokens = _billed(self._client, self._stream.request_id)
        with self._lock:
            self.turn.take_bill(cost, tokens)
            self._show(self.turn.view())


def _billed(client: Client, request_id: str | None) -> tuple[Cost, int | None]:
    for wait in BILL_WAITS if request_id else ():
        time.sleep(wait)
        try:
            rows = client.logs()
        except NexhinaError:
            break  # not every gateway tells
        for row in rows:
            if row.get("request_id") == request_id and isinstance(row.get("quota"), int):
                counts = row.get("prompt_tokens"), row.get("completion_tokens")
                tokens = sum(count for count in counts if isinstance(count, int))
                return Cost(row["quota"], usd(row["quota"]), "gateway"), tokens
    return Cost(), None
