"""An answer that passes as it comes from an upstream to a caller, and how it ends.

The end (a marker, a last event, the last bytes of a sound) comes when the bill is on disk. A stream
that the upstream breaks ends in an error frame, never as if it were complete; what came of it is
paid for. A caller who leaves ends the call upstream, and pays for what had come.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

from nexhina_nb.errors import APIError, InternalError, NexhinaError, Upstream
from nexhina_nb.gateway import answers
from nexhina_nb.gateway.kinds import Reply
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.taps.base import Tap
from nexhina_nb.gateway.taps.chat import as_stream
from nexhina_nb.gateway.upstreams.base import Answer, Whole, read
from nexhina_nb.wire.extensions import LOW_BALANCE_COMMENT, QUOTA_COMMENT
from nexhina_nb.wire.sse import comment

# What may follow the end marker, so that the connection can be used again: little, and soon.
_DRAIN_SECONDS = 1.0
_DRAIN_BYTES = 65_536
# Bytes of a sound that are copied for its length, which the bill wants; on disk from here on.
_COPY_IN_MEMORY = 1 << 20
_MOST_COPIED = 128 << 20


@dataclass(slots=True)
class _Ending:
    """How a stream ended (reasons of contract 4); until more is known, nobody waited for it."""

    reason: str = "client_gone"
    error: NexhinaError | None = None


async def relay(exchange: Exchange, answer: Answer) -> AsyncGenerator[bytes]:
    """The frames for the caller. Closing this early counts as the caller having left."""
    tap = exchange.kind.tap(exchange.model, exchange.body)
    tap.mask = exchange.masked
    ending, size = _Ending(), 0
    exchange.accounted = True
    try:
        async with aclosing(_passed_on(exchange, answer, tap, ending)) as frames:
            async for frame in frames:
                size += len(frame)
                yield frame
    finally:
        reply = Reply(answer.headers, payload={"usage": tap.usage}, size=size)
        is_broken = ending.error is not None
        exchange.settle(reply, ending.reason, text=tap.text(), broken=is_broken)
    yield await _last(exchange, tap, ending)


async def pour(exchange: Exchange, answer: Answer) -> AsyncGenerator[bytes]:
    """The bytes of a raw answer for the caller as they come; the very last waits for the bill.

    Raises what the upstream breaks with: half a sound must not pass for a whole one.
    """
    ending, held, size = _Ending(), b"", 0
    copy: BinaryIO = SpooledTemporaryFile(_COPY_IN_MEMORY)  # type: ignore[assignment] # noqa: SIM115 - closed where it is measured
    exchange.accounted = True
    try:
        async for chunk in answer.chunks():
            size += len(chunk)
            if size <= _MOST_COPIED:
                copy.write(chunk)
            else:
                copy.close()
            held += chunk
            yield held[:-1]
            held = held[-1:]
        ending.reason = "done"
    except NexhinaError:
        ending.reason = "handler_stop"
        raise
    finally:
        reply = Reply(answer.headers, size=size, sound=copy if size <= _MOST_COPIED else None)
        exchange.settle(reply, ending.reason, broken=ending.reason == "handler_stop")
        await answer.aclose()
    await exchange.bill()
    yield held


async def _passed_on(
    exchange: Exchange, answer: Answer, tap: Tap, ending: _Ending
) -> AsyncGenerator[bytes]:
    chunks = aiter(answer.chunks())
    try:
        async for chunk in chunks:
            for frame in tap.feed(chunk):
                yield frame
            if tap.done:
                break
        for frame in tap.finish():
            yield frame
        ending.reason = "done" if tap.done else "eof"
        if not tap.complete:
            ending.error = Upstream("the upstream ended the stream before its end")
    except NexhinaError as error:
        ending.reason, ending.error = "handler_stop", error
    finally:
        if tap.done:
            exchange.gateway.spawn(_drain(answer, chunks))
        else:
            await answer.aclose()


async def streamed(answer: Answer) -> Answer:
    """The stream that a whole reply of chat amounts to. Raises Upstream if it is no reply."""
    try:
        payload = answers.parsed(await read(answer))
    finally:
        await answer.aclose()
    return Whole(answer.status, answer.headers, as_stream(payload))


async def _drain(answer: Answer, chunks: AsyncIterator[bytes]) -> None:
    size = 0
    try:
        with suppress(TimeoutError, NexhinaError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for chunk in chunks:
                    size += len(chunk)
                    if size > _DRAIN_BYTES:
                        break
    finally:
        await answer.aclose()


async def _last(exchange: Exchange, tap: Tap, ending: _Ending) -> bytes:
    error = ending.error
    try:
        bill = await exchange.bill()
        if tap.reply is not None:
            await exchange.kept(tap.reply)
    except NexhinaError as unsettled:
        error = InternalError(f"the answer could not be recorded: {unsettled.message}")
    if error is not None:
        return b"" if tap.failed else tap.fault(_as_api_error(error, exchange.request_id))
    told, marker = tap.closing(bill.used)
    if not marker:
        return told
    told += comment(f"{QUOTA_COMMENT} {bill.taken}")
    if bill.low is not None:
        told += comment(f"{LOW_BALANCE_COMMENT} {bill.low:f}")
    return told + marker


def _as_api_error(error: NexhinaError, request_id: str) -> APIError:
    api = error if isinstance(error, APIError) else Upstream(error.message, code="stream_broken")
    api.request_id = request_id
    return api
