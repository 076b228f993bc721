"""One HTTP/1.1 answer read from bytes: no socket, no clock, no event loop.

The grammar is llhttp's strict one (httptools). What is added is what the bytes mean to us: interim
answers are skipped, heads are bounded, an early end is an error, and bytes after the answer make
its connection unfit for another one.
"""

from __future__ import annotations

import httptools

from nexhina_nb.errors import StreamBroken, Upstream
from nexhina_nb.gateway.upstreams.headers import drop_hops, joined

_PARSER_ERRORS = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class Reply:
    """The answer to one request, as far as it has come.

    Messages do not say where the upstream is: callers read them.
    """

    __slots__ = (
        "_dull", "_expected", "_fault", "_max_head", "_parser", "_raw", "_until_close",
        "complete", "head_done", "headers", "held", "is_reusable", "pieces", "received",
        "started", "status",
    )  # fmt: skip

    def __init__(self, max_head: int) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.held = 0
        self.received = 0
        self.started = self.head_done = self.complete = self.is_reusable = False
        self._max_head = max_head
        self._raw: list[tuple[bytes, bytes]] = []
        self._expected = ""
        self._until_close = False
        # bytes since the last of the body: heads, interim answers, chunk extensions, trailers
        self._dull = 0
        self._fault: Upstream | StreamBroken | None = None
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read what came; raises Upstream while the head is incomplete, StreamBroken after it."""
        before = self.received
        self.started = True
        self._dull += len(data)
        if self._parser is None:  # it is over, one way or the other
            self.is_reusable = False
            return
        try:
            self._parser.feed_data(data)
        except _PARSER_ERRORS as error:
            self._parser_failed(error)
        if self.received != before:
            self._dull = 0
        elif self._dull > self._max_head and not self.complete and self._fault is None:
            self._fault = self._too_long()
        if self.complete or self._fault is not None:
            self._parser = None  # it holds this object, too: cut the circle without the collector
        if self._fault is not None:
            raise self._fault

    def feed_eof(self) -> None:
        """The server sends no more: the end of a body without a length, a break of any other."""
        if self.head_done and self._until_close and self._fault is None:
            self.complete = True
            self._parser = None
        elif not self.complete:
            raise self.broken("closed the connection")

    def take(self) -> bytes:
        """The pieces of the body that have come since the last time, as one."""
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.held = 0
        return data

    def broken(self, what: str) -> Upstream | StreamBroken:
        """The error for an answer that ends here; ``what`` says what the server did."""
        self._parser = None
        if not self.head_done:
            return Upstream(
                f"the upstream {what} before it had answered", hint="see the log of that server"
            )
        of = f" of {self._expected}" if self._expected else ""
        return StreamBroken(
            f"the upstream {what} in the middle of its answer, after {self.received}{of} bytes",
            hint="ask again; what came so far is not complete",
        )

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.complete:  # bytes after the answer: the next one could not be told from them
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.head_done:  # later ones are trailers, which nobody here has asked for
            self._raw.append((name, value))

    def on_headers_complete(self) -> None:
        if self.complete or self._parser is None or self._fault is not None:
            return
        status = self._parser.get_status_code()
        if status == 101 or not 100 <= status <= 599:
            self._fault = self._junk(f"the status {status}")
        elif status >= 200:
            self._read_head(status, self._parser.should_keep_alive())
        else:
            self._raw.clear()

    def on_body(self, data: bytes) -> None:
        if self.head_done and not self.complete:
            self.pieces.append(data)
            self.held += len(data)
            self.received += len(data)

    def on_message_complete(self) -> None:
        self.complete = self.head_done

    def _read_head(self, status: int, keep_alive: bool) -> None:
        if self._dull > self._max_head < sum(len(name) + len(value) for name, value in self._raw):
            self._fault = self._too_long()
            return
        headers = joined(self._raw)
        coding = headers.get("transfer-encoding", "chunked").strip().lower()
        if coding != "chunked":
            self._fault = self._junk(f"the transfer coding {coding!r}")
            return
        self._expected = headers.get("content-length", "")
        self._until_close = not self._expected and "transfer-encoding" not in headers
        self.is_reusable = keep_alive
        drop_hops(headers)
        self.status, self.headers, self.head_done = status, headers, True

    def _parser_failed(self, error: Exception) -> None:
        self.is_reusable = False
        if not self.complete and self._fault is None:
            self._fault = self._junk(str(error) or "a switch of protocols")

    def _too_long(self) -> Upstream | StreamBroken:
        return self._junk(f"more than {self._max_head} bytes of headers")

    def _junk(self, detail: str) -> Upstream | StreamBroken:
        if self.head_done:
            return self.broken(f"sent what is not HTTP ({detail})")
        return Upstream(
            f"the upstream sent what is not a usable HTTP answer ({detail})",
            code="bad_response_body",
            hint="check the base URL of the channel: scheme, port and path",
        )
