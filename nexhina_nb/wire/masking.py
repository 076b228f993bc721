"""Secrets taken out of what goes wrong, before a caller or a log is told of it.

A server that fails quotes what it was sent: the key, the address, the prompt. Here that is found by
what it is (the secrets of a channel) and by its form (keys, tokens, private addresses). It works on
plain text and on the text of JSON alike, which stays valid.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

MASK = "***"

Match = re.Match[str]


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without ``secrets``, and without what looks like one; each becomes ``***``.

    Linear in the text, and doing it twice changes nothing more.
    """
    forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _written(secret)}
    if forms:
        longest_first = sorted(forms, key=len, reverse=True)
        text = re.sub("|".join(map(re.escape, longest_first)), MASK, text, flags=re.I)
    return _TOKEN.sub(_judged, text)


def _written(secret: str) -> tuple[str, ...]:
    """A secret as it stands in a text, and in JSON, where some writers escape slashes."""
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return secret, escaped, escaped.replace("/", "\\/")


def _judged(match: Match) -> str:
    whole = match[0]
    match match.lastgroup:
        case "scheme_value":
            value = match["scheme_value"]
            is_secret = len(value) >= 20 or any(sign.isdigit() for sign in value)
        case "named_value":
            if _is_key(match["name"]):
                return MASK
            value = match["named_value"]
            is_secret = "=" in match["sign"] or any(sign.isdigit() for sign in value)
        case "address":
            value, is_secret = whole, _is_private(whole)
        case "run":
            value, is_secret = whole, _is_key(whole)
        case _:
            return whole
    return whole.removesuffix(value) + MASK if is_secret else whole


def _is_private(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_global
    except ValueError:  # a time, a version
        return False


def _is_key(run: str) -> bool:
    """Whether letters, digits and a few signs in a row are a key, not a name or a path."""
    if _SK.search(run):
        return True
    if len(run) < _LONG or _NUMBER.fullmatch(run):
        return False
    return any(
        len(part) >= _LONG // 2 and _DIGIT.search(part) and _LETTER.search(part)
        for part in _PARTS.split(run)
    )


# Shorter ones are no secrets, and would be found in every word.
_SHORTEST = 4
_LONG = 32
_SK = re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{8}")
_NUMBER = re.compile(r"-?\d+(?:[eE][+-]?\d+)?")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[A-Za-z]")
_PARTS = re.compile(r"[-+/_=]+")
_VALUE = r"[A-Za-z0-9._~+/=-]{8,}"
# Every sign belongs to one token, so nothing is looked at twice. Escapes of JSON are tokens of
# their own; a name in quotes has a value in quotes, lest a number of JSON becomes a mask.
# The id of a request looks like a key, and is there to be told. An address before a mask was one
# before a key, and no address of its own: twice must be once.
_TOKEN = re.compile(
    rf"""
    \\(?:u[0-9a-fA-F]{{4}}|.)
    | request[ _-]?id["': =]{{1,5}}(?!sk-)[A-Za-z0-9_-]+
    | (?:bearer|basic)[ ]+(?P<scheme_value>{_VALUE})
    | (?P<name>[A-Za-z0-9_-]*?(?:api[_-]?key|access[_-]?token|secret|password))
      (?P<sign>\\?["'][ ]*[:=][ ]*\\?["']|[ ]*[:=][ ]*(?:\\?["'])?)(?P<named_value>{_VALUE})
    | (?P<address>
        \d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![0-9A-Za-z*]|\.[\d*])
        | [0-9A-Fa-f]{{0,4}}+(?::[0-9A-Fa-f]{{0,4}}+){{2,7}}+(?![0-9A-Za-z*])
      )
    | (?P<run>[A-Za-z0-9+/_-]+={{0,2}})
    """,
    re.X | re.I,
)
