"""Answers that come compressed although `identity` was asked for: opened, or refused clearly."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping

from nexhina_nb.errors import StreamBroken, Upstream
from nexhina_nb.gateway.upstreams.base import Answer

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
# The most that is unpacked at a time: a small body can unpack to a thousand times its size.
_PIECE = 65_536


class Inflated:
    """An answer whose body is unpacked as it comes; the headers no longer speak of the packing."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers: Mapping[str, str] = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("content-encoding", "content-length")
        }

    async def chunks(self) -> AsyncIterator[bytes]:
        """The unpacked body; raises StreamBroken also where the packing is damaged or cut."""
        engine, is_empty = zlib.decompressobj(_GZIP_OR_ZLIB), True
        async for data in self._answer.chunks():
            is_empty = False
            piece = _unpack(engine, data)
            while piece:
                yield piece
                piece = _unpack(engine, engine.unconsumed_tail)
        if not engine.eof and not is_empty:
            raise StreamBroken("the compressed body of the upstream ends too early")

    async def aclose(self) -> None:
        await self._answer.aclose()


async def opened(answer: Answer) -> Answer:
    """The answer with a body to be read as it is; raises Upstream for a coding not known here."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return answer
    if coding in ("gzip", "x-gzip", "deflate"):
        return Inflated(answer)
    await answer.aclose()
    raise Upstream(
        f"the upstream answered {answer.status} in the coding {coding!r}, which was not asked for",
        code="bad_response_body",
    )


def _unpack(engine: zlib._Decompress, data: bytes) -> bytes:
    try:
        return engine.decompress(data, _PIECE)
    except zlib.error as error:
        raise StreamBroken(f"the compressed body of the upstream is damaged: {error}") from None
