"""The hint for a name that is not known: the nearest ones that are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_LISTED = 8


def nearest(word: str, known: Iterable[str], what: str = "known") -> str:
    """``did you mean chat?``, or the known names if none is near (at most `MOST_LISTED`)."""
    by_case = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_case, 3, 0.6)
    if close:
        return f"did you mean {' or '.join(by_case[name] for name in close)}?"
    listed = list(by_case.values())
    more = ", …" if len(listed) > MOST_LISTED else ""
    return f"{what}: {', '.join(listed[:MOST_LISTED]) or 'none'}{more}"
