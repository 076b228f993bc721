"""Model names: which one was meant, and under which other names a price may be filed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

_NOT_ALNUM = re.compile(r"[^a-z0-9]")
_LEAST_START = 3  # letters of a beginning such as "llama"
_THINKING = re.compile(r"(gemini-2\.5-.*?)-thinking-\d+")


def suggest(name: str, names: Iterable[str], n: int = 3) -> list[str]:
    """The ``n`` names that ``name`` was most likely meant to be, best first; empty if none is near.

    Names that differ only in case, punctuation or a provider's prefix come before spelling.
    """
    known = sorted(set(names))
    keys = {candidate: _key(candidate) for candidate in known}
    wanted = _key(name)
    found = [c for c in known if keys[c] == wanted]
    found += [c for c in known if _key(_bare(c)) == _key(_bare(name))]
    for key in difflib.get_close_matches(wanted, set(keys.values()), n=n):
        found += [c for c in known if keys[c] == key]
    if len(wanted) >= _LEAST_START:
        begun = (
            c for c in known if keys[c].startswith(wanted) or _key(_bare(c)).startswith(wanted)
        )
        found += sorted(begun, key=len)
    return [c for c in dict.fromkeys(found) if c != name][:n]


def lookup_names(model: str) -> Iterator[str]:
    """The name itself, then the wildcards that gateways file prices under (contract 5.1)."""
    yield model
    for prefix in ("gpt-4o-gizmo", "gpt-4-gizmo"):
        if model.startswith(prefix):
            yield f"{prefix}-*"
    if thinking := _THINKING.fullmatch(model):
        yield f"{thinking.group(1)}-thinking-*"
    if model.endswith("-openai-compact"):
        yield "*-openai-compact"


def _key(name: str) -> str:
    return _NOT_ALNUM.sub("", name.lower())


def _bare(name: str) -> str:
    return name.rpartition("/")[2]
