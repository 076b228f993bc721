"""Which headers travel, in both directions, and what a request may not contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nexhina_nb.errors import BadRequest

# They speak about one connection, not about the message (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
     "te", "trailer", "transfer-encoding", "upgrade"}  # codespell:ignore te
)  # fmt: skip

# What a caller may not say for us: who we are, where it goes, and how the body is written.
NOT_FORWARDED = HOP_BY_HOP | {
    "authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie", "host", "expect",
    "content-encoding", "content-length",
}  # fmt: skip

# What a caller says about the call itself, beside the body.
_ASKED = frozenset({"openai-beta", "anthropic-beta", "anthropic-version", "idempotency-key"})

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers that go upstream: lower-case, no credentials, no cookies, no framing."""
    kept = {name.lower(): value for name, value in headers.items()}
    for name in kept:
        if not TOKEN.fullmatch(name):
            raise BadRequest(f"{name!r} is not a header name")
    return {name: value for name, value in kept.items() if name not in NOT_FORWARDED}


def asked_of_upstream(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers that belong to a call: versions and features, never who is calling."""
    return {name: headers[name] for name in _ASKED if name in headers}


def refuse_breaks(path: str, headers: Mapping[str, str]) -> None:
    """Raise BadRequest for what could end a line of the request early or cannot be in one."""
    text = "".join((path, *headers, *headers.values()))
    if "\r" in text or "\n" in text or "\0" in text or " " in path:
        raise BadRequest(
            "a header or the path has a line break, a NUL or a blank where none may be"
        )
    if not text.isascii():
        try:
            text.encode("latin-1")
        except UnicodeEncodeError:
            raise BadRequest("a header has characters beyond Latin-1") from None


def joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of an answer by lower-case name, repeated ones joined by commas.

    Cookies are left out: they are between the upstream and this gateway, and joining breaks them.
    """
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.lower().decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    headers.pop("set-cookie", None)
    return headers


def drop_hops(headers: dict[str, str]) -> None:
    """Take out, in place, what was meant for this connection only."""
    for name in headers.get("connection", "").split(","):
        headers.pop(name.strip().lower(), None)
    for name in HOP_BY_HOP & headers.keys():
        del headers[name]
